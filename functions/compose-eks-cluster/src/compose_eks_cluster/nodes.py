# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The managed node groups. How many nodes one begins with is said once; then its autoscaler decides."""

import functools
import re

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import labels, managed, paths
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import iam, network, templates
from compose_eks_cluster.inputs import CLUSTER, Cluster, Pool
from compose_eks_cluster.zones import PRIVATE, Zone, subnet

PREFIX = "pool-"
"""Of the composed-resource key of every pool."""

_GRAVITON = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*)\.")
"""Instance types with Amazon's own processors, by their names."""
_DRA_NODES = {"nvidia.com/gpu.present": "true"}
"""NVIDIA's DRA driver runs where this is."""
_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}


def key(pool: Pool) -> str:
    """Return a pool's composed-resource key."""
    return f"{PREFIX}{'gpu' if pool.accelerator else 'system'}-{pool.name}"


def system(cluster: Cluster) -> tuple[str, ...]:
    """Return the keys of the pools that run what serves beside the models."""
    return tuple(key(pool) for pool in cluster.pools if not pool.accelerator)


def released(req: fnv1.RunFunctionRequest, cluster: Cluster) -> frozenset[str]:
    """Return the keys of the pools that left the spec, and of templates that nobody uses."""
    wanted = {key(pool) for pool in cluster.pools}
    wanted |= {templates.key(pool.name) for pool in cluster.pools if templates.is_needed(pool)}
    ours = (PREFIX, templates.PREFIX)
    return frozenset(found for found in req.observed.resources if found.startswith(ours) and found not in wanted)


def parts(req: fnv1.RunFunctionRequest, cluster: Cluster, zones: tuple[Zone, ...]) -> dict[str, Part]:
    """Return the pools by composed-resource key."""
    first = (CLUSTER, *network.reached(zones), *iam.attachments(iam.NODES))
    out = {}
    for pool in cluster.pools:
        seen = managed.observed(req, key(pool)) or Struct()
        size = paths.whole(seen, "status", "atProvider", "scalingConfig", "desiredSize", default=pool.count)
        out[key(pool)] = _pool(cluster, pool, first, size=size, version=templates.version(req, pool, seen))
    return out


@functools.lru_cache(maxsize=512)
def _pool(cluster: Cluster, pool: Pool, after: tuple[str, ...], *, size: int, version: str) -> Part:
    wanted: Manifest = {
        "clusterNameSelector": managed.sibling(CLUSTER),
        "nodeRoleArnSelector": managed.sibling(iam.role(iam.NODES)),
        "subnetIdRefs": [cluster.ref(subnet(PRIVATE, zone)) for zone in pool.zones or sorted(cluster.zones)],
        "version": cluster.version,
        "amiType": _image(pool),
        "capacityType": "CAPACITY_BLOCK" if pool.reservation else "ON_DEMAND",
        "labels": _labels(pool),
        "nodeRepairConfig": {"enabled": True},
        "scalingConfig": _scaling(pool, size),
    }
    wanted |= {"taint": [_TAINT]} if pool.accelerator else {}
    if templates.is_needed(pool):
        wanted["launchTemplate"] = {"name": templates.name(cluster, pool), "version": version}
        after = (*after, templates.key(pool.name))
    else:
        wanted |= {"diskSize": pool.disk, "instanceTypes": [pool.machine]}
    first = {"scalingConfig": {"desiredSize": pool.count}}
    return Part(cluster.resource(f"{control_plane.GROUP} NodeGroup", key(pool), wanted, first=first), after).made()


def _scaling(pool: Pool, size: int) -> Manifest:
    """Return the bounds, and the size itself where nobody may choose it or where it lies outside of new bounds."""
    bounds = {"minSize": pool.least, "maxSize": pool.most}
    held = min(max(size, pool.least), pool.most)
    return bounds if held == size and pool.least != pool.most else {**bounds, "desiredSize": held}


def _image(pool: Pool) -> str:
    chips = "ARM_64" if _GRAVITON.match(pool.machine) else "x86_64"
    return f"AL2023_{chips}_{'NVIDIA' if pool.accelerator else 'STANDARD'}"


def _labels(pool: Pool) -> dict[str, str]:
    if not pool.accelerator:
        return {labels.POOL: pool.name}
    return {labels.POOL: pool.name, labels.GPU: pool.accelerator, **({} if pool.extended else _DRA_NODES)}
