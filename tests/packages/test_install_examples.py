# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The manifests in examples/install fit the packages that are built. That Crossplane takes them, the rig shows."""

from pathlib import Path

import pytest
import yaml
from modelplane_cli import functions

from release import build, images, names
from release import project as projects
from release.project import Manifest

ROOT = Path(__file__).parents[2]
PROJECT = projects.read(ROOT)
REPOSITORIES = [names.function(PROJECT.repository, one.name) for one in PROJECT.functions]
MIRROR = {"ghcr.io/modelplane": "registry.example.com/modelplane"}
INSTALL = ("configuration.yaml", "runtime.yaml")


def manifests(*files: str) -> list[Manifest]:
    """Return the manifests of files below examples/install."""
    return [body for file in files for body in yaml.safe_load_all((ROOT / "examples" / "install" / file).read_text())]


def runtime(image: str, *files: str) -> Manifest:
    """Return the container that an image runs as: its ImageConfig's with the longest prefix, as Crossplane chooses."""
    every = manifests(*files)
    bound = {
        row["prefix"]: body["spec"]["runtime"]["configRef"]["name"]
        for body in every
        if body["kind"] == "ImageConfig" and "runtime" in body["spec"]
        for row in body["spec"]["matchImages"]
        if image.startswith(row["prefix"])
    }
    name = bound[max(bound, key=len)]
    (config,) = [b for b in every if b["kind"] == "DeploymentRuntimeConfig" and b["metadata"]["name"] == name]
    (container,) = config["spec"]["deploymentTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["name"] == "package-runtime"
    return container


def test_the_configuration_is_the_one_that_is_built() -> None:
    """The manifest names the repository of the project."""
    (configuration,) = manifests("configuration.yaml")
    assert configuration["spec"]["package"].rpartition(":")[0] == PROJECT.repository


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_function_runs_with_few_rights(repository: str) -> None:
    """Every function is bound to a runtime: the image's user, a read-only root, no capabilities, bounded memory."""
    container = runtime(f"{repository}@sha256:0", "runtime.yaml")
    security = container["securityContext"]
    assert f"{security['runAsUser']}:{security['runAsGroup']}" == images.USER
    assert (security["readOnlyRootFilesystem"], security["capabilities"]) == (True, {"drop": ["ALL"]})
    assert container["resources"]["limits"] == {"memory": "512Mi"}


def test_the_provider_keeps_tokens_out_of_status() -> None:
    """provider-kubernetes runs as the functions count on."""
    (row,) = [row for row in PROJECT.dependencies if row["package"].endswith("provider-kubernetes")]
    image = f"{row['package']}:{row['version']}"
    assert runtime(image, "runtime.yaml")["args"] == ["--sanitize-secrets", "--poll=1m"]


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_a_mirrored_function_runs_the_same(repository: str) -> None:
    """A runtime follows the name that an image is fetched by; only the cache is told of another hydrator."""
    (public, private), *_ = MIRROR.items()
    mirrored = runtime(repository.replace(public, private), *INSTALL, "mirror/mirror.yaml")
    env = {row["name"]: row["value"] for row in mirrored.pop("env", [])}
    assert mirrored == runtime(repository, "runtime.yaml")
    hydrator = names.hydrator(PROJECT.repository).replace(public, private)
    takes = any(option.envvar == build.HYDRATOR_VARIABLE for option in functions.options().get(_name(repository), []))
    assert {key: value.rpartition(":")[0] for key, value in env.items()} == (
        {build.HYDRATOR_VARIABLE: hydrator} if takes else {}
    )


def test_everything_is_mirrored() -> None:
    """Each package that the Configuration needs is fetched from the mirror."""
    rewritten = [
        row["prefix"]
        for body in manifests("mirror/mirror.yaml")
        if body["kind"] == "ImageConfig" and "rewriteImage" in body["spec"]
        for row in body["spec"]["matchImages"]
    ]
    needed = [PROJECT.repository, *REPOSITORIES, *(row["package"] for row in PROJECT.dependencies)]
    assert [package for package in needed if not package.startswith(tuple(rewritten))] == []


def _name(repository: str) -> str:
    return repository.rpartition("_")[2]
