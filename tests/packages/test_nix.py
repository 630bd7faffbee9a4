# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The flake is parsed by Nix and linted, where these programs are installed; nothing here evaluates it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([ROOT / "flake.nix", *(ROOT / "nix").glob("*.nix")])


@pytest.mark.parametrize(
    ("argv", "install"),
    [
        pytest.param(["nix-instantiate", "--parse", "--store", "dummy://"], "apt-get install nix-bin", id="parse"),
        pytest.param(["deadnix", "--fail"], "cargo install deadnix", id="lint"),
    ],
)
def test_nix_takes_every_file(argv: list[str], install: str) -> None:
    """Every file is the Nix language, and says nothing that nothing uses."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed: {install}")
    done = subprocess.run([*argv, *map(str, FILES)], capture_output=True, text=True, check=False)  # noqa: S603 - as installed
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_file_imports_is_there() -> None:
    """A flake that names a file which does not exist parses, and builds nothing."""
    named = {word.strip("();") for path in FILES for word in path.read_text().split() if word.startswith("./nix/")}
    assert named == {f"./nix/{path.name}" for path in FILES if path.name != "flake.nix"}
