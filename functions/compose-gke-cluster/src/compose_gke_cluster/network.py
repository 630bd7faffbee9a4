# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The network of a cluster: a VPC, a subnetwork with the ranges of pods and Services, and the Filestore API."""

from modelplane import managed
from modelplane.managed import Part

from compose_gke_cluster.inputs import NETWORK, Cluster

SUBNETWORK = "subnetwork"
FILESTORE = "filestore-api"

PODS_RANGE = "pods"
SERVICES_RANGE = "services"


def parts(cluster: Cluster) -> dict[str, Part]:
    """Return the parts by composed-resource key."""
    cloud = cluster.cloud
    # Never disabled on destroy: other clusters of the project may hold volumes.
    service = {"service": "file.googleapis.com", "disableOnDestroy": False, "project": cluster.project}
    network = {"autoCreateSubnetworks": False, "routingMode": "REGIONAL", "project": cluster.project}
    subnetwork = {
        "project": cluster.project,
        "region": cluster.region,
        "ipCidrRange": cluster.nodes,
        "networkSelector": managed.sibling(NETWORK),
        "privateIpGoogleAccess": True,
        "secondaryIpRange": [
            {"rangeName": PODS_RANGE, "ipCidrRange": cluster.pods},
            {"rangeName": SERVICES_RANGE, "ipCidrRange": cluster.services},
        ],
    }
    return {
        FILESTORE: Part(cloud.resource("cloudplatform.gcp.m.upbound.io/v1beta1 ProjectService", FILESTORE, service)),
        NETWORK: Part(cloud.resource("compute.gcp.m.upbound.io/v1beta1 Network", NETWORK, network)),
        SUBNETWORK: Part(
            cloud.resource("compute.gcp.m.upbound.io/v1beta1 Subnetwork", SUBNETWORK, subnetwork), (NETWORK,)
        ),
    }
