# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cluster itself: VPC-native, Workload Identity, the Filestore driver, no node pool of its own."""

from modelplane import managed
from modelplane.managed import Part

from compose_gke_cluster import network
from compose_gke_cluster.inputs import CLUSTER, NETWORK, Cluster

NAME_LIMIT = 40
"""GKE's longest name of a cluster, and of a node pool."""


def parts(cluster: Cluster) -> dict[str, Part]:
    """Return the cluster by composed-resource key."""
    wanted = {
        "project": cluster.project,
        "location": cluster.region,
        "minMasterVersion": cluster.version,
        "releaseChannel": {"channel": "REGULAR"},
        "networkSelector": managed.sibling(NETWORK),
        "subnetworkSelector": managed.sibling(network.SUBNETWORK),
        "networkingMode": "VPC_NATIVE",
        "ipAllocationPolicy": {
            "clusterSecondaryRangeName": network.PODS_RANGE,
            "servicesSecondaryRangeName": network.SERVICES_RANGE,
        },
        "workloadIdentityConfig": {"workloadPool": f"{cluster.project}.svc.id.goog"},
        "addonsConfig": {"gcpFilestoreCsiDriverConfig": {"enabled": True}},
        "removeDefaultNodePool": True,
        # The guards of the InferenceCluster decide over deletion, not a flag that nobody can clear in time.
        "deletionProtection": False,
    }
    body = cluster.cloud.resource(
        "container.gcp.m.upbound.io/v1beta1 Cluster",
        CLUSTER,
        wanted,
        limit=NAME_LIMIT,
        first={"initialNodeCount": 1},
        secret=secret(cluster),
    )
    return {CLUSTER: Part(body, (network.SUBNETWORK, network.FILESTORE))}


def secret(cluster: Cluster) -> str:
    """Return the name of the Secret with the cluster's kubeconfig."""
    return cluster.cloud.name("kubeconfig", limit=63)
