# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hub.repos import Blob
from hydrator.running import FAST, FILES, same
from modelplane_hydrator import holder, lease, volume

if TYPE_CHECKING:
    from pathlib import Path

    from hydrator.running import Runner

ME = holder.Holder(nonce="m" * 32, job="jobs/me")
OTHER = holder.Holder(nonce="o" * 32, job="jobs/other")


def test_layout(run: Runner) -> None:
    """A success leaves the tree with its marker, readable for all, and nothing else on the volume."""
    assert run.volume().code == 0
    assert same(run.tree)
    assert [one.name for one in run.root.iterdir()] == ["trees"]
    modes = {one.stat().st_mode & 0o777 for one in run.tree.rglob("*") if one.is_dir()}
    assert modes | {run.tree.stat().st_mode & 0o777} == {0o755}
    assert {one.stat().st_mode & 0o777 for one in run.tree.rglob("*") if one.is_file()} == {0o644}


def test_again_is_nothing(run: Runner) -> None:
    """A second run asks for the commit and for nothing else, and with the commit given for nothing at all."""
    assert run.volume().code == 0
    before = len(run.hub.seen)
    assert run.volume().code == 0
    assert [one.route for one in run.hub.seen[before:]] == ["info"]
    before = len(run.hub.seen)
    run.env = {"HF_HUB_OFFLINE": "1"}
    assert run.volume("--commit", run.repo.branches["main"]).code == 0
    assert run.hub.seen[before:] == []


def test_again_is_quick(run: Runner) -> None:
    """A complete tree of 200 files takes less than a second."""
    run.repo.commit({f"{number}.json": b"%d" % number for number in range(200)})
    run.hub.page = 1000
    assert run.volume().code == 0
    began = time.monotonic()
    assert run.volume().code == 0
    assert time.monotonic() - began < 1


def test_files_beside_ours(run: Runner) -> None:
    """Files that engines add beside the commit's are ignored and kept."""
    assert run.volume().code == 0
    (run.tree / "compiled.cache").write_text("x")
    assert run.volume().code == 0
    assert (run.tree / "compiled.cache").exists()


@pytest.mark.parametrize("inside", [pytest.param(False, id="empty folder"), pytest.param(True, id="folder of others")])
def test_something_is_there(run: Runner, *, inside: bool) -> None:
    """A folder at the tree's place, as the kubelet makes one, is replaced."""
    run.tree.mkdir(parents=True)
    if inside:
        (run.tree / "left.txt").write_text("x")
    assert run.volume().code == 0
    assert same(run.tree)


def trees(run: Runner, *names: str) -> None:
    """Put other trees on the volume."""
    for name in names:
        (run.root / "trees" / name).mkdir(parents=True)
        (run.root / "trees" / name / "file").write_text("x")


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        pytest.param([], {"old-1", "old-2"}, id="without keep nothing goes"),
        pytest.param(["--keep", "old-1"], {"old-1"}, id="what is not named goes"),
        pytest.param(["--keep", ""], set(), id="nothing named"),
    ],
)
@pytest.mark.parametrize("complete", [pytest.param(False, id="after a fetch"), pytest.param(True, id="after a skip")])
def test_keep(run: Runner, keep: list[str], left: set[str], *, complete: bool) -> None:
    """With --keep, trees that are not named are removed once the wanted one is there, never that one."""
    if complete:
        assert run.volume().code == 0
    trees(run, "old-1", "old-2")
    assert run.volume(*keep).code == 0
    assert {one.name for one in (run.root / "trees").iterdir()} == left | {run.tree.name}
    assert same(run.tree)


def test_keep_holds_on_failure(run: Runner) -> None:
    """A run that fails removes no tree while room is not short."""
    trees(run, "old-1")
    run.fault("status", route="cdn", value=503, times=-1)
    assert run.volume("--keep", "").code == 31
    assert (run.root / "trees/old-1/file").exists()


def test_room_is_made(run: Runner) -> None:
    """Where room is short the trees that nobody names go before the fetch, and the three numbers are told."""
    trees(run, "old-1")
    run.repo.commit({**FILES, "huge.bin": Blob(b"", 10**14, "a" * 64, "", lfs=True)})
    ended = run.volume("--keep", "")
    assert ended.code == 16
    assert f"{10**14 + sum(map(len, FILES.values()))} bytes" in ended.last
    assert "are missing" in ended.last
    assert "are free" in ended.last
    assert not (run.root / "trees/old-1").exists()


