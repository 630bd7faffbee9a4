# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Why a replica can be where it is, in facts: which clusters its selectors leave, and what its pools hold."""

from collections.abc import Iterator, Mapping

from modelplane import caches, clusters, engines, paths, pools
from modelplane.paths import Manifest

from modelplane_cli.objects import Ref, value_at
from modelplane_cli.plane import Plane


def why(plane: Plane, replica: Manifest) -> Iterator[str]:
    """Yield where a replica is and what speaks for it, one line for its cluster and one for each pool."""
    name = replica["spec"]["clusterName"]
    yield f"on cluster {name}, {_choice(plane, replica, name)}"
    taken = _taken(plane, name)
    body = plane.objects.get(Ref(clusters.API_VERSION, clusters.KIND, "", name))
    for pool in pools.read(paths.struct(body)) if body else ():
        if pool.name in _nodes(replica):
            devices = ", ".join(f"{device.count} {_model(device)}" for device in pool.devices)
            used = f"this replica takes {_nodes(replica)[pool.name]}, all replicas {taken.get(pool.name, 0)}"
            yield f"in pool {pool.name}, {pool.nodes} nodes with {devices} each: {used}"


def _choice(plane: Plane, replica: Manifest, name: str) -> str:
    """Return how many clusters the selectors of the deployment and of the cache leave."""
    wanted = _wanted(plane, replica)
    fleet = [clusters.read(paths.struct(plane.objects[key])) for key in plane.objects if key.kind == clusters.KIND]
    left = sorted(c.name for c in fleet if clusters.matches(c.labels, wanted))
    selector = ", ".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    if left == [name]:
        return f"the only one with {selector}" if selector else "the only one there is"
    return f"one of {len(left)} with {selector}" if selector else f"one of {len(left)}, as no selector narrows them"


def _wanted(plane: Plane, replica: Manifest) -> Mapping[str, str]:
    """Return the labels that the replica's deployment and its cache want of a cluster."""
    namespace = replica["metadata"]["namespace"]
    out: dict[str, str] = {}
    for owner in value_at(replica, "metadata", "ownerReferences") or ():
        deployment = plane.objects.get(Ref(owner["apiVersion"], owner["kind"], namespace, owner["name"]))
        spec = value_at(deployment, "spec") or {}
        out |= value_at(spec, "clusterSelector", "matchLabels") or {}
        out |= value_at(spec, "template", "spec", "clusterSelector", "matchLabels") or {}
    cache = value_at(replica, "spec", "modelCacheRef", "name") or ""
    found = plane.objects.get(Ref(caches.API_VERSION, caches.KIND, namespace, cache))
    return {**out, **(value_at(found, "spec", "clusterSelector", "matchLabels") or {})}


def _nodes(replica: Manifest) -> dict[str, int]:
    """Return the nodes that a replica takes of each pool: members without devices take none."""
    out: dict[str, int] = {}
    for engine in engines.read(replica["spec"]):
        for member in engine.members:
            if member.devices:
                out[member.pool] = out.get(member.pool, 0) + member.nodes * engine.copies
    return out


def _taken(plane: Plane, cluster: str) -> dict[str, int]:
    """Return the nodes that all replicas on a cluster take of each of its pools."""
    out: dict[str, int] = {}
    for key, body in plane.objects.items():
        if key.kind == "ModelReplica" and value_at(body, "spec", "clusterName") == cluster:
            for pool, nodes in _nodes(body).items():
                out[pool] = out.get(pool, 0) + nodes
    return out


def _model(device: pools.Device) -> str:
    """Return a device as a person calls it."""
    product = device.attributes.get("productName")
    memory = device.capacity.get("memory")
    return str(product or (f"{device.name} of {memory}" if memory else device.name))
