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
from compose_eks_cluster.inputs import CLUSTER, Cluster
from compose_eks_cluster.zones import Plan, Zone


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose what is due; without two zones nothing new is, and a pool whose zones have no addresses waits alone."""
    cluster = Cluster.read(req)
    plan = zones.plan(req, cluster)
    planned, published, guarded = status.planned(plan), status.published(req, cluster, plan), guards.guards(cluster)
    needs, released = nodes.leaving(req, cluster), nodes.released(req, cluster)
    if not plan.zones:
        told = (planned, *conditions.stands(cluster.cloud.xr.obj, (status.AVAILABLE,)))
        return Composed(needs=needs, resources=guarded, released=released, status=published, conditions=told)
    parts = _parts(req, cluster, plan)
    available = status.available(req, parts)
    return Composed(
        needs=needs,
        resources={**guarded, **managed.due(req, parts)},
        released=released,
        status=published,
        conditions=(planned, available),
        ready=planned.status == available.status == "True",
    )


def _parts(req: fnv1.RunFunctionRequest, cluster: Cluster, plan: Plan) -> dict[str, Part]:
    """Return all parts by composed-resource key, of the pools whose zones have their addresses."""
    names = {zone.name for zone in plan.zones}
    pools = tuple(pool for pool in cluster.pools if names.issuperset(pool.zones))
    kept = network.kept(managed.observed(req, CLUSTER), "vpcConfig")
    return {
        **_steady(cluster, plan.zones, kept, with_files=files.are_ours(req, cluster)),
        **templates.parts(req, cluster, pools),
        **nodes.parts(req, cluster, pools, sorted(names & cluster.zones) or sorted(names)),
    }


@functools.lru_cache(maxsize=128)
def _steady(
    cluster: Cluster, found: tuple[Zone, ...], kept: tuple[str, ...], *, with_files: bool
) -> Mapping[str, Part]:
    """Return the parts that nothing but the spec decides, and so many replies have alike."""
    parts = {
        **network.parts(cluster, found),
        **iam.parts(cluster),
        **control_plane.parts(cluster, found, nodes.system(cluster), kept),
        **(files.parts(cluster, found) if with_files else {}),
    }
    return {key: part.made() for key, part in parts.items()}
