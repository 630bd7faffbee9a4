# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hydrator.running import FILES, same

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hydrator.running import Runner

MARKER = ".modelplane-hydrated"


def flip(tree: Path) -> None:
    """Change one byte, not the size."""
    with (tree / "sub/other.safetensors").open("r+b") as opened:
        opened.write(b"O")


def lose(tree: Path) -> None:
    """Lose a file."""
    (tree / "config.json").unlink()


def grow(tree: Path) -> None:
    """Append to a file."""
    with (tree / "config.json").open("ab") as opened:
        opened.write(b" ")


def replace(tree: Path) -> None:
    """Put a folder where a file was."""
    (tree / "config.json").unlink()
    (tree / "config.json/sub").mkdir(parents=True)


def redirect(tree: Path) -> None:
    """Put a link where a folder was."""
    (tree / "sub").rename(tree.parent.parent / "elsewhere")
    (tree / "sub").symlink_to("/etc")


def unmark(tree: Path) -> None:
    """Lose the marker."""
    (tree / MARKER).unlink()


def scribble(tree: Path) -> None:
    """Damage the marker."""
    (tree / MARKER).write_text("{")


def nothing(tree: Path) -> None:
    """Damage nothing."""
    assert tree.is_dir()


@pytest.mark.parametrize("place", [pytest.param("volume", id="volume"), pytest.param("dest", id="dest")])
@pytest.mark.parametrize(
    ("damage", "most"),
    [
        pytest.param(nothing, 0, id="nothing is damaged"),
        pytest.param(flip, len(FILES["sub/other.safetensors"]), id="a byte"),
        pytest.param(lose, len(FILES["config.json"]), id="a file is lost"),
        pytest.param(grow, len(FILES["config.json"]), id="a file has grown"),
        pytest.param(replace, len(FILES["config.json"]), id="a folder instead of a file"),
        pytest.param(redirect, len(FILES["sub/other.safetensors"]) + 2, id="a link instead of a folder"),
        pytest.param(unmark, 0, id="the marker is lost"),
        pytest.param(scribble, 0, id="the marker is damaged"),
    ],
)
def test_verify_mends(run: Runner, place: str, damage: Callable[[Path], None], most: int) -> None:
    """--verify fetches what differs and nothing else, and leaves the commit's bytes with a marker."""
    go, tree = (run.volume, run.tree) if place == "volume" else (run.dest, run.target)
    assert go().code == 0
    damage(tree)
    before = run.fetched()
    assert go("--verify").code == 0
    assert same(tree)
    assert run.fetched() - before == most


def test_sizes_are_seen_without_verify(run: Runner) -> None:
    """A file of another size is mended by an ordinary run."""
    assert run.volume().code == 0
    grow(run.tree)
    assert run.volume().code == 0
    assert same(run.tree)


def test_verify_removes_no_good_byte(run: Runner) -> None:
    """A --verify that cannot fetch leaves every good file, takes the marker off, and is mended later."""
    assert run.volume().code == 0
    flip(run.tree)
    run.fault("status", route="*", path="*other*", value=503, times=-1)
    assert run.volume("--verify").code == 31
    assert not (run.tree / MARKER).exists()
    kept = {path for path, content in FILES.items() if (run.tree / path).read_bytes() == content}
    assert kept == set(FILES) - {"sub/other.safetensors"}
    run.hub.faults.clear()
    assert run.volume().code == 0
    assert same(run.tree)


def test_verify_offline(run: Runner) -> None:
    """A complete tree is verified without the network where the commit is given."""
    assert run.dest().code == 0
    run.env = {"HF_HUB_OFFLINE": "1"}
    assert run.dest("--verify", "--commit", run.repo.branches["main"]).code == 0


def test_strangers_folder_is_refused(run: Runner) -> None:
    """A folder with somebody's files is not published into, unless --verify says so, which adopts what is right."""
    run.target.mkdir()
    (run.target / "config.json").write_bytes(FILES["config.json"])
    (run.target / "notes.txt").write_text("mine")
    assert run.dest().code == 2
    before = run.fetched()
    assert run.dest("--verify").code == 0
    assert same(run.target, {**FILES, "notes.txt": b"mine"})
    assert run.fetched() - before == sum(map(len, FILES.values())) - len(FILES["config.json"])


def test_open_file_keeps_its_bytes(run: Runner) -> None:
    """A reader that has a file open while it is mended goes on reading what it opened."""
    assert run.volume().code == 0
    with (run.tree / "sub/other.safetensors").open("rb") as reader:
        flip(run.tree)
        assert run.volume("--verify").code == 0
        assert reader.read(5) == b"Other"
    assert same(run.tree)
