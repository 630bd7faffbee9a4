# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every folder of functions/ is a function: named in the project, registered, composed by exactly one step."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml
from modelplane_cli import apis, functions

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.name for path in (ROOT / "functions").iterdir() if (path / "pyproject.toml").is_file())
PROJECT = yaml.safe_load((ROOT / "crossplane-project.yaml").read_text())
STEPS = Counter(step.function for api in apis.packaged().values() for step in api.steps)

every_function = pytest.mark.parametrize("name", FOLDERS)


def test_the_project_lists_what_there_is() -> None:
    """A package is built for every function, and for nothing else."""
    assert sorted(function["tarball"]["name"] for function in PROJECT["spec"]["functions"]) == FOLDERS


def test_what_is_registered_is_what_there_is() -> None:
    """Command line and tests find functions by entry point; in a workspace with all of them that is every folder."""
    assert sorted(functions.installed({})) == FOLDERS


def test_compositions_name_only_functions_of_ours() -> None:
    """A step without a function would fail in the cluster."""
    assert set(STEPS) <= set(FOLDERS)


@every_function
def test_a_function_is_one_step_of_one_kind(name: str) -> None:
    """The kind of an XR decides its function, so no function composes two kinds."""
    assert STEPS[name] == 1


@every_function
def test_a_function_is_packaged_by_its_name(name: str) -> None:
    """Folder, distribution, module, entry point and version say the same."""
    read = tomllib.loads((ROOT / "functions" / name / "pyproject.toml").read_text())
    module = name.replace("-", "_")
    assert read["project"]["name"] == name
    assert read["project"]["entry-points"]["modelplane.functions"] == {name: f"{module}.fn:compose"}
    assert read["project"]["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (ROOT / "functions" / name / "src" / module / "__main__.py").is_file()


@every_function
def test_a_function_stands_in_the_layers(name: str) -> None:
    """Import-linter knows every function, or siblings could import each other unseen."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layer = next(c for c in linter["contracts"] if c["type"] == "layers")["layers"][1]
    module = name.replace("-", "_")
    assert module in linter["root_packages"]
    assert module in layer.split(" | ")
