# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The end-to-end cases, run by pytest in processes of its own, and the one table of what came of them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from e2e.rig import places, processes

UNUSED = [f"-pno:{plugin}" for plugin in ("cacheprovider", "hypothesispytest", "anyio", "typeguard")]
"""Plugins that the cases do without; each costs every process of a lane the time to import it."""
NO_CASES = 5  # pytest's exit code where nothing was selected
RESULTS = "MODELPLANE_RIG_RESULTS"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Case:
    """What came of one case, and what it measured."""

    name: str
    result: str
    seconds: float
    figures: str = ""


@dataclass(frozen=True)
class Lane:
    """Cases that one pytest runs, beside other lanes and after some; those without a mark have a lane too.

    `nice` is what the lane's session is run with: below 0 where everything waits for the lane in the end.
    """

    name: str
    reason: str
    mark: str = ""
    options: tuple[str, ...] = ("-n0",)
    nice: int = 0
    after: tuple[str, ...] = ()


LANES = (
    Lane(
        "together",
        "shares the fleet; what it takes away comes back",
        options=("-n12", "--dist=load", "--maxschedchunk=1"),
    ),
    Lane(
        "second",
        "has a control plane and clusters of its own",
        mark="second",
        options=("-n4", "--dist=loadfile", "--no-loadscope-reorder"),
        nice=processes.EARLY,
    ),
    Lane(
        "packages",
        "installs packages on the cluster with the node, one case after the other",
        "packages",
        nice=processes.SOON,
    ),
    Lane("last", "measures time, or removes what others need", "last", after=("together", "second", "packages")),
)
"""Most of the time is spent waiting, so that several lanes share two processors well."""


@dataclass
class Run:
    """A run of the lanes: their exit codes, each known once its lane is done."""

    only: str
    results: Path
    say: Say
    codes: dict[str, int] = field(default_factory=dict)
    done: dict[str, threading.Event] = field(default_factory=lambda: {lane.name: threading.Event() for lane in LANES})
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    aborted: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while a lane begins, so that none does that nobody would end."""

    def lane(self, lane: Lane) -> None:
        """Run a lane once those before it are done."""
        try:
            for name in lane.after:
                self.done[name].wait()
            self.codes[lane.name] = self._pytest(lane)
        finally:
            self.done[lane.name].set()

    def abort(self) -> None:
        """End what runs, and let no lane begin any more."""
        with self.lock:
            self.aborted = True
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)  # its session: xdist's processes too, and what cases run

    def _pytest(self, lane: Lane) -> int:
        argv = [sys.executable, "-m", "pytest", "tests/e2e", "-q", "-s"]
        argv += ["-m", expression(lane), *UNUSED, *lane.options]
        argv += ["-k", self.only] if self.only else []
        environment = {**os.environ, "MODELPLANE_RIG": "1", RESULTS: str(self.results)}
        start = time.monotonic()
        with self.lock:
            if self.aborted:
                return 1
            process = subprocess.Popen(  # noqa: S603 - our own tests
                argv,
                cwd=places.REPOSITORY,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self.running[lane.name] = process
        with process:
            processes.prefer(process.pid, lane.nice)
            for line in process.stdout or ():
                self.say(f"{lane.name:9}| {line.rstrip()}")
        self.say(f"{lane.name:9}| ended with {process.returncode} after {time.monotonic() - start:.0f} s")
        return process.returncode


def expression(lane: Lane) -> str:
    """Return pytest's expression for the cases of a lane: the last mark of a case counts."""
    marks = [other.mark for other in LANES if other.mark]
    if not lane.mark:
        return " and ".join(f"not {mark}" for mark in marks)
    return " and ".join([lane.mark, *(f"not {mark}" for mark in marks[marks.index(lane.mark) + 1 :])])


def run(only: str, say: Say) -> int:
    """Run the cases lane by lane, print the table, return the first bad exit code."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        made = Run(only, Path(folder, "results"), say)
        threads = [threading.Thread(target=made.lane, args=(lane,)) for lane in LANES]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            made.abort()
            for thread in threads:
                thread.join()
            raise
        for line in table(read(made.results)):
            say(line)
    say(f"{time.monotonic() - start:.0f} seconds in all")
    codes = [made.codes.get(lane.name, 1) for lane in LANES]
    if set(codes) == {NO_CASES}:
        return NO_CASES
    fine = {0, NO_CASES} if only else {0}
    return next((code for code in codes if code not in fine), 0)


def write(found: Iterable[Case]) -> None:
    """Add results to the file that the command reads, where there is one."""
    if path := os.environ.get(RESULTS):
        with Path(path).open("a") as file:
            file.write("".join(json.dumps(vars(case)) + "\n" for case in found))


def read(path: Path) -> list[Case]:
    """Return the results that were written."""
    return [Case(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def table(found: list[Case]) -> list[str]:
    """Return a line for each test function: its result, the worst of its rows', and its seconds, all of its rows'."""
    rows: dict[str, list[Case]] = {}
    for case in found:
        rows.setdefault(case.name.partition("[")[0], []).append(case)
    lines = [f"{'case':90} {'result':8} {'seconds':>8}"]
    for name, cases in sorted(rows.items()):
        count = f" ({len(cases)})" if len(cases) > 1 else ""
        worst = next((case.result for case in cases if case.result != "passed"), "passed")
        lines.append(f"{name + count:90} {worst:8} {sum(case.seconds for case in cases):8.1f}")
        lines += [f"  {case.figures}" for case in cases if case.figures]
    return lines
