# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The file system of models: EFS, with a mount target in every zone that anything in the VPC may reach."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import managed
from modelplane.managed import Part

from compose_eks_cluster import network
from compose_eks_cluster.inputs import Cluster
from compose_eks_cluster.zones import PRIVATE, Zone, subnet

GROUP = "efs.aws.m.upbound.io/v1beta1"
FILE_SYSTEM = "file-system"
FIREWALL = "file-system-firewall"
NFS = "file-system-nfs"
NFS_PORT = 2049


def mount(zone: Zone) -> str:
    """Return the composed-resource key of a zone's mount target."""
    return f"mount-{zone.name}"


def are_ours(req: fnv1.RunFunctionRequest, cluster: Cluster) -> bool:
    """Return whether there is to be a file system. One that is there stays: volumes may be on it."""
    return cluster.file_system or managed.observed(req, FILE_SYSTEM) is not None


def parts(cluster: Cluster, zones: tuple[Zone, ...]) -> dict[str, Part]:
    """Return the parts by composed-resource key."""
    system = {"encrypted": True, "performanceMode": "generalPurpose", "throughputMode": "elastic"}
    firewall = {"description": "NFS from the VPC", "vpcIdSelector": managed.sibling(network.VPC)}
    nfs = {
        "securityGroupIdSelector": managed.sibling(FIREWALL),
        "cidrIpv4": cluster.vpc,
        "ipProtocol": "tcp",
        "fromPort": NFS_PORT,
        "toPort": NFS_PORT,
    }
    out = {
        FILE_SYSTEM: Part(cluster.resource(f"{GROUP} FileSystem", FILE_SYSTEM, system)),
        FIREWALL: Part(cluster.resource(f"{network.GROUP} SecurityGroup", FIREWALL, firewall), (network.VPC,)),
        NFS: Part(cluster.resource(f"{network.GROUP} SecurityGroupIngressRule", NFS, nfs), (FIREWALL,)),
    }
    return {**out, **{mount(zone): _mount(cluster, zone) for zone in zones}}


def file_system(req: fnv1.RunFunctionRequest, zones: tuple[Zone, ...]) -> str:
    """Return the file system's id once it can be mounted in every zone, else the empty string."""
    usable = zones and all(managed.ready(req, key) for key in (FILE_SYSTEM, NFS, *map(mount, zones)))
    return managed.external_name(managed.observed(req, FILE_SYSTEM)) if usable else ""


def _mount(cluster: Cluster, zone: Zone) -> Part:
    where = subnet(PRIVATE, zone.name)
    wanted = {
        "fileSystemIdSelector": managed.sibling(FILE_SYSTEM),
        "subnetIdSelector": managed.sibling(where),
        "securityGroupsRefs": [cluster.ref(FIREWALL)],
    }
    return Part(cluster.resource(f"{GROUP} MountTarget", mount(zone), wanted), (FILE_SYSTEM, FIREWALL, where))
