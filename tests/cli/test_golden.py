# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every example renders to its goldens, ends in Ready, and prints no secret."""

import os
import subprocess
import sys

import previews
import pytest
from modelplane_cli import load


@pytest.fixture(name="files", scope="module", params=previews.examples())
def _files(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """Return an example and its files as they are now."""
    return request.param, previews.files(request.param)


def test_goldens(files: tuple[str, dict[str, str]]) -> None:
    """What is printed is what was reviewed; scripts/golden rewrites it."""
    example, made = files
    folder = previews.GOLDEN / example
    for name, text in made.items():
        assert text == (folder / name).read_text(encoding="utf-8"), f"{name} differs: run scripts/golden and review"
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == sorted(made)


def test_secrets_are_never_printed(files: tuple[str, dict[str, str]]) -> None:
    """No golden holds the token, as it is or decoded."""
    for name, text in files[1].items():
        assert previews.TOKEN not in text, name
        assert "token-of-the-goldens" not in text, name


def test_examples_end_in_ready(files: tuple[str, dict[str, str]]) -> None:
    """An example becomes Ready on the examples' fleet, given what it describes."""
    assert "ready.yaml" in files[1]
    assert files[1]["timeline.txt"].splitlines()[-1].startswith("Ready after ")


def test_the_same_in_every_process() -> None:
    """The order of sets and dicts, which differs between processes, changes nothing."""
    command = [sys.executable, "-m", "modelplane_cli", "render", "examples/cache/qwen", "--fleet", previews.FLEET]
    printed = {
        subprocess.run(  # noqa: S603  our own program
            [*command, "--until-ready"],
            cwd=previews.ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {(previews.GOLDEN / "cache/qwen/timeline.txt").read_bytes()}


def test_every_manifest_is_an_example() -> None:
    """Every folder below examples/ has a README beside its manifests, and no Secret in them."""
    for path in (previews.ROOT / "examples").rglob("*.yaml"):
        assert (path.parent / "README.md").exists(), path
        assert all(doc.body["kind"] != "Secret" for doc in load.documents([str(path)])), path
