# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The network of a cluster: a VPC with private subnets for nodes, and public ones for load balancers and the NAT."""

from collections.abc import Iterable

from google.protobuf.struct_pb2 import Struct
from modelplane import managed, paths
from modelplane.managed import Part

from compose_eks_cluster.inputs import CLUSTER, Cluster
from compose_eks_cluster.zones import NAT, PRIVATE, PUBLIC, Zone, subnet

GROUP = "ec2.aws.m.upbound.io/v1beta1"
ANYWHERE = "0.0.0.0/0"

VPC = "vpc"
INTERNET = "internet-gateway"
NAT_ADDRESS = "nat-address"
ROLE_TAG = {PRIVATE: "kubernetes.io/role/internal-elb", PUBLIC: "kubernetes.io/role/elb"}
"""By which load balancers find their subnets, beside the cluster's own tag."""


def table(side: str) -> str:
    """Return the composed-resource key of the route table of one side."""
    return f"{side}-routes"


def joined(side: str, zone: str) -> str:
    """Return the composed-resource key of what joins a zone's subnet to its route table."""
    return f"{side}-join-{zone}"


def way_out(side: str) -> str:
    """Return the composed-resource key of a side's way to everywhere else."""
    return f"{side}-way-out"


def parts(cluster: Cluster, zones: tuple[Zone, ...]) -> dict[str, Part]:
    """Return the parts by composed-resource key."""
    vpc = {"cidrBlock": cluster.vpc, "enableDnsHostnames": True, "enableDnsSupport": True}
    in_vpc = {"vpcIdSelector": managed.sibling(VPC)}
    stands = subnet(PUBLIC, zones[0].name)
    nat = {
        "allocationIdSelector": managed.sibling(NAT_ADDRESS),
        "connectivityType": "public",
        "subnetIdSelector": managed.sibling(stands),
    }
    out = {
        VPC: Part(cluster.resource(f"{GROUP} VPC", VPC, vpc)),
        INTERNET: Part(cluster.resource(f"{GROUP} InternetGateway", INTERNET, in_vpc), (VPC,)),
        NAT_ADDRESS: Part(cluster.resource(f"{GROUP} EIP", NAT_ADDRESS, {"domain": "vpc"}), (INTERNET,)),
        NAT: Part(cluster.resource(f"{GROUP} NATGateway", NAT, nat), (NAT_ADDRESS, stands)),
        way_out(PUBLIC): _way_out(cluster, PUBLIC, "gatewayIdSelector", INTERNET),
        way_out(PRIVATE): _way_out(cluster, PRIVATE, "natGatewayIdSelector", NAT),
    }
    for side in (PRIVATE, PUBLIC):
        out[table(side)] = Part(cluster.resource(f"{GROUP} RouteTable", table(side), in_vpc), (VPC,))
        for zone in zones:
            out[subnet(side, zone.name)] = _subnet(cluster, side, zone)
            out[joined(side, zone.name)] = _joined(cluster, side, zone)
    return out


def reached(zones: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of what lets nodes in these zones reach their control plane and registries."""
    return (way_out(PRIVATE), *(joined(PRIVATE, zone) for zone in zones))


def kept(seen: Struct | None, *block: str) -> tuple[str, ...]:
    """Return the names of the subnets that something was made in: its provider looks them up once and never again."""
    found = paths.children(seen or Struct(), "spec", "forProvider", *block, "subnetIdRefs")
    return tuple(paths.text(ref, "name") for ref in found)


def _subnet(cluster: Cluster, side: str, zone: Zone) -> Part:
    wanted = {
        "vpcIdSelector": managed.sibling(VPC),
        "availabilityZone": zone.name,
        "cidrBlock": zone.public if side == PUBLIC else zone.private,
        "mapPublicIpOnLaunch": False,
        "tags": {ROLE_TAG[side]: "1", f"kubernetes.io/cluster/{cluster.ref(CLUSTER)['name']}": "shared"},
    }
    return Part(cluster.resource(f"{GROUP} Subnet", subnet(side, zone.name), wanted), (VPC,))


def _joined(cluster: Cluster, side: str, zone: Zone) -> Part:
    key, joins = joined(side, zone.name), subnet(side, zone.name)
    wanted = {"routeTableIdSelector": managed.sibling(table(side)), "subnetIdSelector": managed.sibling(joins)}
    return Part(cluster.resource(f"{GROUP} RouteTableAssociation", key, wanted), (table(side), joins))


def _way_out(cluster: Cluster, side: str, by: str, gateway: str) -> Part:
    wanted = {
        "routeTableIdSelector": managed.sibling(table(side)),
        "destinationCidrBlock": ANYWHERE,
        by: managed.sibling(gateway),
    }
    return Part(cluster.resource(f"{GROUP} Route", way_out(side), wanted), (table(side), gateway))
