# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The node pools. GKE's totals count over all zones of a pool, so that a pool means what its user wrote."""

from modelplane import labels, managed
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_gke_cluster import iam
from compose_gke_cluster.cluster import NAME_LIMIT
from compose_gke_cluster.inputs import CLUSTER, Cluster, Pool

PREFIX = "pool-"
"""Of the composed-resource key of every pool."""

_DRA_NODES = {"nvidia.com/gpu.present": "true", "gke-no-default-nvidia-gpu-device-plugin": "true"}
"""NVIDIA's DRA driver runs where the first is; GKE's own device plugin, which would offer the GPUs twice, not there."""


def key(pool: Pool) -> str:
    """Return a pool's composed-resource key."""
    return f"{PREFIX}{'gpu' if pool.accelerator else 'system'}-{pool.name}"


def parts(cluster: Cluster) -> dict[str, Part]:
    """Return the pools by composed-resource key."""
    after = (CLUSTER, iam.binding(iam.NODES))
    return {key(pool): Part(_pool(cluster, pool), after) for pool in cluster.pools}


def _pool(cluster: Cluster, pool: Pool) -> Manifest:
    wanted: Manifest = {
        "project": cluster.project,
        "location": cluster.region,
        "clusterSelector": managed.sibling(CLUSTER),
        "autoscaling": {
            "totalMinNodeCount": pool.least,
            "totalMaxNodeCount": pool.most,
            "locationPolicy": "ANY" if pool.accelerator else "BALANCED",
        },
        "management": {"autoRepair": True, "autoUpgrade": True},
        "nodeConfig": _config(pool),
    }
    wanted |= {"nodeLocations": list(pool.zones)} if pool.zones else {}
    return cluster.cloud.resource(
        "container.gcp.m.upbound.io/v1beta1 NodePool",
        key(pool),
        wanted,
        limit=NAME_LIMIT,
        first={"initialNodeCount": pool.initial},
    )


def _config(pool: Pool) -> Manifest:
    out: Manifest = {
        "machineType": pool.machine,
        "diskSizeGb": pool.disk,
        "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "serviceAccountSelector": managed.sibling(iam.NODES),
        "workloadMetadataConfig": {"mode": "GKE_METADATA"},
        "labels": _labels(pool),
    }
    if not pool.accelerator:
        return out
    driver = {"gpuDriverVersion": "LATEST"}
    gpu = {"type": pool.accelerator, "count": pool.accelerators, "gpuDriverInstallationConfig": driver}
    return {**out, "guestAccelerator": [gpu]}


def _labels(pool: Pool) -> dict[str, str]:
    if not pool.accelerator:
        return {labels.POOL: pool.name}
    return {labels.POOL: pool.name, labels.GPU: pool.accelerator, **({} if pool.extended else _DRA_NODES)}
