# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Play seeded fault schedules: PYTHONPATH=tests python -m hydrator.schedules --count 1000 --seed 1."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
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
    made.add_argument("--workers", type=int, default=4, help="how many are played at once (default: 4)")
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
    parts = [seeds[number :: given.workers] for number in range(given.workers)]
    with ProcessPoolExecutor(given.workers) as pool:
        tally = sum(pool.map(part, parts, repeat(given.where), repeat(given.peer)), run.Tally())
    for name in ("lies", "stuck", "leaks", "bugs"):
        found = getattr(tally, name)
        tell("\n  ".join([f"{name}: {len(found)}", *found[:20]]))
    shapes, endings = dict(sorted(tally.shapes.items())), dict(sorted(tally.endings.items()))
    tell(f"{tally.runs} schedules of seed {given.seed}: {shapes}, ended {endings}")
    return 0 if tally.clean else 1


def part(seeds: list[str], where: Path | None, peer_too: bool) -> run.Tally:  # noqa: FBT001 - called by map
    """Play some schedules on a Hub and a volume of their own."""
    with tempfile.TemporaryDirectory(prefix="schedules-", dir=where) as folder:
        made = bench(Path(folder))
        try:
            return (peer.many if peer_too else run.many)(made, Path(folder), seeds, tell)
        finally:
            made.close()


def again() -> int:
    """Run this command once more with the library that plays the volume."""
    with tempfile.TemporaryDirectory(prefix="faultvol-") as folder:
        env = {**os.environ, "LD_PRELOAD": str(library(Path(folder)))}
        command = [sys.executable, "-m", "hydrator.schedules", *sys.argv[1:]]
        return subprocess.run(command, env=env, check=False).returncode  # noqa: S603 - itself


if __name__ == "__main__":
    sys.exit(main())
