# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Guards: of the classes that the pools use, and of the cluster while replicas or caches are on it."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import classes, clusters, managed, meta, names, paths, remote, usages
from modelplane.paths import Manifest

from compose_inference_cluster import access, inputs
from compose_inference_cluster.inputs import Wanted

CLASS = "class-"
"""Of the composed-resource key of every class's guard."""
IN_USE = "in-use"


def guards(req: fnv1.RunFunctionRequest, wanted: Wanted, found: Collection[str]) -> dict[str, Manifest]:
    """Return the guards by composed-resource key, of classes that are there."""
    cluster = wanted.xr.name
    used = sorted({pool.class_name for pool in wanted.pools if pool.class_name in found})
    out = {f"{CLASS}{name}": _of_class(cluster, name) for name in used}
    if _in_use(req, cluster):
        out[IN_USE] = usages.cluster_scoped(
            name=names.child(cluster, IN_USE),
            of=(clusters.API_VERSION, clusters.KIND, cluster),
            reason=f"ModelReplicas or ModelCaches are on InferenceCluster {cluster}",
        )
    return out


def released(req: fnv1.RunFunctionRequest, wanted: Wanted) -> frozenset[str]:
    """Return the keys of the guards whose reason is gone: no pool names the class, nobody names the cluster."""
    named = {f"{CLASS}{pool.class_name}" for pool in wanted.pools}
    gone = {key for key in req.observed.resources if key.startswith(CLASS) and key not in named}
    return frozenset(gone | ({IN_USE} if _in_use(req, wanted.xr.name) is False else set()))


def _in_use(req: fnv1.RunFunctionRequest, cluster: str) -> bool | None:
    """Return whether anything is on the cluster: what is deleted, too, until its last Object is gone from there."""
    return True if _users(req) > len(_own(req)) else inputs.in_use(req, cluster)


def _users(req: fnv1.RunFunctionRequest) -> int:
    """Return how many Objects the provider counts that reach the cluster."""
    config = managed.observed(req, access.KUBERNETES)
    return 0 if config is None else paths.whole(config, "status", "users")


def _own(req: fnv1.RunFunctionRequest) -> list[str]:
    """Return the keys of the Objects that are the cluster's own."""
    return [key for key, found in req.observed.resources.items() if meta.kind(found.resource) == remote.KIND]


def _of_class(cluster: str, name: str) -> Manifest:
    return usages.cluster_scoped(
        name=names.child(cluster, "class", name),
        of=(classes.API_VERSION, classes.KIND, name),
        reason=f"InferenceCluster {cluster} has nodes of it",
    )
