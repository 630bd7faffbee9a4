# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""crossplane-project.yaml, and what the functions say of themselves, as frozen data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from release import names
from release.errors import PackageError

FILE = "crossplane-project.yaml"
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """A function: its name, its one sentence, its page."""

    name: str
    title: str
    readme: str

    @property
    def module(self) -> str:
        """The Python module that serves it."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Project:
    """What becomes a Configuration."""

    root: Path
    name: str
    repository: str
    annotations: dict[str, str]
    crossplane: Manifest
    dependencies: tuple[Manifest, ...]
    architectures: tuple[str, ...]
    functions: tuple[Function, ...]

    @property
    def source(self) -> str:
        """Where the code is."""
        return self.annotations["meta.crossplane.io/source"]

    @property
    def hydrator(self) -> Path:
        """Where the hydrator's package is."""
        return self.root / "packages" / "hydrator"


def read(root: Path, *, registry: str = "") -> Project:
    """Return the project, with the repository that it is built for."""
    body = yaml.safe_load((root / FILE).read_text())
    name, spec = body["metadata"]["name"], body["spec"]
    texts = ("maintainer", "source", "license", "description")
    if registry:
        names.check(registry)
    return Project(
        root=root,
        name=name,
        repository=names.configuration(registry, name) if registry else spec["repository"],
        annotations={f"meta.crossplane.io/{text}": spec[text] for text in texts},
        crossplane=spec["crossplane"],
        dependencies=tuple(row["xpkg"] for row in spec["dependencies"] if row["type"] == "xpkg"),
        architectures=tuple(spec["architectures"]),
        functions=tuple(_function(root, row["tarball"]["name"]) for row in spec["functions"]),
    )


def _function(root: Path, name: str) -> Function:
    file = root / "functions" / name / "pyproject.toml"
    if not file.is_file():
        raise PackageError(f"cannot package {name}: {FILE} names it and {file.relative_to(root)} does not exist")
    title = tomllib.loads(file.read_text())["project"]["description"]
    return Function(name, title, _readme(root, name))


def _readme(root: Path, name: str) -> str:
    """Return the page of a function's kind, or what its schema says of the kind."""
    page = root / "docs" / "concepts" / f"{name.removeprefix('compose-')}.md"
    if page.is_file():
        return page.read_text()
    for path in sorted((root / "apis").glob("*/composition.yaml")):
        steps = yaml.safe_load(path.read_text())["spec"]["pipeline"]
        if steps[0]["step"] == name:
            xrd = yaml.safe_load(path.with_name("definition.yaml").read_text())
            schema: Manifest = xrd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            return str(schema.get("description", "")) + "\n"
    raise PackageError(f"cannot package {name}: no Composition in apis/ has a step of this name")
