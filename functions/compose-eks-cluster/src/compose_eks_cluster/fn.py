# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Compose an EKS cluster: network, identities, the cluster, node groups, storage; each once what it needs is there."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, managed
from modelplane.composed import Composed

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import files, guards, iam, network, nodes, status, templates, zones
from compose_eks_cluster.inputs import Cluster


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose what is due; nothing new is composed while a zone has no addresses, and nothing goes for it."""
    cluster = Cluster.read(req)
    plan = zones.plan(req, cluster)
    planned, published, guarded = status.planned(plan), status.published(req, cluster, plan), guards.guards(cluster)
    if not plan.zones:
        stands = conditions.stands(cluster.cloud.xr.obj, (status.AVAILABLE,))
        return Composed(resources=guarded, status=published, conditions=(planned, *stands))
    parts = {
        **network.parts(cluster, plan.zones),
        **iam.parts(cluster),
        **control_plane.parts(cluster, plan.zones, nodes.system(cluster)),
        **templates.parts(req, cluster),
        **nodes.parts(req, cluster, plan.zones),
        **files.parts(req, cluster, plan.zones),
    }
    available = status.available(req, parts)
    return Composed(
        resources={**guarded, **managed.due(req, parts)},
        released=nodes.released(req, cluster),
        status=published,
        conditions=(planned, available),
        ready=available.status == "True",
    )
