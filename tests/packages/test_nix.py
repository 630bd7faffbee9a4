# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The flake is parsed by Nix and no more: nothing here evaluates it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([ROOT / "flake.nix", *(ROOT / "nix").glob("*.nix")])


@pytest.mark.slow
@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in FILES])
def test_nix_parses(path: Path) -> None:
    """`nix-instantiate --parse` takes every file."""
    argv = ["nix-instantiate", "--parse", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - Nix, as installed
    assert done.returncode == 0, done.stderr


def test_what_a_file_imports_is_there() -> None:
    """A flake that names a file which does not exist parses, and builds nothing."""
    named = {word.strip("();") for path in FILES for word in path.read_text().split() if word.startswith("./nix/")}
    assert named == {f"./nix/{path.name}" for path in FILES if path.name != "flake.nix"}
