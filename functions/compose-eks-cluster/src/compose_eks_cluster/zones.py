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
from modelplane import clusters, labels, managed, paths
from modelplane.composed import listed

from compose_eks_cluster.inputs import Cluster

PRIVATE = "private"
PUBLIC = "public"
"""The sides of each zone: a subnet for nodes and pods, and one for load balancers and the NAT."""

NAT = "nat"
"""Composed-resource key of the NAT, which is in the first zone for good."""

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
    """The zones that have their addresses, that of the NAT first, and why others have none; too few are none."""

    zones: tuple[Zone, ...] = ()
    reason: str = ""
    message: str = ""


def subnet(side: str, zone: str) -> str:
    """Return the composed-resource key of a zone's subnet on one side."""
    return f"{side}-subnet-{zone}"


def plan(req: fnv1.RunFunctionRequest, cluster: Cluster) -> Plan:
    """Return where each zone's subnets are; a zone that has subnets counts, whoever names it."""
    private, public = _taken(req, PRIVATE), _taken(req, PUBLIC)
    elsewhere = clusters.elsewhere(cluster.zones, cluster.region)
    wanted = (cluster.zones - set(elsewhere)) | set(private) | set(public)
    wrong = f"zones {elsewhere} are not in region {cluster.region!r}: name zones of it" if elsewhere else ""
    if len(wanted) < clusters.EKS_LEAST_ZONES:
        return Plan(reason="ZonesMissing", message=wrong or _too_few(wanted))
    try:
        vpc, ranges = _ranges(cluster.vpc, cluster.ranges)
        held = [IPv4Network(cidr) for cidr in (*private.values(), *public.values())]
    except ValueError as err:
        return Plan(reason="InvalidNetwork", message=f"spec.networking: {err}")
    private = _given(wanted, _free(ranges, held), private)
    enough = itertools.islice(_rest(vpc, (*ranges, *held)), len(wanted))
    public = _given(wanted, enough, public)
    placed = private.keys() & public.keys()
    late = sorted(wanted - placed)
    zones = _ordered(req, {name: Zone(name, private[name], public[name]) for name in placed})
    shown = zones if len(zones) >= clusters.EKS_LEAST_ZONES else ()
    if late and not wrong:
        return _without_addresses(shown, late, _clashes(ranges, held) if cluster.ranges else [])
    return Plan(shown, "ZonesMissing" if wrong else "", wrong)


def _too_few(named: Collection[str]) -> str:
    said = f"only {listed(sorted(named))} is" if named else "none is"
    return f"EKS needs {clusters.EKS_LEAST_ZONES} zones or more, and {said} named: add others to spec.zones"


def _without_addresses(zones: tuple[Zone, ...], late: list[str], clashes: list[IPv4Network]) -> Plan:
    """Return the plan that leaves zones out, and whether that is for what other zones have."""
    if clashes:
        ranges = " and ".join(map(str, clashes))
        overlap = f"subnetCidrs {ranges} overlap what other zones have, so zones {late} have none: name free ones"
        return Plan(zones, "InvalidNetwork", f"spec.networking: {overlap}")
    message = f"spec.networking has no addresses left for zones {late}: add to subnetCidrs; a VPC cannot be widened"
    return Plan(zones, "SubnetsMissing", message)


def _ordered(req: fnv1.RunFunctionRequest, zones: Mapping[str, Zone]) -> tuple[Zone, ...]:
    """Return the zones by name, but the one where the NAT stands first."""
    nat = managed.observed(req, NAT) or Struct()
    stands = paths.text(nat, "spec", "forProvider", "subnetIdSelector", "matchLabels", labels.PART)
    return tuple(zones[name] for name in sorted(zones, key=lambda name: (subnet(PUBLIC, name) != stands, name)))


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


def _free(ranges: Iterable[IPv4Network], held: Collection[IPv4Network]) -> list[IPv4Network]:
    """Return the ranges of which nobody has any address."""
    return [net for net in ranges if not any(net.overlaps(other) for other in held)]


def _clashes(ranges: Iterable[IPv4Network], held: Collection[IPv4Network]) -> list[IPv4Network]:
    """Return the ranges that are neither free nor a zone's own."""
    free = _free(ranges, held)
    return [net for net in ranges if net not in held and net not in free]


def _given(zones: Iterable[str], free: Iterable[IPv4Network], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the range of each zone; a new zone gets one that nobody has."""
    new = zip(sorted(set(zones) - set(taken)), map(str, free), strict=False)
    return {**taken, **dict(new)}
