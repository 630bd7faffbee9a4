# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Compose an EKS cluster: network, identities, the cluster, node groups, storage; each once what it needs is there."""

import functools
from collections.abc import Mapping

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, managed
from modelplane.composed import Composed
from modelplane.managed import Part

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import files, guards, iam, network, nodes, status, templates, zones
from compose_eks_cluster.inputs import Cluster
from compose_eks_cluster.zones import Zone


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose what is due; nothing new is composed while a zone has no addresses, and nothing goes for it."""
    cluster = Cluster.read(req)
    plan = zones.plan(req, cluster)
    planned, published, guarded = status.planned(plan), status.published(req, cluster, plan), guards.guards(cluster)
    if not plan.zones:
        stands = conditions.stands(cluster.cloud.xr.obj, (status.AVAILABLE,))
        return Composed(resources=guarded, status=published, conditions=(planned, *stands))
    parts = {
        **_steady(cluster, plan.zones, with_files=files.are_ours(req, cluster)),
        **templates.parts(req, cluster),
        **nodes.parts(req, cluster, plan.zones),
    }
    available = status.available(req, parts)
    return Composed(
        resources={**guarded, **managed.due(req, parts)},
        released=nodes.released(req, cluster),
        status=published,
        conditions=(planned, available),
        ready=available.status == "True",
    )


@functools.lru_cache(maxsize=128)
def _steady(cluster: Cluster, found: tuple[Zone, ...], *, with_files: bool) -> Mapping[str, Part]:
    """Return the parts that nothing but the spec decides, and so many replies have alike."""
    parts = {
        **network.parts(cluster, found),
        **iam.parts(cluster),
        **control_plane.parts(cluster, found, nodes.system(cluster)),
        **(files.parts(cluster, found) if with_files else {}),
    }
    return {key: part.made() for key, part in parts.items()}
