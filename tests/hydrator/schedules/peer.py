# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The same schedules on the peer: hf download --local-dir, with a marker after exit 0.

The peer gets flock, which our runs do not: without it, it ends every time with an error and no file.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from hydrator.schedules import children, judge
from hydrator.schedules.bench import NAME, Bench
from hydrator.schedules.draw import Actor, draw
from hydrator.schedules.run import RETRIES, Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def download(bench: Bench, root: Path, actor: Actor) -> int:
    """Start one run of hf download."""
    env = {**actor.env, "FV_ROOT": str(root), "FV_NOLOCK": "0"}

    def work() -> int:
        from huggingface_hub import constants, snapshot_download  # noqa: PLC0415 - imported before the fork

        constants.HF_HUB_DISABLE_XET = True
        constants.HF_HUB_DOWNLOAD_TIMEOUT = constants.HF_HUB_ETAG_TIMEOUT = 1
        snapshot_download(NAME, local_dir=root / "model", endpoint=bench.url, token=False, etag_timeout=1)
        return 0

    return children.fork(work, env, root.with_suffix(".log"))


def play(bench: Bench, root: Path, seed: str, tally: Tally) -> None:
    """Play one schedule and judge it by the same rules."""
    schedule = draw(seed, commits=bench.commits)
    shutil.rmtree(root, ignore_errors=True)
    root.with_suffix(".log").unlink(missing_ok=True)
    root.mkdir(parents=True)
    bench.reset(list(schedule.hub))
    tally.runs += 1
    tally.shapes[schedule.shape] += 1
    ended = children.play(schedule.actors, lambda one: download(bench, root, one))
    tally.endings.update(ended)
    lies = [] if 0 not in ended or right(bench, root) else ["exit 0 on files of no commit"]
    bench.post("faults", [])
    clean = Actor(schedule.retry_job, opaque=False, start=0, env={"FV_NOLOCK": "1"})
    for _ in range(RETRIES):
        if children.play([clean], lambda one: download(bench, root, one)) == [0]:
            break
    else:
        tally.stuck.append(seed)
        return
    lies += [] if right(bench, root) else ["a clean exit 0 on files of no commit"]
    if lies:
        tally.lies.append(f"{seed}: {lies}")
    if any(path.suffix == ".incomplete" for path in root.rglob("*")):
        tally.leaks.append(seed)


def right(bench: Bench, root: Path) -> bool:
    """Whether the files are those of one commit, either one."""
    return any(not judge.differences(root / "model", files) for files in bench.files.values())


def many(bench: Bench, where: Path, seeds: list[str], tell: Callable[[str], None]) -> Tally:
    """Play schedules on the peer and return what happened."""
    import huggingface_hub.file_download  # noqa: F401, PLC0415 - before the first fork

    tally, began = Tally(), time.monotonic()
    for count, seed in enumerate(seeds, 1):
        play(bench, where / "volume", seed, tally)
        if count % 50 == 0:
            tell(
                f"{count} schedules, {time.monotonic() - began:.0f} s: {len(tally.lies)} lies, {len(tally.stuck)} stuck"
            )
    return tally
