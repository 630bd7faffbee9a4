# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Packages from images and manifests, by the Crossplane CLI."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from release import manifests, programs, staging
from release.project import Function, Project
from release.staging import Staging


def function(project: Project, one: Function, runtimes: Mapping[str, Path], folder: Path) -> list[Path]:
    """Build a function's package for each architecture of its runtime images."""
    root = folder / "meta" / one.name
    manifests.write(root / "crossplane.yaml", manifests.function(project, one))
    return [
        _build(root, folder / f"{one.name}-{architecture}.xpkg", f"--embed-runtime-image-tarball={runtime}")
        for architecture, runtime in runtimes.items()
    ]


def configuration(project: Project, digests: Mapping[str, str], apis: Path, folder: Path) -> Path:
    """Build the Configuration."""
    root = folder / "meta" / project.name
    manifests.write(root / "crossplane.yaml", manifests.configuration(project, digests))
    for path in sorted(apis.rglob("*.yaml")):
        target = root / path.relative_to(apis)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return _build(root, folder / f"{project.name}.xpkg")


def push(store: Staging, name: str, packages: Sequence[Path]) -> str:
    """Push a package's files to the staging registry, as one package; return its name there."""
    image = store.name(f"packages/{name}", "built")
    files = ",".join(str(path) for path in packages)
    argv = [programs.path("crossplane"), "xpkg", "push", f"--package-files={files}", image]
    programs.run(argv, what=f"stage the package {name}")
    return f"{image.rpartition(':')[0]}@{staging.digest(image)}"


def _build(root: Path, package: Path, *flags: str) -> Path:
    argv = [programs.path("crossplane"), "xpkg", "build", f"--package-root={root}", f"--package-file={package}"]
    argv += [f"--examples-root={root / 'none'}", *flags]
    programs.run(argv, what=f"build the package {package.name}")
    return package
