# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What packages say of themselves, and what the Configuration brings."""

import json
import re
from pathlib import Path

import pytest
import yaml

from release import manifests, names
from release import project as projects
from release.project import Manifest

ROOT = Path(__file__).parents[2]
PROJECT = projects.read(ROOT)
FUNCTIONS = [pytest.param(one, id=one.name) for one in PROJECT.functions]
PROVIDERS = {row["package"]: row["version"] for row in PROJECT.dependencies if row["kind"] == "Provider"}


def loaded(folder: Path, kind: str) -> list[Manifest]:
    """Return the manifests of one kind below a folder, by name."""
    every = [body for path in folder.rglob("*.yaml") for body in yaml.safe_load_all(path.read_text())]
    return sorted((body for body in every if body["kind"] == kind), key=lambda body: body["metadata"]["name"])


@pytest.mark.parametrize("one", FUNCTIONS)
def test_a_function_says_what_it_is(one: projects.Function) -> None:
    """A function composes and does not operate, tells what it is for, and carries its page."""
    body = manifests.function(PROJECT, one)
    assert (body["apiVersion"], body["kind"]) == ("meta.pkg.crossplane.io/v1", "Function")
    assert body["metadata"]["name"] == f"modelplane-{one.name}"
    assert body["spec"] == {"crossplane": {"version": ">=v2.3.0-0"}, "capabilities": ["composition"]}
    texts = body["metadata"]["annotations"]
    assert texts["meta.crossplane.io/description"].startswith("The composition function of")
    assert len(texts["meta.crossplane.io/readme"]) > 40
    assert {key.rpartition("/")[2] for key in texts} == {
        "maintainer", "source", "license", "description", "readme"
    }  # fmt: skip


def test_the_configuration_pins_its_functions() -> None:
    """Every function by digest, every provider by one version."""
    digests = {one.name: f"sha256:{index:064}" for index, one in enumerate(PROJECT.functions)}
    rows = manifests.configuration(PROJECT, digests)["spec"]["dependsOn"]
    ours = {row["package"]: row["version"] for row in rows if row["kind"] == "Function"}
    assert ours == {f"ghcr.io/modelplane/modelplane_{name}": digest for name, digest in digests.items()}
    providers = {row["package"]: row["version"] for row in rows if row["kind"] == "Provider"}
    assert list(providers.items()) == list(PROVIDERS.items())
    assert [version for version in providers.values() if not re.fullmatch(r"v\d+\.\d+\.\d+", version)] == []


def test_provider_kubernetes_is_the_one_that_the_tests_run() -> None:
    """The only provider that there is to run here is pinned to the version that runs."""
    pinned = (ROOT / "tests" / "e2e" / "tools" / "provider-kubernetes" / "go.mod").read_text()
    version = PROVIDERS["xpkg.crossplane.io/crossplane-contrib/provider-kubernetes"]
    assert f"github.com/crossplane-contrib/provider-kubernetes {version} " in pinned


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_family_is_pinned_before_its_providers(cloud: str) -> None:
    """Whatever a provider says of its family, the one of its own version is there first."""
    found = {package: version for package, version in PROVIDERS.items() if f"-{cloud}" in package}
    family, *others = found
    assert family.endswith(f"/provider-family-{cloud}")
    assert (len(set(found.values())), bool(others)) == (1, True)


@pytest.mark.parametrize("registry", ["ghcr.io/modelplane", "127.0.0.1:5000", "r.example.com/mirror"])
def test_compositions_call_functions_as_crossplane_installs_them(registry: str, tmp_path: Path) -> None:
    """A function's name follows from its repository, so each registry has its own Compositions."""
    project = projects.read(ROOT, registry=registry)
    manifests.write_apis(project, tmp_path)
    for body in loaded(tmp_path, "Composition"):
        (step,) = body["spec"]["pipeline"]
        assert step["functionRef"]["name"] == names.installed(names.function(project.repository, step["step"]))
    assert len(loaded(tmp_path, "Composition")) == len(PROJECT.functions)


def test_kinds_are_packaged_as_they_are(tmp_path: Path) -> None:
    """The XRDs of the package are those that the models were generated from."""
    manifests.write_apis(PROJECT, tmp_path)
    kind = "CompositeResourceDefinition"
    assert loaded(tmp_path, kind) == loaded(ROOT / "apis", kind)


def test_only_what_is_composed_is_activated(tmp_path: Path) -> None:
    """The policy in release/ names each managed kind that has a schema in tests/schemas, and no other."""
    manifests.write_apis(PROJECT, tmp_path)
    (policy,) = loaded(tmp_path, "ManagedResourceActivationPolicy")
    clouds = json.loads((ROOT / "tests" / "schemas" / "clouds.json").read_text())["origins"]
    managed = {".".join(reversed(name.split("_"))) for name in clouds if "providerconfig" not in name}
    always = {"objects.kubernetes.m.crossplane.io", "releases.helm.m.crossplane.io"}
    assert set(policy["spec"]["activate"]) == {name for name in managed if ".m." in name} | always
    assert policy["spec"]["activate"] == sorted(policy["spec"]["activate"])


def test_the_project_is_built_from_what_is_written() -> None:
    """`crossplane project build` takes the images and the Compositions that scripts/package wrote."""
    spec = yaml.safe_load((ROOT / "crossplane-project.yaml").read_text())["spec"]
    assert spec["paths"]["apis"] == "_output/apis"
    for row in spec["functions"]:
        assert row["tarball"]["pathPrefix"] == f"_output/images/{row['tarball']['name']}"
