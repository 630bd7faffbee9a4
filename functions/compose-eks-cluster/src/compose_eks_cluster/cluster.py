# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cluster itself, the kubeconfig that reaches it, and Amazon's own add-ons."""

from modelplane import managed
from modelplane.managed import Part

from compose_eks_cluster import iam
from compose_eks_cluster.inputs import CLUSTER, Cluster
from compose_eks_cluster.zones import PRIVATE, PUBLIC, Zone, subnet

GROUP = "eks.aws.m.upbound.io/v1beta1"
ACCESS = "access"
POD_IDENTITY = "eks-pod-identity-agent"
DRIVERS = {"aws-ebs-csi-driver": iam.EBS, "aws-efs-csi-driver": iam.EFS}
"""Add-ons that call Amazon's APIs, and by which role."""


def parts(cluster: Cluster, zones: tuple[Zone, ...], nodes: tuple[str, ...], kept: tuple[str, ...]) -> dict[str, Part]:
    """Return the parts by composed-resource key.

    `nodes` are the keys of those that the add-ons run on, `kept` the subnets that the cluster was made in.
    """
    subnets = tuple(subnet(side, zone.name) for side in (PRIVATE, PUBLIC) for zone in zones)
    wanted = {
        "version": cluster.version,
        "roleArnSelector": managed.sibling(iam.role(CLUSTER)),
        "accessConfig": {
            "authenticationMode": "API_AND_CONFIG_MAP",
            # Whoever made the cluster is its admin, and so is the token of `access`, which is theirs.
            "bootstrapClusterCreatorAdminPermissions": True,
        },
        "vpcConfig": {
            "endpointPrivateAccess": True,
            "endpointPublicAccess": True,
            "subnetIdRefs": [{"name": name} for name in kept]
            or [cluster.ref(subnet(PRIVATE, zone.name)) for zone in zones],
        },
    }
    of_cluster = {"clusterNameSelector": managed.sibling(CLUSTER)}
    access = cluster.resource(f"{GROUP} ClusterAuth", ACCESS, of_cluster)
    access["spec"]["writeConnectionSecretToRef"] = {"name": secret(cluster)}
    out = {
        CLUSTER: Part(cluster.resource(f"{GROUP} Cluster", CLUSTER, wanted), (*subnets, *iam.attachments(CLUSTER))),
        ACCESS: Part(access, (CLUSTER,)),
        POD_IDENTITY: Part(_addon(cluster, POD_IDENTITY), nodes),
    }
    for name, of in DRIVERS.items():
        after = (POD_IDENTITY, iam.identity(of), *iam.attachments(of))
        out[name] = Part(_addon(cluster, name), after)
    return out


def secret(cluster: Cluster) -> str:
    """Return the name of the Secret with the cluster's kubeconfig, whose token its provider renews."""
    return cluster.cloud.name("kubeconfig", limit=63)


def _addon(cluster: Cluster, name: str) -> dict[str, object]:
    wanted = {"addonName": name, "clusterNameSelector": managed.sibling(CLUSTER)}
    return cluster.resource(f"{GROUP} Addon", name, wanted)
