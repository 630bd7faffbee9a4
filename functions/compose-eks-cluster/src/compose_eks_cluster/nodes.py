# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The managed node groups. How many nodes one begins with is said once; then its autoscaler decides."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import inputs, labels, managed, paths
from modelplane.inputs import Need
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import iam, network, templates
from compose_eks_cluster.inputs import CLUSTER, Cluster, Pool
from compose_eks_cluster.zones import PRIVATE, subnet

PREFIX = "pool-"
"""Of the composed-resource key of every pool."""

_ARM = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*|[a-z0-9-]+-gb[0-9]+)\.")
"""Instance types with processors of Arm's, by their names: Amazon's Graviton and NVIDIA's Grace."""
_DRA_NODES = {"nvidia.com/gpu.present": "true"}
"""NVIDIA's DRA driver runs where this is."""
_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}


def key(pool: Pool) -> str:
    """Return a pool's composed-resource key."""
    return f"{PREFIX}{'gpu' if pool.accelerator else 'system'}-{pool.name}"


def system(cluster: Cluster) -> tuple[str, ...]:
    """Return the keys of the pools that run what serves beside the models."""
    return tuple(key(pool) for pool in cluster.pools if not pool.accelerator)


def leaving(req: fnv1.RunFunctionRequest, cluster: Cluster) -> tuple[Need, ...]:
    """Return the need of every node group that may still use a template that left the spec."""
    return tuple(_group(cluster, found) for pool in _unused(req, cluster) for found in _keys(pool))


def released(req: fnv1.RunFunctionRequest, cluster: Cluster) -> frozenset[str]:
    """Return the keys of the pools that left the spec, and of templates that no node group uses any more."""
    wanted = {key(pool) for pool in cluster.pools}
    gone = {found for found in req.observed.resources if found.startswith(PREFIX) and found not in wanted}
    free = {templates.key(pool) for pool in _unused(req, cluster) if not _is_used(req, cluster, pool)}
    return frozenset(gone | free)


def _keys(pool: str) -> tuple[str, str]:
    return f"{PREFIX}gpu-{pool}", f"{PREFIX}system-{pool}"


def _group(cluster: Cluster, found: str) -> Need:
    """Return the need of a node group by its name: a released one is observed no more, though Amazon still has it."""
    api_version, namespace = control_plane.GROUP, cluster.cloud.xr.namespace
    name = cluster.ref(found)["name"]
    return Need(name=found, api_version=api_version, kind="NodeGroup", match_name=name, namespace=namespace)


def _unused(req: fnv1.RunFunctionRequest, cluster: Cluster) -> Iterator[str]:
    """Yield the names of the pools whose templates are there and that need none."""
    needed = {templates.key(pool.name) for pool in cluster.pools if templates.is_needed(pool)}
    for found in sorted(req.observed.resources):
        if found.startswith(templates.PREFIX) and found not in needed:
            yield found.removeprefix(templates.PREFIX)


def _is_used(req: fnv1.RunFunctionRequest, cluster: Cluster, pool: str) -> bool:
    """Return whether a node group, maybe one that is being deleted, names a pool's template."""
    name, keys = templates.name(cluster, pool), _keys(pool)
    there = [managed.observed(req, found) or Struct() for found in keys]
    there += [obj for found in keys for obj in inputs.objects(req, _group(cluster, found))]
    return any(paths.text(obj, "spec", "forProvider", "launchTemplate", "name") == name for obj in there)


def parts(
    req: fnv1.RunFunctionRequest, cluster: Cluster, pools: Iterable[Pool], zones: Sequence[str]
) -> dict[str, Part]:
    """Return the pools by composed-resource key; one that names no zones is in all of these."""
    out = {}
    for pool in pools:
        seen, where = managed.observed(req, key(pool)) or Struct(), pool.zones or zones
        subnets = network.kept(seen) or tuple(cluster.ref(subnet(PRIVATE, zone))["name"] for zone in where)
        first = (CLUSTER, *network.reached(where), *iam.attachments(iam.NODES))
        size = paths.whole(seen, "status", "atProvider", "scalingConfig", "desiredSize", default=pool.count)
        version = templates.version(req, pool, seen)
        out[key(pool)] = _pool(cluster, pool, first, subnets, size=size, version=version)
    return out


@functools.lru_cache(maxsize=512)
def _pool(
    cluster: Cluster, pool: Pool, after: tuple[str, ...], subnets: tuple[str, ...], *, size: int, version: str
) -> Part:
    wanted: Manifest = {
        "clusterNameSelector": managed.sibling(CLUSTER),
        "nodeRoleArnSelector": managed.sibling(iam.role(iam.NODES)),
        "subnetIdRefs": [{"name": name} for name in subnets],
        "version": cluster.version,
        "amiType": _image(pool),
        "capacityType": "CAPACITY_BLOCK" if pool.reservation else "ON_DEMAND",
        "labels": _labels(pool),
        "nodeRepairConfig": {"enabled": True},
        "scalingConfig": _scaling(pool, size),
    }
    wanted |= {"taint": [_TAINT]} if pool.accelerator else {}
    if templates.is_needed(pool):
        wanted["launchTemplate"] = {"name": templates.name(cluster, pool.name), "version": version}
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
    chips = "ARM_64" if _ARM.match(pool.machine) else "x86_64"
    return f"AL2023_{chips}_{'NVIDIA' if pool.accelerator else 'STANDARD'}"


def _labels(pool: Pool) -> dict[str, str]:
    if not pool.accelerator:
        return {labels.POOL: pool.name}
    return {labels.POOL: pool.name, labels.GPU: pool.accelerator, **({} if pool.extended else _DRA_NODES)}
