# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hydrator.running import NAME, same

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hydrator.running import Runner

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can become uid 1000")

# A plan made as root imports everything, because uid 1000 may not read the interpreter's folder here.
AS_1000 = """
import os, sys
from modelplane_hydrator.command import command
assert command([*sys.argv[1:], "--plan"], env={}) == 0
os.setgroups([]); os.setresgid(1000, 1000, 1000); os.setresuid(1000, 1000, 1000)
sys.exit(command(sys.argv[1:], env={}))
"""


@pytest.fixture
def volume(run: Runner) -> Iterator[Path]:
    """Give a volume that uid 1000 can reach."""
    for folder in (run.root, *run.root.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    os.chown(run.root, 1000, 1000)
    yield run.root
    os.chown(run.root, 0, 0)


def hydrate(run: Runner, *more: str) -> subprocess.CompletedProcess[str]:
    """Run as uid 1000 without any capability and without a home."""
    where = ["--endpoint", run.hub.url, "--volume", str(run.root), "--tree", "base"]
    command = [sys.executable, "-c", AS_1000, "--repo", NAME, *where, *more]
    env = {"HOME": "/nonexistent"}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours


def test_as_the_job_runs(run: Runner, volume: Path) -> None:
    """Uid 1000 needs nothing but the volume: no home, no other folder."""
    ended = hydrate(run)
    assert ended.returncode == 0, ended.stderr
    assert same(run.tree)
    assert [one.name for one in volume.iterdir()] == ["trees"]


def test_folders_of_the_kubelet(run: Runner, volume: Path) -> None:
    """Folders that the kubelet made as root for a missing subPath are put out of the way."""
    run.tree.mkdir(parents=True)
    ended = hydrate(run)
    assert ended.returncode == 0, ended.stderr
    assert same(run.tree)
    assert run.tree.stat().st_uid == 1000
    assert volume.is_dir()


def test_a_volume_of_somebody_else(run: Runner, volume: Path) -> None:
    """A volume that refuses uid 1000 is told with uid, mode and what a StorageClass must set."""
    os.chown(volume, 0, 0)
    ended = hydrate(run)
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 17
    assert all(words in last for words in ("uid 1000", "0:0, mode 0755", "StorageClass", "gid 1000"))


def test_trees_of_somebody_else(run: Runner, volume: Path) -> None:
    """A tree that nobody names and we may not remove is reported, and is no failure."""
    assert hydrate(run).returncode == 0
    strange = volume / "trees/strange-1"
    (strange / "sub").mkdir(parents=True)
    (strange / "sub/file").write_text("x")
    os.chown(strange, 1000, 1000)
    ended = hydrate(run, "--keep", "")
    assert ended.returncode == 0, ended.stderr
    assert "cannot remove" in ended.stderr
    assert not strange.exists()
