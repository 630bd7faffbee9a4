# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which range of addresses each zone has. A zone keeps what it got: a subnet cannot be moved, and never goes."""

import functools
import ipaddress
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import labels, managed, paths
from modelplane.composed import listed

from compose_eks_cluster.inputs import Cluster

PRIVATE = "private"
PUBLIC = "public"
"""The sides of each zone: a subnet for nodes and pods, and one for load balancers and the NAT."""

NAT = "nat"
"""Composed-resource key of the NAT, which is in the first zone for good."""

LEAST_ZONES = 2
"""EKS puts its own network interfaces into two zones or more."""

_SIXTEENTHS = 4
_LEAST_PREFIX, _MOST_PREFIX = 16, 28
"""Amazon's largest and smallest networks."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of the cluster, with the addresses of its two subnets."""

    name: str
    private: str
    public: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The zones, that of the NAT first, or why there can be none."""

    zones: tuple[Zone, ...] = ()
    reason: str = ""
    message: str = ""


def subnet(side: str, zone: str) -> str:
    """Return the composed-resource key of a zone's subnet on one side."""
    return f"{side}-subnet-{zone}"


def plan(req: fnv1.RunFunctionRequest, cluster: Cluster) -> Plan:
    """Return where each zone's subnets are."""
    if len(cluster.zones) < LEAST_ZONES:
        named = f"only {listed(sorted(cluster.zones))} is" if cluster.zones else "none is"
        message = f"EKS needs {LEAST_ZONES} zones or more, and {named} named: add others to spec.zones"
        return Plan(reason="ZonesMissing", message=message)
    elsewhere = sorted(zone for zone in cluster.zones if not zone.startswith(cluster.region))
    if elsewhere:
        message = f"zones {elsewhere} are not in region {cluster.region!r}: name zones of it"
        return Plan(reason="ZonesMissing", message=message)
    try:
        vpc, ranges = _ranges(cluster.vpc, cluster.ranges)
    except ValueError as err:
        return Plan(reason="InvalidNetwork", message=f"spec.networking: {err}")
    private, taken = _given(cluster.zones, ranges, _taken(req, PRIVATE)), _taken(req, PUBLIC)
    enough = len(cluster.zones | set(taken))
    public = _given(cluster.zones, itertools.islice(_rest(vpc, ranges), enough), taken)
    late = sorted((set(cluster.zones) - set(private)) | (set(cluster.zones) - set(public)))
    if late:
        message = f"spec.networking has no addresses left for zones {late}: add to subnetCidrs, or widen vpcCidr"
        return Plan(reason="SubnetsMissing", message=message)
    nat = managed.observed(req, NAT) or Struct()
    stands = paths.text(nat, "spec", "forProvider", "subnetIdSelector", "matchLabels", labels.PART)
    order = sorted(private.keys() & public.keys(), key=lambda name: (subnet(PUBLIC, name) != stands, name))
    return Plan(tuple(Zone(name, private[name], public[name]) for name in order))


@functools.lru_cache(maxsize=128)
def _ranges(text: str, given: tuple[str, ...]) -> tuple[IPv4Network, list[IPv4Network]]:
    """Return the VPC and the ranges that its zones may have; raise ValueError where they do not fit."""
    vpc = _network(text)
    if not given:
        every = vpc.subnets(new_prefix=min(vpc.prefixlen + _SIXTEENTHS, _MOST_PREFIX))
        return vpc, list(every)[:-1]  # public subnets come from the last one
    ranges = [_network(each) for each in given]
    outside = next((net for net in ranges if not net.subnet_of(vpc)), None)
    if outside is not None:
        raise ValueError(f"subnetCidrs {outside} is not part of vpcCidr {vpc}")
    for index, net in enumerate(ranges):
        if any(net.overlaps(other) for other in ranges[:index]):
            raise ValueError(f"subnetCidrs {net} overlaps another")
    return vpc, ranges


def _network(text: str) -> IPv4Network:
    net = ipaddress.IPv4Network(text)
    if not _LEAST_PREFIX <= net.prefixlen <= _MOST_PREFIX:
        raise ValueError(f"{net} is not between /{_LEAST_PREFIX} and /{_MOST_PREFIX}")
    return net


def _rest(vpc: IPv4Network, ranges: Collection[IPv4Network]) -> Iterator[IPv4Network]:
    """Yield small ranges of the VPC beside the others, last first."""
    prefix = min(vpc.prefixlen + 2 * _SIXTEENTHS, _MOST_PREFIX)
    size, first, end = 1 << (vpc.max_prefixlen - prefix), int(vpc.network_address), int(vpc.broadcast_address) + 1
    for start in range(end - size, first - 1, -size):
        net = IPv4Network((start, prefix))
        if not any(net.overlaps(other) for other in ranges):
            yield net


def _taken(req: fnv1.RunFunctionRequest, side: str) -> dict[str, str]:
    """Return the range of each zone that has a subnet already."""
    prefix = subnet(side, "")
    found = {key: managed.observed(req, key) for key in sorted(req.observed.resources) if key.startswith(prefix)}
    cidrs = {
        key.removeprefix(prefix): paths.text(obj, "spec", "forProvider", "cidrBlock")
        for key, obj in found.items()
        if obj is not None
    }
    return {zone: cidr for zone, cidr in cidrs.items() if cidr}


def _given(zones: Iterable[str], ranges: Iterable[IPv4Network], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the range of each zone; a new zone gets one that nobody has."""
    free = (str(net) for net in ranges if str(net) not in taken.values())
    return {**taken, **dict(zip(sorted(set(zones) - set(taken)), free, strict=False))}
