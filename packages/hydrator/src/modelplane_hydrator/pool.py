# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The memory for ranges: a fixed number of buffers, taken back from ranges that only wait for their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelplane_hydrator import errors
from modelplane_hydrator.staged import Buffer, Staged

if TYPE_CHECKING:
    import threading


class Pool:
    """Buffers for every thread; ranges that wait to be hashed are on the volume too and can be read back."""

    def __init__(self, count: int, size: int, lock: threading.Condition, stop: threading.Event) -> None:
        self.size = size
        self.unmade = count
        self.free: list[Buffer] = []
        self.lock = lock
        self.stop = stop
        self.parked: list[tuple[Staged, int]] = []
        self.hashing = 0

    def take(self) -> Buffer:
        """Return a buffer, waiting for one that is being hashed rather than taking one that is to be."""
        with self.lock:
            while not self.free:
                if self.unmade:
                    self.unmade -= 1
                    return Buffer(self.size)
                if self.parked and not self.hashing:
                    staged, index = self.parked.pop()
                    buffer = staged.arrived[index]
                    staged.arrived[index] = None
                    if buffer is not None:
                        return buffer
                    continue
                if self.stop.is_set():
                    raise errors.InterruptedRunError("cannot go on: the fetch was stopped")
                self.lock.wait()
            return self.free.pop()

    def give(self, buffer: Buffer, *, hashed: bool = False) -> None:
        """Take a buffer back; `hashed` where `unpark` had returned it."""
        with self.lock:
            self.free.append(buffer)
            self.hashing -= hashed
            self.lock.notify_all()

    def park(self, staged: Staged, index: int, buffer: Buffer) -> None:
        """Keep a range that is on the volume until its turn to be hashed; the lock is held."""
        staged.arrived[index] = buffer
        self.parked.append((staged, index))
        self.lock.notify_all()

    def unpark(self, staged: Staged, index: int) -> Buffer | None:
        """Return a range whose turn it is, nothing where it must be read back; the lock is held."""
        if (staged, index) in self.parked:
            self.parked.remove((staged, index))
        buffer = staged.arrived.pop(index)
        self.hashing += buffer is not None
        return buffer
