# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The manifests of `examples/`, and what of them the rig has to provide."""

from collections.abc import Iterator
from pathlib import Path

from e2e.rig import kube, places

NAMESPACE = "ml-team"
"""Where the examples of an ML team are."""


def files() -> list[Path]:
    """Return the YAML files of every example; those that install packages are for a control plane without any."""
    every = sorted((places.REPOSITORY / "examples").rglob("*.yaml"))
    return [path for path in every if "install" not in path.parts]


def manifests() -> list[kube.Manifest]:
    """Return every manifest of every example."""
    return [manifest for path in files() for manifest in kube.manifests(path)]


def repos() -> tuple[str, ...]:
    """Return the Hub repositories that the examples' caches name."""
    caches = [row["spec"]["huggingFace"] for row in manifests() if row["kind"] == "ModelCache"]
    return tuple(sorted({cache["repo"] for cache in caches}))


def images() -> tuple[str, ...]:
    """Return the images that the examples' engines run, where the node's mirror is asked for them."""
    found = {image for manifest in manifests() for image in _images(manifest)}
    return tuple(sorted(image for image in found if "." not in image.partition("/")[0]))


def _images(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for container in value.get("containers") or ():
            yield container["image"]
        for inner in value.values():
            yield from _images(inner)
    if isinstance(value, list):
        for inner in value:
            yield from _images(inner)


def folders() -> list[Path]:
    """Return the folders that hold an example of their own; the fleet is what they stand on."""
    found = {path.parent for path in files()}
    return sorted(folder for folder in found if folder.name != "fleet")
