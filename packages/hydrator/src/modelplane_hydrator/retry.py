# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How often and how long to try again: bounded, backing off, doing what the source asks."""

from __future__ import annotations

import email.utils
import random
import time
from typing import TYPE_CHECKING

from modelplane_hydrator import errors

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from modelplane_hydrator.timing import Timing


class Attempts:
    """The failures in a row at one piece of work; progress forgives them."""

    def __init__(self, timing: Timing, stop: threading.Event) -> None:
        self.timing = timing
        self.stop = stop
        self.failed = 0
        self.waited = 0.0

    def progress(self) -> None:
        """Forget the failures: bytes arrived since."""
        self.failed, self.waited = 0, 0.0

    def wait(self, err: errors.TransientError, *, asked: float | None = None) -> None:
        """Wait before the next attempt, or raise the error where there is none."""
        self.failed += 1
        delay = asked if asked is not None else self._delay()
        self.waited += delay
        if self.failed >= self.timing.attempts or self.waited > self.timing.patience:
            raise err
        self.stop.wait(delay)
        if self.stop.is_set():
            raise err

    def _delay(self) -> float:
        """Return twice the last delay, with some chance so that workers spread."""
        grown = min(self.timing.backoff_most, self.timing.backoff * 2 ** (self.failed - 1))
        return grown * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret


def asked(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds a Retry-After header asks for, whatever this machine's clock says."""
    value = headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        since = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    if (until.tzinfo is None) != (since.tzinfo is None):
        return None
    return max(0.0, (until - since).total_seconds())


class Crawl:
    """The watch over a whole run: next to no bytes for long enough is Stalled."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.since = time.monotonic()
        self.mark = -1

    def check(self, received: int) -> None:
        """Raise Stalled where too few bytes came in since the last mark."""
        now = time.monotonic()
        if self.mark < 0 or received - self.mark >= self.timing.crawl_bytes:
            self.mark, self.since = received, now
        if now - self.since > self.timing.crawl:
            rate = f"{received - self.mark} bytes in {self.timing.crawl:.0f} s"
            raise errors.StalledError(f"cannot go on: {rate}; check the network, then run again")
