# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Compose a GKE cluster: network, identities, the cluster, its node pools, each once what it needs is there."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, inputs, managed
from modelplane.composed import Composed

from compose_gke_cluster import cluster as control_plane
from compose_gke_cluster import iam, network, nodes, status
from compose_gke_cluster.inputs import Cluster


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose what is due; nothing is composed before the project is known, and nothing goes when it is lost."""
    cluster = Cluster.read(req)
    if not inputs.resolved(req, cluster.needs):
        return Composed.waiting(req, cluster.needs, status.TYPES)
    project, published = status.project(cluster), status.published(req, cluster)
    if not cluster.project:
        stands = conditions.stands(cluster.cloud.xr.obj, (status.SIZED, status.AVAILABLE))
        return Composed(needs=cluster.needs, status=published, conditions=(project, *stands))
    parts = {
        **network.parts(cluster),
        **iam.parts(cluster),
        **control_plane.parts(cluster),
        **nodes.parts(cluster),
    }
    available = status.available(req, parts)
    return Composed(
        needs=cluster.needs,
        resources=managed.due(req, parts),
        released=frozenset(key for key in req.observed.resources if key.startswith(nodes.PREFIX) and key not in parts),
        status=published,
        conditions=(project, status.sized(cluster), available),
        ready=available.status == "True",
    )
