# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an EKSCluster reports."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import clusters, conditions, managed
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import files
from compose_eks_cluster.inputs import Cluster
from compose_eks_cluster.zones import Plan

PLANNED = "NetworkPlanned"
AVAILABLE = "ClusterAvailable"


def published(req: fnv1.RunFunctionRequest, cluster: Cluster, plan: Plan) -> Manifest:
    """Return the status: a Secret once it holds something, storage once it can be mounted; neither is forgotten."""
    out = cluster.cloud.xr.published()
    if managed.ready(req, control_plane.ACCESS):
        secret = {"type": clusters.KUBECONFIG, "name": control_plane.secret(cluster), "key": clusters.KUBECONFIG_KEY}
        out["secrets"] = [secret]
    made = files.file_system(req, plan.zones)
    return {**out, "fileSystem": {"id": made}} if made else out


def planned(plan: Plan) -> Condition:
    """Return whether every zone has its addresses."""
    if not plan.reason:
        return conditions.true(PLANNED, "Planned")
    return conditions.false(PLANNED, plan.reason, plan.message, warning=plan.message)


def available(req: fnv1.RunFunctionRequest, keys: Collection[str]) -> Condition:
    """Return whether every part of the cluster is there."""
    late = sorted(key for key in keys if not managed.ready(req, key))
    if late:
        return conditions.false(AVAILABLE, "Creating", f"Waiting for {listed(late)}.")
    return conditions.true(AVAILABLE, "Available", event="Created the cluster, its network and its node groups.")
