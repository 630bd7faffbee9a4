# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Launch templates, for what a node group cannot say itself: network cards with EFA, and capacity bought ahead."""

import functools
from collections.abc import Iterable

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import managed, names, paths
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_eks_cluster import network
from compose_eks_cluster.inputs import CLUSTER, Cluster, Pool

PREFIX = "template-"
"""Of the composed-resource key of every launch template."""
FIREWALL = "efa-firewall"
EVERYTHING = "-1"

_CARDS = {
    "p4d.24xlarge": 4,
    "p4de.24xlarge": 4,
    "p5.48xlarge": 32,
    "p5e.48xlarge": 32,
    "p5en.48xlarge": 16,
    "p6-b200.48xlarge": 8,
}
"""Network cards with EFA, of machines that have several."""


def key(pool: str) -> str:
    """Return the composed-resource key of a pool's launch template."""
    return f"{PREFIX}{pool}"


def is_needed(pool: Pool) -> bool:
    """Return whether a pool needs a launch template."""
    return pool.efa or bool(pool.reservation)


def version(req: fnv1.RunFunctionRequest, pool: Pool, group: Struct) -> str:
    """Return which version of its template a node group uses: the newest, else the one that it has."""
    template = managed.observed(req, key(pool.name)) or Struct()
    newest = paths.whole(template, "status", "atProvider", "latestVersion")
    return str(newest) if newest else paths.text(group, "spec", "forProvider", "launchTemplate", "version") or "1"


def name(cluster: Cluster, pool: str) -> str:
    """Return the name of a pool's launch template."""
    return cluster.cloud.name(key(pool), limit=names.LABEL_LIMIT)


def parts(req: fnv1.RunFunctionRequest, cluster: Cluster, pools: Iterable[Pool]) -> dict[str, Part]:
    """Return the parts by composed-resource key; those of EFA once the security groups of its cards are known."""
    out = dict(_firewall(cluster)) if any(pool.efa for pool in cluster.pools) else {}
    groups = _groups(req)
    for pool in pools:
        if is_needed(pool) and (groups or not pool.efa):
            out[key(pool.name)] = _template(cluster, pool, groups)
    return out


@functools.lru_cache(maxsize=128)
def _firewall(cluster: Cluster) -> dict[str, Part]:
    """Return a security group in which every card may send everything to every other: EFA needs just that."""
    itself = {
        "securityGroupIdSelector": managed.sibling(FIREWALL),
        "referencedSecurityGroupIdSelector": managed.sibling(FIREWALL),
        "ipProtocol": EVERYTHING,
    }
    group = {"description": "EFA between nodes", "vpcIdSelector": managed.sibling(network.VPC)}
    out = {FIREWALL: Part(cluster.resource(f"{network.GROUP} SecurityGroup", FIREWALL, group), (network.VPC,))}
    for way in ("Ingress", "Egress"):
        part = f"{FIREWALL}-{way.lower()}"
        rule = cluster.resource(f"{network.GROUP} SecurityGroup{way}Rule", part, itself)
        out[part] = Part(rule, (FIREWALL,))
    return {part: each.made() for part, each in out.items()}


def _groups(req: fnv1.RunFunctionRequest) -> tuple[str, ...]:
    """Return the security groups of a card: the cluster's own, by which nodes reach it, and EFA's; or none yet."""
    cluster = managed.observed(req, CLUSTER) or Struct()
    own = paths.text(cluster, "status", "atProvider", "vpcConfig", "clusterSecurityGroupId")
    efa = managed.external_name(managed.observed(req, FIREWALL))
    return (own, efa) if own and efa else ()


@functools.lru_cache(maxsize=512)
def _template(cluster: Cluster, pool: Pool, groups: tuple[str, ...]) -> Part:
    disk = {"volumeSize": pool.disk, "volumeType": "gp3", "encrypted": "true", "deleteOnTermination": "true"}
    wanted: Manifest = {
        "name": name(cluster, pool.name),
        "instanceType": pool.machine,
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2},
        "updateDefaultVersion": True,
    }
    if pool.reservation:
        target = {"capacityReservationId": pool.reservation}
        wanted["instanceMarketOptions"] = {"marketType": "capacity-block"}
        wanted["capacityReservationSpecification"] = {"capacityReservationTarget": target}
    if pool.efa:
        cards = range(_CARDS.get(pool.machine, 1))
        wanted["networkInterfaces"] = [_card(index, groups) for index in cards]
    return Part(cluster.resource(f"{network.GROUP} LaunchTemplate", key(pool.name), wanted), (CLUSTER,)).made()


def _card(index: int, groups: tuple[str, ...]) -> Manifest:
    """Return a network card; only the first one carries addresses of pods."""
    return {
        "networkCardIndex": index,
        "deviceIndex": min(index, 1),
        "interfaceType": "efa-only" if index else "efa",
        "securityGroups": list(groups),
        "deleteOnTermination": "true",
    }
