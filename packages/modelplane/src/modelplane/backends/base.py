# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the volume's owner, the pods that mount it, and those that call them must agree on."""

from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct

from modelplane import labels, names, paths
from modelplane.paths import Manifest

CACHE_MOUNT_PATH = "/mnt/models"
"""Where an engine finds its model."""
CACHE_VOLUME = "model-cache"
"""The pod's volume of the claim."""
PVC_NAME_PREFIX = "modelcache"
TREES = "trees"
"""The volume's folder of published models, each a folder of its own."""

ENGINE_PORT = 8000
"""Where an engine answers the OpenAI API."""


@dataclass(frozen=True, slots=True)
class Mount:
    """The model that pods mount: a tree on the volume of a claim; the empty tree is the volume's root."""

    claim: str
    tree: str
    read_only: bool = False


def cache_pvc_name(namespace: str, name: str) -> str:
    """Return the name of a ModelCache's claim, the same on every workload cluster."""
    return names.child(PVC_NAME_PREFIX, namespace, name)


def cache_mounts(mount: Mount | None) -> tuple[list[Manifest], list[Manifest]]:
    """Return the pod's volume and the container's mount of the model; none of both without a cache."""
    if mount is None:
        return [], []
    at: Manifest = {"name": CACHE_VOLUME, "mountPath": CACHE_MOUNT_PATH}
    if mount.tree:
        at["subPath"] = f"{TREES}/{mount.tree}"
    if mount.read_only:
        at["readOnly"] = True
    return [{"name": CACHE_VOLUME, "persistentVolumeClaim": {"claimName": mount.claim}}], [at]


def mounted(pod: Struct) -> Mount | None:
    """Return what `cache_mounts` gave to a pod's spec, or None."""
    volumes = (v for v in paths.children(pod, "volumes") if paths.text(v, "name") == CACHE_VOLUME)
    claim = next((paths.text(v, "persistentVolumeClaim", "claimName") for v in volumes), "")
    if not claim:
        return None
    for container in paths.children(pod, "containers"):
        for at in paths.children(container, "volumeMounts"):
            if paths.text(at, "name") == CACHE_VOLUME:
                tree = paths.text(at, "subPath").removeprefix(f"{TREES}/")
                return Mount(claim, tree, paths.flag(at, "readOnly"))
    return None


def apply_cache_args(args: Sequence[str], *, command: Sequence[str], mount: Mount | None) -> list[str]:
    """Return an engine's arguments with the model's path, unless the user runs a command or names a model."""
    if mount is None or command or _names_model(args):
        return list(args)
    return [*args, f"--model={CACHE_MOUNT_PATH}"]


def positional_model(args: Sequence[str]) -> bool:
    """Return whether the first argument is a model; a later one may be the value of a flag."""
    return bool(args) and not args[0].startswith("-")


def serving_labels(replica: str) -> dict[str, str]:
    """Return the labels of the pods that answer the OpenAI API for a replica, which its Service selects."""
    return {labels.SERVING: replica}


def _names_model(args: Sequence[str]) -> bool:
    return positional_model(args) or any(arg == "--model" or arg.startswith("--model=") for arg in args)
