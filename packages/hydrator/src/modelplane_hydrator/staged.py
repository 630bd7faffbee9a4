# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One file on its way: ranges arrive in any order, are hashed in order, and end as the commit's bytes."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from modelplane_hydrator import direct, errors
from modelplane_hydrator.writeback import begin

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from modelplane_hydrator.journal import Prefixes
    from modelplane_hydrator.plan import Entry


class Buffer:
    """Memory for one range, and how much of it is filled."""

    def __init__(self, size: int) -> None:
        self.memory = direct.memory(size)
        self.filled = 0

    @property
    def view(self) -> memoryview:
        """Return what is filled."""
        return self.memory[: self.filled]


class Staged:
    """A file being staged; its lock is the board's, hashing happens outside it, by one thread at a time."""

    def __init__(self, entry: Entry, path: Path, range_bytes: int, prefixes: Prefixes | None) -> None:
        self.entry = entry
        self.path = path
        self.range_bytes = range_bytes
        self.prefixes = prefixes
        self.count = max(1, -(-entry.size // range_bytes))
        self.next = 0
        self.hasher = entry.hasher()
        self.arrived: dict[int, Buffer | None] = {}
        self.hashing = False
        self.whole = False
        self.refetched = 0
        self.handle = -1
        self.direct = direct.NONE
        if prefixes is not None:
            self.arrived = dict.fromkeys(range(len(prefixes.digests)))

    def span(self, index: int) -> tuple[int, int]:
        """Return where a range begins and ends."""
        start = index * self.range_bytes
        return start, min(self.entry.size, start + self.range_bytes)

    @property
    def left(self) -> int:
        """Return the bytes that are not on the volume."""
        return self.entry.size - sum(end - start for start, end in map(self.span, self.arrived))

    def missing(self) -> list[int]:
        """Return the ranges that are not on the volume."""
        return [index for index in range(self.next, self.count) if index not in self.arrived]

    def open(self, lock: threading.RLock) -> int:
        """Return the handle of the staged file, opened once, and with it the one for direct writes of a large file."""
        with lock:
            if self.handle < 0:
                self.handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
                if self.prefixes is not None:
                    os.ftruncate(self.handle, self.entry.size)
                    self.direct = direct.opened(self.path)
            return self.handle

    def write(self, index: int, view: memoryview, lock: threading.RLock) -> None:
        """Put a range on the volume and let the kernel begin to store it."""
        handle, place = self.open(lock), self.span(index)[0]
        stored = direct.write(self.direct, view, place)
        view, start = view[stored:], place + stored
        place = start
        while view:
            count = os.pwrite(handle, view, place)
            view, place = view[count:], place + count
        if self.prefixes is not None and place > start:
            begin(handle, start, place - start)

    def read(self, index: int, buffer: Buffer, lock: threading.RLock) -> bool:
        """Fill a buffer with a range from the volume."""
        handle, (start, end) = self.open(lock), self.span(index)
        buffer.filled = 0
        while start + buffer.filled < end:
            count = os.preadv(handle, [buffer.memory[buffer.filled : end - start]], start + buffer.filled)
            if count == 0:
                return False
            buffer.filled += count
        return True

    def digest(self, view: memoryview) -> bool:
        """Hash the next range; False where it is not what the journal says was there."""
        grown = self.hasher.copy()
        grown.update(view)
        if self.prefixes is not None:
            reached = grown.hexdigest()
            if self.next < len(self.prefixes.digests):
                if self.prefixes.digests[self.next] != reached:
                    return False
            else:
                self.prefixes.add(reached)
        self.hasher = grown
        self.next += 1
        return True

    def right(self) -> bool:
        """Whether a file whose ranges are all hashed has the commit's digest."""
        return self.hasher.hexdigest() == self.entry.digest

    def again(self, most: int) -> None:
        """Forget everything about a file whose bytes were wrong, a few times at most."""
        self.refetched += 1
        if self.refetched >= most:
            raise errors.ChecksumMismatchError(
                f"cannot verify {self.entry.path}: the source sent wrong bytes {most} times; run again later"
            )
        self.next, self.hasher, self.arrived = 0, self.entry.hasher(), {}
        if self.prefixes is not None:
            self.prefixes.cut(0)

    def close(self) -> None:
        """Let go of the file without asking whether it is durable."""
        if self.prefixes is not None:
            self.prefixes.close()
        for handle in (self.direct, self.handle):
            if handle >= 0:
                with contextlib.suppress(OSError):
                    os.close(handle)
        self.direct, self.handle = direct.NONE, -1

    def settle(self, lock: threading.RLock) -> None:
        """Make a verified file durable; an error of fsync or close is an error of the attempt."""
        handle = self.open(lock)
        if self.prefixes is None:
            os.ftruncate(handle, self.entry.size)
        os.fchmod(handle, 0o644)
        os.fsync(handle)
        second, self.direct, self.handle = self.direct, direct.NONE, -1
        if second != direct.NONE:
            os.close(second)
        os.close(handle)
        if self.prefixes is not None:
            self.prefixes.close()
