# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a ModelCache publishes for each cluster, as its readers see it."""

from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct

from modelplane import paths
from modelplane.inputs import Need

API_VERSION = "modelplane.ai/v1alpha1"
KIND = "ModelCache"

READY = "Ready"


@dataclass(frozen=True, slots=True)
class Staged:
    """How far one cluster is: the phase of the wanted source, and the newest verified tree there.

    `tree` is None in the status of an implementation that has no trees: the volume's root is the model.
    """

    cluster: str
    phase: str
    message: str
    tree: str | None
    bytes_staged: int
    bytes_total: int


def one(name: str, namespace: str) -> Need:
    """Return the need of a single cache of a namespace."""
    return Need(name="cache", api_version=API_VERSION, kind=KIND, match_name=name, namespace=namespace)


def staged(cache: Struct) -> dict[str, Staged]:
    """Return what a ModelCache publishes, by the name of the cluster."""
    return {entry.cluster: entry for entry in map(_entry, paths.children(cache, "status", "clusters"))}


def staged_on(cache: Struct, cluster: str) -> Staged | None:
    """Return what a ModelCache publishes for one cluster, or None."""
    for entry in paths.children(cache, "status", "clusters"):
        if paths.text(entry, "name") == cluster:
            return _entry(entry)
    return None


def selector(cache: Struct) -> dict[str, str]:
    """Return the labels that a ModelCache wants of its clusters."""
    return paths.texts(cache, "spec", "clusterSelector", "matchLabels")


def _entry(obj: Struct) -> Staged:
    return Staged(
        cluster=paths.text(obj, "name"),
        phase=paths.text(obj, "phase"),
        message=paths.text(obj, "message"),
        tree=paths.text(obj, "tree") if paths.has(obj, "tree") else None,
        bytes_staged=paths.whole(obj, "bytesStaged"),
        bytes_total=paths.whole(obj, "bytesTotal"),
    )
