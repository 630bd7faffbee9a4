# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Play seeded fault schedules: PYTHONPATH=tests python -m hydrator.schedules --count 1000 --seed 1."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hydrator.schedules import peer, run
from hydrator.schedules.bench import bench, library


def parser() -> argparse.ArgumentParser:
    """Return the command's flags."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--count", type=int, default=1000, help="how many schedules")
    made.add_argument("--first", type=int, default=0, help="the number of the first one")
    made.add_argument("--seed", default="1", help="what they are drawn from")
    made.add_argument("--where", type=Path, help="folder to work in (default: a temporary one)")
    made.add_argument("--peer", action="store_true", help="play them on hf download with a marker after exit 0")
    return made


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a command


def main() -> int:
    """Play the schedules and print what happened; exit 1 where something did that must not."""
    given = parser().parse_args()
    if "faultvol" not in os.environ.get("LD_PRELOAD", ""):
        return again()
    seeds = [f"{given.seed}-{number}" for number in range(given.first, given.first + given.count)]
    with tempfile.TemporaryDirectory(prefix="schedules-", dir=given.where) as folder:
        made = bench(Path(folder))
        play = peer.many if given.peer else run.many
        try:
            tally = play(made, Path(folder), seeds, tell)
        finally:
            made.close()
    for name in ("lies", "stuck", "leaks", "bugs"):
        found = getattr(tally, name)
        tell("\n  ".join([f"{name}: {len(found)}", *found[:20]]))
    shapes, endings = dict(tally.shapes), dict(sorted(tally.endings.items()))
    tell(f"{tally.runs} schedules of seed {given.seed}: {shapes}, ended {endings}")
    return 0 if tally.clean else 1


def again() -> int:
    """Run this command once more with the library that plays the volume."""
    with tempfile.TemporaryDirectory(prefix="faultvol-") as folder:
        env = {**os.environ, "LD_PRELOAD": str(library(Path(folder)))}
        command = [sys.executable, "-m", "hydrator.schedules", *sys.argv[1:]]
        return subprocess.run(command, env=env, check=False).returncode  # noqa: S603 - itself


if __name__ == "__main__":
    sys.exit(main())
