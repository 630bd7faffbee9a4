# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Children of the rig: started into the background, found again by later commands, stopped by id."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.rig import places
from e2e.rig.errors import RigError

STARTTIME = 19  # of the fields after the command's name in /proc/<pid>/stat
TAIL = 5
FIRST, EARLY, SOON = -12, -7, -4
"""How nice a program is that all others wait for, one that the longest cases wait for, and one before all the rest."""


@dataclass(frozen=True)
class Process:
    """A started program: its id with its start time, since ids are used again."""

    name: str
    pid: int
    started: str
    log: Path

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started

    def tail(self, lines: int = TAIL) -> str:
        """Return the end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.alive:
            os.kill(self.pid, number)


@dataclass(frozen=True)
class Processes:
    """The programs of one rig, recorded in its folder."""

    folder: Path

    def start(self, name: str, argv: list[str], *, env: Mapping[str, str] | None = None, nice: int = 0) -> Process:
        """Start a program in a session of its own, or return the one that already runs under this name."""
        running = self.find(name)
        if running and running.alive:
            return running
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 - an argument vector, never a shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        process = Process(name, child.pid, _started(child.pid) or "", log)
        record = {"pid": process.pid, "started": process.started}
        places.write(self._record(name), json.dumps(record).encode())
        if nice:
            prefer(process.pid, nice)
        return process

    def log(self, name: str) -> Path:
        """Return where a program's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def find(self, name: str) -> Process | None:
        """Return a recorded program, running or not."""
        try:
            found = json.loads(self._record(name).read_text())
        except FileNotFoundError:
            return None
        return Process(name, found["pid"], found["started"], self.log(name))

    def all(self) -> list[Process]:
        """Return every recorded program, oldest first."""
        found = [
            process for record in (self.folder / "processes").glob("*.json") if (process := self.find(record.stem))
        ]
        return sorted(found, key=lambda process: int(process.started or 0))

    def stop(self, name: str, *, seconds: float = 20, kill: bool = False) -> None:
        """Stop a program and forget it."""
        process = self.find(name)
        if process is None:
            return
        process.signal(signal.SIGKILL if kill else signal.SIGTERM)
        if not until(lambda: not process.alive, seconds=seconds):
            process.signal(signal.SIGKILL)
            until(lambda: not process.alive, seconds=seconds)
        self._record(name).unlink(missing_ok=True)

    def wait(self, process: Process, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until a program is ready, or say how its log ends."""
        until(lambda: not process.alive or ready(), seconds=seconds)
        if not process.alive:
            raise RigError(f"cannot start {process.name}: it ended at once: {process.tail(1)}; see {process.log}")
        if not ready():
            raise RigError(f"cannot start {process.name}: not ready after {seconds:.0f} s; see {process.log}")

    def _record(self, name: str) -> Path:
        return self.folder / "processes" / f"{name}.json"


def prefer(leader: int, nice: int) -> None:
    """Give a session more of the processors than others, or less: from -20 to 19, as for a process.

    Where the kernel shares them out by session, what its processes are given counts only among themselves (sched(7),
    the autogroup feature). Without CAP_SYS_NICE all sessions stay equal; without CAP_SYS_ADMIN the kernel takes one
    change in a tenth of a second, and the others stay equal.
    """
    with contextlib.suppress(PermissionError, BlockingIOError):
        os.setpriority(os.PRIO_PGRP, leader, nice)
        if (group := Path(f"/proc/{leader}/autogroup")).exists():
            group.write_text(str(nice))


def until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.1) -> bool:
    """Return whether a condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _started(pid: int) -> str | None:
    """Return a process's start time in clock ticks; none for one that ended or waits to be reaped."""
    _reap(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[STARTTIME]


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
