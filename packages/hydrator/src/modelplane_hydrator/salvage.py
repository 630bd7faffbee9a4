# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Another Job's bytes: copied and hashed one file at a time, each source removed after."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from modelplane_hydrator import journal, volume
from modelplane_hydrator.attempt import Attempt
from modelplane_hydrator.staged import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from modelplane_hydrator.journal import Done
    from modelplane_hydrator.plan import Entry
    from modelplane_hydrator.staged import Staged


def take(folder: Path, ours: Attempt, wanted: Iterable[Entry], done: Done, check: Callable[[], None]) -> None:
    """Copy what is right of another attempt's files into ours."""
    theirs = Attempt(folder, ours.range_bytes)
    buffer = Buffer(ours.range_bytes)
    for entry in wanted:
        staged = ours.staged(entry)
        source = theirs.tree / entry.path
        if done.has(entry, staged.path) or staged.arrived or source.is_symlink() or not source.is_file():
            continue
        check()
        try:
            whole = copy(source, theirs, staged, buffer)
        except OSError as err:
            if err.errno not in volume.FULL:
                raise
            staged.path.unlink(missing_ok=True)
            return
        if whole:
            done.add(entry, staged.path)
        source.unlink(missing_ok=True)


def copy(source: Path, theirs: Attempt, staged: Staged, buffer: Buffer) -> bool:
    """Copy a file as far as its journal vouches for it; True where all of it is the commit's."""
    known = journal.prefixes(theirs.journal, staged.entry, staged.range_bytes) if staged.prefixes else None
    ranges = staged.count if known is None else len(known.digests)
    lock = threading.RLock()
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        for index in range(ranges):
            if not fill(handle, staged, index, buffer):
                break
            staged.write(index, buffer.view, lock)
            staged.digest(buffer.view)
            if known is not None and staged.prefixes and staged.prefixes.digests[index] != known.digests[index]:
                staged.prefixes.cut(index)
                break
        if staged.next == staged.count and staged.right():
            staged.settle(lock)
            return True
        return False
    finally:
        os.close(handle)
        staged.close()


def fill(handle: int, staged: Staged, index: int, buffer: Buffer) -> bool:
    """Read a range of somebody's file; False where it is too short."""
    start, end = staged.span(index)
    buffer.filled = 0
    while start + buffer.filled < end:
        count = os.preadv(handle, [buffer.memory[buffer.filled : end - start]], start + buffer.filled)
        if count == 0:
            return False
        buffer.filled += count
    return True
