# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Guards: of the classes that the pools use, and of the cluster while replicas or caches are on it."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import classes, clusters, names, usages
from modelplane.paths import Manifest

from compose_inference_cluster import inputs
from compose_inference_cluster.inputs import Wanted

CLASS = "class-"
"""Of the composed-resource key of every class's guard."""
IN_USE = "in-use"


def guards(req: fnv1.RunFunctionRequest, wanted: Wanted, found: Collection[str]) -> dict[str, Manifest]:
    """Return the guards by composed-resource key, of classes that are there."""
    cluster = wanted.xr.name
    used = sorted({pool.class_name for pool in wanted.pools if pool.class_name in found})
    out = {f"{CLASS}{name}": _of_class(cluster, name) for name in used}
    if inputs.in_use(req, cluster):
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
    return frozenset(gone | ({IN_USE} if inputs.in_use(req, wanted.xr.name) is False else set()))


def _of_class(cluster: str, name: str) -> Manifest:
    return usages.cluster_scoped(
        name=names.child(cluster, "class", name),
        of=(classes.API_VERSION, classes.KIND, name),
        reason=f"InferenceCluster {cluster} has nodes of it",
    )
