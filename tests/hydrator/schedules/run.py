# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Run schedules one after the other and count what must never happen."""

from __future__ import annotations

import importlib
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hydrator.schedules import children, judge
from hydrator.schedules.bench import NAME, Bench
from hydrator.schedules.draw import Actor, Schedule, draw
from modelplane_hydrator import errors, holder
from modelplane_hydrator.command import command
from modelplane_hydrator.timing import Sizes, Timing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RETRIES = 4
RANGE = 65536
TIMING = Timing(
    beat=0.05,
    stale=0.5,
    busy=8,
    poll=0.02,
    connect=2,
    stall=0.3,
    crawl=5,
    crawl_bytes=1000,
    backoff=0.01,
    backoff_most=0.05,
    attempts=5,
    patience=1,
    line=0.2,
    report_final=1,
)


@dataclass
class Tally:
    """What happened over all schedules."""

    runs: int = 0
    lies: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    endings: Counter[int] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.runs + other.runs,
            self.lies + other.lies,
            self.stuck + other.stuck,
            self.leaks + other.leaks,
            self.bugs + other.bugs,
            self.endings + other.endings,
            self.shapes + other.shapes,
        )

    @property
    def clean(self) -> bool:
        """Whether nothing happened that must not."""
        return not (self.lies or self.stuck or self.leaks or self.bugs)


def hydrate(bench: Bench, root: Path, schedule: Schedule, actor: Actor) -> int:
    """Start one run of the hydrator."""
    where = ["--dest", str(root / "model")] if schedule.dest else ["--volume", str(root), "--tree", "base"]
    argv = ["--repo", NAME, "--endpoint", bench.url, "--termination-log", "/nonexistent", *where]

    def work() -> int:
        me = holder.here(actor.job)
        if actor.opaque:
            me = holder.Holder(nonce=me.nonce, job=me.job)
        sizes = Sizes(range_bytes=RANGE, connections=4, spare_buffers=1, syncers=2)
        return command(argv, env={}, timing=TIMING, sizes=sizes, me=me)

    return children.fork(work, {**actor.env, "FV_ROOT": str(root)}, root.with_suffix(".log"))


def play(bench: Bench, root: Path, seed: str, tally: Tally) -> None:
    """Play one schedule and judge it."""
    schedule = draw(seed, commits=bench.commits)
    shutil.rmtree(root, ignore_errors=True)
    root.with_suffix(".log").unlink(missing_ok=True)
    root.mkdir(parents=True)
    bench.reset(list(schedule.hub))
    tally.runs += 1
    tally.shapes[schedule.shape] += 1
    ended = children.play(schedule.actors, lambda one: hydrate(bench, root, schedule, one))
    tally.endings.update(ended)
    if errors.InternalError.exit_code in ended:
        tally.bugs.append(f"{seed}: {root.with_suffix('.log').read_text(encoding='utf-8')[-400:]}")
    lies = judge.lies(root, bench.files)
    bench.post("faults", [])
    lies += retry(bench, root, schedule, tally)
    if lies:
        tally.lies.append(f"{seed}: {lies}")


def retry(bench: Bench, root: Path, schedule: Schedule, tally: Tally) -> list[str]:
    """Run cleanly until that succeeds, and judge the end."""
    clean = Actor(schedule.retry_job, opaque=schedule.retry_opaque, start=0, env={"FV_NOLOCK": "1"})
    lies: list[str] = []
    for _ in range(RETRIES):
        ended = children.play([clean], lambda one: hydrate(bench, root, schedule, one))
        lies += judge.lies(root, bench.files)
        if ended == [0]:
            break
    else:
        tally.stuck.append(schedule.seed)
        return lies
    if not judge.marked(root):
        lies.append("success without a marker")
    left = judge.leaks(root, expected={"model"} if schedule.dest else {"trees"})
    if left:
        tally.leaks.append(f"{schedule.seed}: {left}")
    return lies


def many(bench: Bench, where: Path, seeds: list[str], tell: Callable[[str], None]) -> Tally:
    """Play schedules and return what happened."""
    import_once()
    tally, began = Tally(), time.monotonic()
    for count, seed in enumerate(seeds, 1):
        play(bench, where / "volume", seed, tally)
        if count % 50 == 0:
            tell(
                f"{count} schedules, {time.monotonic() - began:.0f} s:"
                f" {len(tally.lies)} lies, {len(tally.stuck)} stuck, {len(tally.leaks)} leaks"
            )
    return tally


def import_once() -> None:
    """Import what a run imports late, so that forked processes need not."""
    for name in ("huggingface_hub.hf_api", "modelplane_hydrator.transport"):
        importlib.import_module(name)
