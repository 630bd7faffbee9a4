# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a GKECluster reports."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import clusters, conditions, managed
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_gke_cluster import cluster as control_plane
from compose_gke_cluster import iam
from compose_gke_cluster.inputs import CLUSTER, NETWORK, Cluster

PROJECT = "ProjectKnown"
SIZED = "NodePoolsSized"
AVAILABLE = "ClusterAvailable"
TYPES = (PROJECT, SIZED, AVAILABLE)


def published(req: fnv1.RunFunctionRequest, cluster: Cluster) -> Manifest:
    """Return the status: secrets once they hold something, the VPC's name once it is known; neither is forgotten."""
    out = cluster.cloud.xr.published()
    if managed.ready(req, CLUSTER) and managed.ready(req, iam.KEY):
        out["secrets"] = [
            _secret(clusters.KUBECONFIG, control_plane.secret(cluster), clusters.KUBECONFIG_KEY),
            _secret(clusters.GOOGLE_CREDENTIALS, iam.secret(cluster), clusters.GOOGLE_KEY),
        ]
    name = managed.external_name(managed.observed(req, NETWORK))
    return {**out, "network": {"name": name}} if name else out


def project(cluster: Cluster) -> Condition:
    """Return whether the project is known."""
    if cluster.project:
        return conditions.true(PROJECT, "Known", f"The project is {cluster.project}.")
    config = cluster.cloud.config
    message = f"{config['kind']} {config['name']!r} names no project: set its spec.projectID, or spec.project"
    return conditions.false(PROJECT, "ProjectMissing", message, warning=message)


def sized(cluster: Cluster) -> Condition:
    """Return how the pools begin: GKE makes as many nodes in every zone, so a remainder is left to its autoscaler."""
    begins = ((pool, pool.initial * len(pool.zones)) for pool in cluster.pools if pool.zones)
    short = [
        f"pool {pool.name!r} begins with {nodes} of {pool.count} nodes in {len(pool.zones)} zones"
        for pool, nodes in begins
        if nodes != pool.count
    ]
    if not short:
        return conditions.true(SIZED, "Sized")
    return conditions.true(SIZED, "Remainder", f"{listed(short)}: its autoscaler adds the rest when pods need it.")


def available(req: fnv1.RunFunctionRequest, keys: Collection[str]) -> Condition:
    """Return whether every part of the cluster is there."""
    late = sorted(key for key in keys if not managed.ready(req, key))
    if late:
        return conditions.false(AVAILABLE, "Creating", f"Waiting for {listed(late)}.")
    return conditions.true(AVAILABLE, "Available", event="Created the cluster, its network and its node pools.")


def _secret(typ: str, name: str, key: str) -> Manifest:
    return {"type": typ, "name": name, "key": key}
