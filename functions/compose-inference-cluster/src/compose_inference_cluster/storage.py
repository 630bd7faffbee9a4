# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The ReadWriteMany StorageClass for models: ours where the source has one, else the admin's own, only looked at."""

from google.protobuf.struct_pb2 import Struct
from modelplane import conditions, meta, names, paths, remote
from modelplane.clusters import Cluster
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_inference_cluster.clouds.row import Cloud
from compose_inference_cluster.inputs import Wanted

KEY = "storage-class"
STORAGE = "CacheStorage"


def objects(wanted: Wanted, cloud: Cloud, cluster: Cluster, made: Struct, seen: Struct | None) -> dict[str, Manifest]:
    """Return the Object of the class by composed-resource key.

    Ours comes once what it is pinned to is known, and is never changed after: a class is immutable.
    """
    name = wanted.storage_class
    ours = cloud.storage(made) if wanted.makes_class else None
    kept = seen is not None and paths.text(remote.desired(seen), "metadata", "name") == name
    if not name or (wanted.makes_class and (ours is None or kept)):
        return {}
    theirs = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    wrapped = remote.wrap(
        ours or theirs,
        name=names.child(cluster.name, KEY, limit=remote.NAME_LIMIT),
        namespace=remote.SYSTEM_NAMESPACE,
        cluster=cluster,
        # Never deleted: the kubeconfig may be gone by then, and the class goes with its cluster.
        policies=remote.WITHOUT_DELETE if ours else remote.OBSERVE_ONLY,
    )
    return {KEY: wrapped}


def published(wanted: Wanted, seen: Struct | None) -> str:
    """Return the name of the class once it exists; what was published before stays."""
    there = seen is not None and meta.statuses(seen).get("Ready") == "True"
    return wanted.storage_class if there else paths.text(wanted.xr.obj, "status", "cache", "storageClassName")


def condition(wanted: Wanted, cloud: Cloud, seen: Struct | None) -> Condition:
    """Return whether caches have a class to ask for, and what its volumes really are."""
    name = wanted.storage_class
    if not name:
        message = "Caches are not placed here: spec.cluster.existing.cache.storageClassName names no class."
        return conditions.true(STORAGE, "NotAsked", message)
    if seen is not None and meta.statuses(seen).get("Ready") == "True":
        note = f" {cloud.storage_note}" if wanted.makes_class and cloud.storage_note else ""
        return conditions.true(STORAGE, "Available", f"StorageClass {name!r} is there.{note}")
    if seen is not None and meta.statuses(seen).get("Synced") == "False":
        return _unsynced(wanted, seen)
    return conditions.false(STORAGE, "Creating", f"Waiting for StorageClass {name!r}.")


def _unsynced(wanted: Wanted, seen: Struct) -> Condition:
    """Return why a class that was asked for is not there: ours is refused, or the admin's own does not exist."""
    name = wanted.storage_class
    if wanted.makes_class:
        message = f"cannot make StorageClass {name!r} on the cluster: {meta.said(seen, 'Synced') or 'no message'}"
        return conditions.false(STORAGE, "Refused", message, warning=message)
    message = f"cannot see StorageClass {name!r} on the cluster: create it there, or name another class"
    return conditions.false(STORAGE, "NotFound", message, warning=message)
