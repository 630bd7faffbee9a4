# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""crossplane.yaml of every package, and Compositions that name functions as Crossplane installs them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from release import names
from release.project import Function, Manifest, Project

META = "meta.pkg.crossplane.io/v1"
PACKAGES = "pkg.crossplane.io/v1"
CAPABILITIES = ["composition"]
POLICY = Path(__file__).with_name("activation.yaml")


def function(project: Project, one: Function) -> Manifest:
    """Return what a function's package says of itself."""
    texts = {"meta.crossplane.io/description": one.title, "meta.crossplane.io/readme": one.readme}
    return {
        "apiVersion": META,
        "kind": "Function",
        "metadata": {"name": f"{project.name}-{one.name}", "annotations": project.annotations | texts},
        "spec": {"crossplane": project.crossplane, "capabilities": CAPABILITIES},
    }


def configuration(project: Project, digests: Mapping[str, str]) -> Manifest:
    """Return what the Configuration says of itself; `digests` are those of the functions' packages, by name."""
    functions = [
        {
            "apiVersion": PACKAGES,
            "kind": "Function",
            "package": names.function(project.repository, name),
            "version": digest,
        }
        for name, digest in digests.items()
    ]
    readme = {"meta.crossplane.io/readme": (project.root / "README.md").read_text()}
    return {
        "apiVersion": META,
        "kind": "Configuration",
        "metadata": {"name": project.name, "annotations": project.annotations | readme},
        "spec": {"crossplane": project.crossplane, "dependsOn": [*project.dependencies, *functions]},
    }


def write_apis(project: Project, folder: Path) -> None:
    """Write what the Configuration brings: kinds, Compositions and the activation policy."""
    called = names.all_installed(project.repository, (one.name for one in project.functions))
    for path in sorted((project.root / "apis").glob("*/*.yaml")):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        documents = [_named(body, called) for body in yaml.safe_load_all(path.read_text())]
        write(target, *documents)
    shutil.copyfile(POLICY, folder / POLICY.name)


def write(path: Path, *documents: Manifest) -> None:
    """Write manifests to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False, width=1000))


def _named(body: Manifest, called: Mapping[str, str]) -> Manifest:
    """Return a Composition whose functions of ours have the names that Crossplane gives them."""
    if body["kind"] != "Composition":
        return body
    pipeline = [
        step | {"functionRef": step["functionRef"] | {"name": called.get(name, name)}}
        for step in body["spec"]["pipeline"]
        for name in [step["functionRef"]["name"]]
    ]
    return body | {"spec": body["spec"] | {"pipeline": pipeline}}
