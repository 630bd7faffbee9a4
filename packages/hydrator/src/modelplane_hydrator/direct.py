# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Writing past the page cache: bytes go to the disk from the memory they arrived in, where the volume allows it."""

from __future__ import annotations

import errno
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NONE = -1
BLOCK = 4096
"""Direct writes begin and end at its multiples, in the file and in memory (open(2), O_DIRECT)."""

_FLAG = getattr(os, "O_DIRECT", 0)
_UNSUPPORTED = frozenset({errno.EINVAL, errno.EOPNOTSUPP})


def memory(size: int) -> memoryview:
    """Return memory that a direct write can take: it begins at a page. Huge pages cost a third more time."""
    return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def opened(path: Path) -> int:
    """Return a second handle of a file, for direct writes; NONE where the system or the volume has none."""
    if not _FLAG:
        return NONE
    try:
        return os.open(path, os.O_WRONLY | _FLAG)
    except OSError as err:
        if err.errno not in _UNSUPPORTED:
            raise
        return NONE


def write(handle: int, view: memoryview, place: int) -> int:
    """Return how many bytes the volume took, 0 where it takes none of them in this way."""
    size = len(view) - len(view) % BLOCK
    if handle == NONE or not size or place % BLOCK:
        return 0
    try:
        return os.pwrite(handle, view[:size], place)
    except OSError as err:
        if err.errno not in _UNSUPPORTED:
            raise
        return 0
