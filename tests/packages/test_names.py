# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Packages are called as Crossplane will call them, or a Configuration would look for functions that do not exist."""

import pytest

from release import names
from release.errors import PackageError

FUNCTIONS = ("compose-inference-class", "compose-inference-cluster")


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        pytest.param(
            "ghcr.io/modelplane/modelplane_compose-model-cache", "modelplane-modelplanecompose-model-cache", id="path"
        ),
        pytest.param("127.0.0.1:5000/modelplane_compose-gke-cluster", "modelplanecompose-gke-cluster", id="no path"),
        pytest.param("r.example.com/a.b/c_d", "a-b-cd", id="a dot is a dash, an underscore nothing"),
        pytest.param(f"r.example.com/{'a' * 62}-b", "a" * 62, id="cut at 63, never ending in a dash"),
        pytest.param(f"r.example.com/{'a' * 70}", "a" * 63, id="at most 63"),
    ],
)
def test_a_package_is_called_after_its_repository(repository: str, name: str) -> None:
    """The expected names are what Crossplane 2.3 gave these repositories."""
    assert names.installed(repository) == name


def test_repositories_stand_side_by_side() -> None:
    """A function's repository is the one that `crossplane project build` derives; the hydrator is its neighbour."""
    repository = names.configuration("ghcr.io/modelplane/", "modelplane")
    assert repository == "ghcr.io/modelplane/modelplane"
    assert names.function(repository, "compose-model-cache") == "ghcr.io/modelplane/modelplane_compose-model-cache"
    assert names.hydrator(repository) == "ghcr.io/modelplane/hydrator"


def test_two_functions_of_one_name_are_refused() -> None:
    """Behind a long path the names are cut, and one function would answer for another."""
    with pytest.raises(PackageError, match=r"both 'mirror.*give a shorter --registry"):
        names.all_installed(f"r.example.com/mirror/{'x' * 32}/modelplane", FUNCTIONS)
    assert len(set(names.all_installed("r.example.com/modelplane", FUNCTIONS).values())) == 2


@pytest.mark.parametrize("registry", ["ghcr.io/modelplane", "127.0.0.1:5000", "localhost:5000/a", "r.example.com/a/b"])
def test_a_registry_is_taken(registry: str) -> None:
    """A host, with or without a port and a path."""
    names.check(registry)


@pytest.mark.parametrize(
    "registry",
    ["modelplane", "https://ghcr.io/modelplane", "ghcr.io/Modelplane", "ghcr.io/a:v1", "ghcr.io//a", "ghcr.io/a b"],
)
def test_a_wrong_registry_is_refused(registry: str) -> None:
    """What could only fail after minutes of building fails at once."""
    with pytest.raises(PackageError, match="give a registry and a path"):
        names.check(registry)
