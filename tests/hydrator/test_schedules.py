# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hydrator.schedules import judge
from hydrator.schedules.draw import draw

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).resolve().parents[1]
FILES = {"c" * 40: {"a.bin": b"aa", "b/c.txt": b"c"}}
COMMITS = ("a" * 40, "b" * 40)


def test_short_form(faulty_volume: Path) -> None:
    """Sixty schedules of faults end without a false marker, a stuck volume, a leaked byte or an error of ours."""
    env = {**os.environ, "PYTHONPATH": str(TESTS), "LD_PRELOAD": str(faulty_volume)}
    command = [sys.executable, "-m", "hydrator.schedules", "--count", "60", "--seed", "everyday"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - ours
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "60 schedules" in ended.stdout


def test_same_seed_same_schedule() -> None:
    """A schedule depends on its seed and on nothing else."""
    assert draw("1-5", commits=COMMITS) == draw("1-5", commits=COMMITS)
    assert len({str(draw(f"1-{number}", commits=COMMITS)) for number in range(50)}) == 50


def test_all_faults_are_drawn() -> None:
    """A thousand schedules meet every kind of fault."""
    drawn = [draw(f"1-{number}", commits=COMMITS) for number in range(1000)]
    assert {one.shape for one in drawn} == {"one", "two", "paused"}
    volume = {name for one in drawn for actor in one.actors for name in actor.env}
    assert volume == {"FV_NOLOCK", "FV_ATTR_MS", "FV_SPACE", "FV_READONLY", "FV_RENAME", "FV_FSYNC", "FV_CLOCK"}
    assert len({fault["kind"] for one in drawn for fault in one.hub}) == 11
    assert any(actor.kill >= 0 for one in drawn for actor in one.actors)


def published(root: Path) -> Path:
    """Make a tree that is right."""
    tree = root / "trees" / ("base-" + "c" * 12)
    for path, content in FILES["c" * 40].items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)
    said = {"commit": "c" * 40, "files": [{"path": path} for path in FILES["c" * 40]]}
    (tree / ".modelplane-hydrated").write_text(json.dumps(said))
    return tree


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda tree: (tree / "a.bin").write_bytes(b"ab"), id="other bytes"),
        pytest.param(lambda tree: (tree / "a.bin").unlink(), id="a file is missing"),
        pytest.param(lambda tree: (tree / "a.bin").write_bytes(b"aaa"), id="a byte too many"),
        pytest.param(lambda tree: tree.rename(tree.with_name("base-dddddddddddd")), id="the name of another commit"),
        pytest.param(
            lambda tree: (tree / ".modelplane-hydrated").write_text(json.dumps({"commit": "c" * 40, "files": []})),
            id="a manifest without files",
        ),
    ],
)
def test_the_judge_sees(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    """The judge calls a right tree right and every wrong one wrong."""
    tree = published(tmp_path)
    assert judge.lies(tmp_path, FILES) == []
    harm(tree)
    assert judge.lies(tmp_path, FILES)


def test_the_judge_sees_leaks(tmp_path: Path) -> None:
    """The judge sees what a success left behind, empty folders too."""
    published(tmp_path)
    assert judge.leaks(tmp_path, expected={"trees"}) == []
    (tmp_path / ".modelplane").mkdir()
    assert judge.leaks(tmp_path, expected={"trees"}) == [".modelplane"]