def test_other_staging_goes(run: Runner) -> None:
    """What a killed run of another commit left is removed, under its lease."""
    run.fault("cut", route="cdn", at=0, skip=3, times=-1)
    assert run.volume(me=OTHER).code == 31
    run.hub.faults.clear()
    run.repo.commit({**FILES, "config.json": b"moved"})
    assert run.volume(me=ME).code == 0
    assert [one.name for one in run.root.iterdir()] == ["trees"]


def test_live_staging_stays(run: Runner) -> None:
    """Another tree's staging stays while its holder beats."""
    work = run.root / ".modelplane/other-123456789012"
    work.mkdir(parents=True)
    held = lease.Lease(work / "lease", OTHER, FAST)
    assert held.claim()
    held.start()
    (work / "a-x").mkdir()
    assert run.volume(me=ME).code == 0
    assert (work / "a-x").exists()
    held.release()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a lease."""
    work = tmp_path / ".modelplane/tree"
    work.mkdir(parents=True)
    return work / "lease"


def take(folder: Path, me: holder.Holder) -> lease.Lease | None:
    """Take a lease, waiting as a run does."""
    return lease.acquire(folder, me, FAST, stop=threading.Event(), waiting=lambda _: True)


def test_silent_holder_loses(folder: Path) -> None:
    """A lease that does not beat is taken after its time, not before, and the old holder learns of it."""
    silent = lease.Lease(folder, OTHER, FAST)
    assert silent.claim()
    began = time.monotonic()
    taken = take(folder, ME)
    assert taken is not None
    assert time.monotonic() - began >= FAST.stale
    assert not silent.held()
    taken.release()
    assert not folder.exists()


def test_beating_holder_keeps(folder: Path) -> None:
    """A lease that beats is not taken however long somebody waits."""
    held = take(folder, OTHER)
    assert held is not None
    stop = threading.Event()
    threading.Timer(3 * FAST.stale, stop.set).start()
    with pytest.raises(Exception, match="jobs/other holds its lease"):
        lease.acquire(folder, ME, FAST, stop=stop, waiting=lambda _: True)
    assert held.held()
    held.release()


def test_dead_holder_is_known(folder: Path) -> None:
    """A holder of the same process namespace that is gone is not waited for."""
    gone = replace(holder.here(), nonce="d" * 32, started="1")
    assert lease.Lease(folder, gone, FAST).claim()
    began = time.monotonic()
    taken = take(folder, holder.here())
    assert taken is not None
    assert time.monotonic() - began < FAST.stale
    taken.release()


def test_moved_beat_is_put_back(folder: Path) -> None:
    """A taker that moved a lease aside and sees that it beat meanwhile puts it back."""
    held = lease.Lease(folder, OTHER, FAST)
    assert held.claim()
    seen = lease.look(folder)
    (folder / f"beat-{OTHER.nonce}").write_text("5\n")
    assert not lease.Lease(folder, ME, FAST).evict(seen)
    assert held.held()


@pytest.mark.parametrize(
    "raw", [pytest.param(b"", id="empty"), pytest.param(b"{", id="torn"), pytest.param(b"[1]", id="foreign")]
)
def test_torn_owner(folder: Path, raw: bytes) -> None:
    """A lease whose owner died while writing its name is taken after its time."""
    folder.mkdir()
    (folder / "owner").write_bytes(raw)
    taken = take(folder, ME)
    assert taken is not None
    taken.release()


def test_rename_that_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename that reports ENOENT after it succeeded is believed by its names."""
    (tmp_path / "a").write_text("x")
    real = type(tmp_path).rename

    def lie(self: Path, target: Path) -> None:
        real(self, target)
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(type(tmp_path), "rename", lie)
    volume.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "x"


def test_rename_that_fails(tmp_path: Path) -> None:
    """A rename that did not happen stays an error."""
    with pytest.raises(FileNotFoundError):
        volume.move(tmp_path / "a", tmp_path / "b")
