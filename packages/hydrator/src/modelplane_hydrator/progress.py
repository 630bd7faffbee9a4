# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Tell how far a run is: a line on a log, a bar on a terminal, the Job's annotation in a cluster."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from modelplane_hydrator import errors
from modelplane_hydrator.counters import Counters

if TYPE_CHECKING:
    from modelplane_hydrator.cluster import Job
    from modelplane_hydrator.timing import Timing

WINDOW = 30.0
WIDTH = 30
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
STEP = 1024


class Progress:
    """What a run shows of itself until it ends."""

    def __init__(self, timing: Timing, job: Job | None, out: TextIO | None = None) -> None:
        self.timing = timing
        self.job = job
        self.out = out or sys.stderr
        self.terminal = self.out.isatty()
        self.counters = Counters()
        self.commit = ""
        self.tree = ""
        self.action = "fetching"
        self.samples: deque[tuple[float, int]] = deque()
        self.told = (0.0, -1)
        self.accepted = job is None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._tell, name="progress", daemon=True)

    def say(self, line: str) -> None:
        """Print one line."""
        clear = "\r\x1b[K" if self.terminal else ""
        self.out.write(f"{clear}{line}\n")
        self.out.flush()

    def begin(self, commit: str, tree: str, total: int) -> None:
        """Report the commit, and begin to tell."""
        self.commit, self.tree, self.counters.total = commit, tree, total
        self._report()
        if self.thread.ident is None:
            self.thread.start()

    def now(self) -> dict[str, object]:
        """Return the progress as the annotation has it."""
        here, total = self.counters.here, self.counters.total
        rate = self.rate()
        return {
            "percent": percent(here, total),
            "bytes": here,
            "total": total,
            "rate": rate,
            "eta": (total - here) // rate if rate else -1,
            "commit": self.commit,
            "tree": self.tree,
            "reason": self.counters.reason,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }

    def rate(self) -> int:
        """Return the bytes a second over the last half minute."""
        now = time.monotonic()
        self.samples.append((now, self.counters.received))
        while len(self.samples) > 1 and now - self.samples[0][0] > WINDOW:
            self.samples.popleft()
        (since, before), (until, after) = self.samples[0], self.samples[-1]
        return int((after - before) / (until - since)) if until > since else 0

    def end(self, err: errors.HydrateError | None) -> None:
        """Stop telling and report once more; without an error the report must be accepted."""
        self.stopped.set()
        if self.thread.ident is not None:
            self.thread.join()
        if self.job is None:
            return
        if err is not None:
            self.counters.reason = err.reason
            self.job.report(self.now())
            return
        self.counters.reason = ""
        self.counters.kept = self.counters.total
        self._insist(self.job)

    def _insist(self, job: Job) -> None:
        """Report until it is accepted, for a while."""
        until = time.monotonic() + self.timing.report_final
        while refused := job.report(self.now()):
            if time.monotonic() > until:
                raise errors.ReportRejectedError(
                    f"cannot report to the Job: {refused}; the tree is there, let this ServiceAccount patch its Job"
                )
            time.sleep(self.timing.poll)

    def _tell(self) -> None:
        """Print and report every few seconds until stopped."""
        while not self.stopped.wait(self.timing.bar if self.terminal else self.timing.line):
            shown = line(self.now(), self.action)
            self.out.write(f"\r\x1b[K{bar(self.counters)} {shown}" if self.terminal else f"{shown}\n")
            self.out.flush()
            self._report()
        if self.terminal:
            self.out.write("\r\x1b[K")

    def _report(self) -> None:
        """Patch the Job's annotation where there is news and the last report is old enough."""
        when, shown = self.told
        here = percent(self.counters.here, self.counters.total)
        due = shown < 0 or (time.monotonic() - when >= self.timing.report and here != shown)
        if self.job is None or not due:
            return
        if not self.job.report(self.now()):
            self.told = (time.monotonic(), here)


def percent(here: int, total: int) -> int:
    """Return whole percents, 100 only for everything."""
    return 100 if here >= total else here * 100 // total


def line(now: dict[str, object], action: str) -> str:
    """Return one line of progress."""
    here, total, rate, eta = (int(str(now[name])) for name in ("bytes", "total", "rate", "eta"))
    left = f"{eta // 3600}:{eta // 60 % 60:02}:{eta % 60:02}" if eta >= 0 else "unknown"
    trouble = f", last trouble {now['reason']}" if now["reason"] else ""
    return f"{action} {now['percent']}%, {size(here)} of {size(total)}, {size(rate)}/s, {left} left{trouble}"


def bar(counters: Counters) -> str:
    """Return a bar of the progress."""
    full = WIDTH * counters.here // counters.total if counters.total else WIDTH
    return f"[{'#' * full}{'.' * (WIDTH - full)}]"


def size(count: float) -> str:
    """Return bytes as people read them."""
    unit = 0
    while count >= STEP and unit < len(UNITS) - 1:
        count, unit = count / STEP, unit + 1
    return f"{count:.1f} {UNITS[unit]}" if unit else f"{count:.0f} B"
