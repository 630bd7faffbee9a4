# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The same content is the same layer, whoever builds it, and holds nothing of the machine."""

import os
import tarfile
from pathlib import Path

import pytest

from release import dependencies, images, tree
from release import project as projects
from release.dependencies import Locked

ROOT = Path(__file__).parents[2]
FUNCTIONS = [one.name for one in projects.read(ROOT).functions]


def filled(folder: Path, *, order: int = 1) -> Path:
    """Return a folder with the same content, made in another order and at another time."""
    for name in ["b/two.py", "a/one.py", "usr/local/bin/function"][::order]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\nSET = frozenset(('a', 'b', 'c'))\n")
        os.utime(path, (order + 10**9, order + 10**9))
    (folder / "usr/local/bin/function").chmod(0o755 if order > 0 else 0o700)
    return folder


def test_a_layer_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Neither order nor time nor the umask shows."""
    first = tree.pack(filled(tmp_path / "first"), tmp_path / "first.tar.gz")
    second = tree.pack(filled(tmp_path / "second", order=-1), tmp_path / "second.tar.gz")
    assert first.read_bytes() == second.read_bytes()


def test_a_layer_belongs_to_root(tmp_path: Path) -> None:
    """What an image holds cannot be changed by the user that runs it."""
    with tarfile.open(tree.pack(filled(tmp_path / "tree"), tmp_path / "layer.tar.gz")) as archive:
        members = {member.name: member for member in archive}
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, tree.EPOCH)}
    assert members["usr/local/bin/function"].mode == 0o755
    assert members["a/one.py"].mode == 0o644


def test_bytecode_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    """Two clones in two folders make one layer, sets and all."""
    packed = []
    for order, name in ((1, "a-clone"), (-1, "elsewhere/another-clone")):
        folder = filled(tmp_path / name / "tree", order=order)
        tree.compile_bytecode(folder, "3.11")
        packed.append(tree.pack(folder, tmp_path / name / "layer.tar.gz").read_bytes())
    assert packed[0] == packed[1]


def test_bytecode_is_believed(tmp_path: Path) -> None:
    """Bytecode says its path in the image, and Python never looks whether the source is newer."""
    folder = filled(tmp_path / "tree")
    tree.compile_bytecode(folder, "3.11")
    compiled = (folder / "a" / "__pycache__" / "one.cpython-311.pyc").read_bytes()
    assert compiled[4:8] == b"\x01\x00\x00\x00"
    assert b"/a/one.py" in compiled
    assert str(tmp_path).encode() not in compiled


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_needs_what_the_lock_says(name: str) -> None:
    """Every dependency is one version with its hashes, and our own packages are found."""
    lock = dependencies.locked(ROOT, name)
    assert {pin.partition("==")[0] for pin in lock.pins} >= {"crossplane-function-sdk-python", "grpcio", "protobuf"}
    assert all("--hash=sha256:" in pin for pin in lock.pins)
    assert {member.name for member in lock.members} >= {name, "modelplane"}
    assert all((member / "pyproject.toml").is_file() for member in lock.members)


def test_only_the_scheduler_carries_cel() -> None:
    """What one function needs is not in the layer that all of them share."""
    locks = {name: dependencies.locked(ROOT, name) for name in FUNCTIONS}
    common = images.common(list(locks.values()))
    own = {name: {pin.partition("==")[0] for pin in lock.pins - common.pins} for name, lock in locks.items()}
    assert {name: pins for name, pins in own.items() if pins} == {"compose-model-deployment": {"cel-expr-python"}}
    assert {member.name for member in common.members} == {"modelplane", "python"}


def test_what_is_common_is_what_all_have() -> None:
    """One function without a dependency takes it out of the shared layer."""
    a, b = Locked(frozenset("xy"), frozenset()), Locked(frozenset("yz"), frozenset())
    assert images.common([a, b]).pins == frozenset("y")


def test_an_image_holds_nothing_of_this_machine(tmp_path: Path) -> None:
    """Scripts with this machine's Python, an installer's notes and unused extensions stay behind."""
    kept, dropped = ("grpc/x.py", "a-1.dist-info/METADATA"), ("bin/run", "cel_expr_python/ext/x.so")
    for name in (*kept, *dropped, ".lock", "a-1.dist-info/RECORD", "a-1.dist-info/direct_url.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    dependencies.strip(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
