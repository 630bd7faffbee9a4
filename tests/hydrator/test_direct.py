# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Writes past the page cache: what of a range takes them, and what becomes of the rest."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path

import pytest
from modelplane_hydrator import direct
from modelplane_hydrator.journal import Prefixes
from modelplane_hydrator.plan import SHA256, Entry
from modelplane_hydrator.staged import Buffer, Staged

RANGE = 2 * direct.BLOCK


def filled(content: bytes) -> memoryview:
    """Return memory for direct writes that holds a content."""
    view = direct.memory(max(1, len(content)))[: len(content)]
    view[:] = content
    return view


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Name an empty file on a volume that takes direct writes."""
    path = tmp_path / "shard"
    path.touch()
    handle = direct.opened(path)
    assert handle != direct.NONE, "the temporary folder must be on a filesystem with O_DIRECT"
    os.close(handle)
    return path


@pytest.mark.parametrize(
    ("size", "place", "taken"),
    [
        pytest.param(RANGE, 0, RANGE, id="a whole range"),
        pytest.param(RANGE + 100, RANGE, RANGE, id="the last range, but for its odd end"),
        pytest.param(100, 0, 0, id="less than a block"),
        pytest.param(0, 0, 0, id="nothing"),
        pytest.param(RANGE, 512, 0, id="a place that is no multiple of a block"),
    ],
)
def test_takes_whole_blocks(target: Path, size: int, place: int, taken: int) -> None:
    """What is taken is the longest run of whole blocks, and nothing where the place is odd."""
    content = random.Random(size).randbytes(size)  # noqa: S311 - the same bytes every time
    handle = direct.opened(target)
    try:
        assert direct.write(handle, filled(content), place) == taken
    finally:
        os.close(handle)
    assert target.read_bytes()[place:] == content[:taken]


def test_leaves_a_volume_without_direct_writes_to_the_page_cache() -> None:
    """A file of procfs refuses O_DIRECT as FUSE volumes may."""
    assert direct.opened(Path("/proc/self/comm")) == direct.NONE
    assert direct.write(direct.NONE, filled(bytes(RANGE)), 0) == 0


def test_an_error_of_the_volume_is_an_error_of_the_write(target: Path) -> None:
    """Only a refusal of the way itself leads to the other way."""
    handle = direct.opened(target)
    os.close(handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        direct.write(handle, filled(bytes(RANGE)), 0)


@pytest.mark.parametrize("taken", [pytest.param(True, id="direct"), pytest.param(False, id="cached")])
@pytest.mark.parametrize("odd", [0, 1, 100, direct.BLOCK, direct.BLOCK + 1])
def test_a_file_is_whole_whatever_its_end(tmp_path: Path, *, odd: int, taken: bool) -> None:
    """Ranges written in any order, directly or not, are the file, and can be read back."""
    content = random.Random(odd).randbytes(3 * RANGE + odd)  # noqa: S311 - the same bytes every time
    entry = Entry("shard", len(content), SHA256, hashlib.sha256(content).hexdigest())
    staged, lock = Staged(entry, tmp_path / "shard", RANGE, Prefixes(tmp_path / "journal", "")), threading.RLock()
    staged.open(lock)
    if not taken:
        os.close(staged.direct)
        staged.direct = direct.NONE
    for index in reversed(range(staged.count)):
        start, end = staged.span(index)
        staged.write(index, filled(content[start:end]), lock)
    buffer = Buffer(RANGE)
    for index in range(staged.count):
        assert staged.read(index, buffer, lock)
        assert staged.digest(buffer.view)
    assert staged.right()
    staged.settle(lock)
    assert (tmp_path / "shard").read_bytes() == content
