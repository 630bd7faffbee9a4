# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Hash files that are already there, several at once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from modelplane_hydrator.marker import sized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from modelplane_hydrator.plan import Entry

PIECE = 1 << 20
THREADS = 4


def right(folder: Path, entries: Iterable[Entry], check: Callable[[int], None]) -> set[Entry]:
    """Return the entries whose files in a folder have the commit's bytes."""
    wanted, stop = list(entries), threading.Event()

    def match(one: Entry) -> bool:
        return matches(folder / one.path, one, check, stop)

    threads = ThreadPoolExecutor(THREADS)
    try:
        return {one for one, good in zip(wanted, threads.map(match, wanted), strict=True) if good}
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)


def matches(path: Path, entry: Entry, check: Callable[[int], None], stop: threading.Event) -> bool:
    """Whether a file has an entry's size and digest; unreadable is no match."""
    if not sized(path, entry.size):
        return False
    hasher, piece = entry.hasher(), memoryview(bytearray(min(PIECE, entry.size + 1)))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except PermissionError:
        return False
    try:
        while not stop.is_set() and (count := os.readv(handle, [piece])):
            hasher.update(piece[:count])
            check(count)
    finally:
        os.close(handle)
    return hasher.hexdigest() == entry.digest
