# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What has been moved so far, counted by many threads and read by one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Bytes received, bytes of the commit that are here, and the last trouble that was overcome."""

    total: int = 0
    kept: int = 0
    reason: str = ""
    by_thread: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, count: int) -> None:
        """Count bytes that this thread received."""
        me = threading.get_ident()
        self.by_thread[me] = self.by_thread.get(me, 0) + count

    @property
    def received(self) -> int:
        """Return all bytes received."""
        return sum(tuple(self.by_thread.values()))

    @property
    def here(self) -> int:
        """Return the bytes of the commit that are on the volume."""
        return max(0, min(self.total, self.kept + self.received))

    def keep(self, count: int) -> None:
        """Count bytes that need not be received, or, negative, must be received once more."""
        with self.lock:
            self.kept += count
