# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Rolling write-back: the kernel stores a range while the next ones arrive."""

from __future__ import annotations

import ctypes
import os
from typing import Any

WRITE = 2


def _call() -> Any:  # noqa: ANN401 - a C function has no type here
    """Return the kernel's call where the system has it."""
    try:
        found = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (OSError, AttributeError):
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    found.restype = ctypes.c_int
    return found


_sync_file_range = _call()


def begin(handle: int, start: int, count: int) -> None:
    """Begin to store a range; fsync decides later whether that worked."""
    if _sync_file_range is None:
        os.fsync(handle)
        return
    _sync_file_range(handle, start, count, WRITE)
