# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hydrator.running import FILES, NAME, RANGE, same
from modelplane_hydrator import holder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hydrator.running import Runner

LARGE = "model.safetensors"
TOTAL = sum(map(len, FILES.values()))
JOB = holder.Holder(nonce="1" * 32, job="jobs/one")


def broken(run: Runner) -> Path:
    """Leave an attempt behind that got six ranges of the large file, and return its folder."""
    run.sizes = replace(run.sizes, connections=1)
    run.fault("cut", route="cdn", at=0, skip=6, times=-1)
    assert run.volume(me=JOB).code == 31
    run.hub.faults.clear()
    return next((run.root / ".modelplane" / run.tree.name).glob("a-*"))


def again(run: Runner, *, job: str = "jobs/one") -> int:
    """Run once more as another pod and return how many bytes that fetched."""
    before = run.fetched()
    assert run.volume(me=replace(JOB, nonce="2" * 32, job=job)).code == 0
    assert same(run.tree)
    assert not (run.root / ".modelplane").exists()
    return run.fetched() - before


@pytest.mark.parametrize("job", [pytest.param("jobs/one", id="same Job"), pytest.param("jobs/two", id="another Job")])
def test_goes_on(run: Runner, job: str) -> None:
    """What an attempt verified is not fetched again, by its own Job in place, by another one from a copy."""
    broken(run)
    assert again(run, job=job) == TOTAL - len(FILES["config.json"]) - 6 * RANGE


def flip(staged: Path) -> None:
    """Change one byte of the first range, as a crash of the node may."""
    with staged.open("r+b") as opened:
        opened.seek(5)
        opened.write(b"!")


def cut_short(staged: Path) -> None:
    """Lose the end of a file."""
    with staged.open("r+b") as opened:
        opened.truncate(100)


def lose(staged: Path) -> None:
    """Lose a file."""
    staged.unlink()


def folder(staged: Path) -> None:
    """Put a folder where the file was."""
    staged.unlink()
    (staged / "sub").mkdir(parents=True)


def link(staged: Path) -> None:
    """Put a link to elsewhere where the file was."""
    staged.unlink()
    staged.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    "damage", [pytest.param(one, id=one.__name__) for one in (flip, cut_short, lose, folder, link)]
)
def test_damaged_staging(run: Runner, damage: Callable[[Path], None]) -> None:
    """Bytes that changed under the journal are seen and fetched again."""
    left = broken(run)
    damage(left / "tree" / LARGE)
    again(run)


def test_one_torn_range_is_one_range(run: Runner) -> None:
    """One damaged range costs one range, not the file."""
    left = broken(run)
    flip(left / "tree" / LARGE)
    assert again(run) == TOTAL - len(FILES["config.json"]) - 6 * RANGE + RANGE


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0\xff garbage", id="garbage"),
        pytest.param(b"other 1 2\nabc\n", id="of another file"),
    ],
)
def test_damaged_journal(run: Runner, junk: bytes) -> None:
    """A journal that is torn or of another file is worth nothing, and no more."""
    left = broken(run)
    for one in (left / "journal").iterdir():
        one.write_bytes(junk)
    again(run)


def test_torn_last_line(run: Runner) -> None:
    """A journal whose last line was cut by a crash keeps the others."""
    left = broken(run)
    for one in (left / "journal").iterdir():
        if one.name != "done":
            one.write_bytes(one.read_bytes()[:-10])
    assert again(run) < TOTAL


def test_strangers_in_staging(run: Runner) -> None:
    """What does not belong to the commit is not published with it."""
    left = broken(run)
    (left / "tree" / "stranger.txt").write_text("x")
    (left / "tree" / "odd").mkdir()
    again(run)


def test_foreign_bytes_are_copied(run: Runner) -> None:
    """Another Job's file is copied, so that a paused holder that still has it open cannot change what is published."""
    left = broken(run)
    held = (left / "tree" / LARGE).open("r+b")
    again(run, job="jobs/two")
    held.write(b"late bytes of a paused holder")
    held.close()
    assert same(run.tree)


def test_killed_journal_is_not_trusted_blindly(run: Runner) -> None:
    """A small file that was staged and then changed is hashed again, not believed."""
    left = broken(run)
    staged = left / "tree" / "config.json"
    staged.write_bytes(b'{"a": 2}')
    again(run)


def test_two_at_once(run: Runner) -> None:
    """Two processes on one volume end well both, and the bytes are fetched by one of them."""
    run.fault("slow", route="cdn", value=400_000, times=-1)
    where = ["--endpoint", run.hub.url, "--volume", str(run.root), "--tree", "base"]
    command = [sys.executable, "-m", "modelplane_hydrator", "--repo", NAME, *where]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603 - ours
    errs = [one.communicate(timeout=60)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], errs
    assert same(run.tree)
    assert run.fetched() == TOTAL
    assert [one.name for one in run.root.iterdir()] == ["trees"]
