# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A preview as a tree for a person: which replica sits where and why, what it mounts, what it waits for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from modelplane import remote
from modelplane.backends import base
from modelplane.paths import Manifest

from modelplane_cli import placement, remotely, sections, verdict
from modelplane_cli.objects import Ref, value_at
from modelplane_cli.plane import Plane


@dataclass(frozen=True)
class Node:
    """A line, and what belongs below it."""

    text: str
    below: tuple["Node", ...] = ()


def drawn(plane: Plane) -> str:
    """Return the tree of every XR that a user applied."""
    mine = {key for composed in plane.composed.values() for key in composed.values()}
    roots = [_xr(plane, xr) for xr in sorted(plane.composed) if xr not in mine]
    return "\n\n".join("\n".join((root.text, *_lines(root.below, ""))) for root in roots) + "\n"


def _lines(nodes: tuple[Node, ...], indent: str) -> Iterator[str]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        yield f"{indent}{'└── ' if last else '├── '}{node.text}"
        yield from _lines(node.below, indent + ("    " if last else "│   "))


def _xr(plane: Plane, xr: Ref) -> Node:
    body = plane.objects[xr]
    facts = _FACTS[xr.kind](plane, body) if xr.kind in _FACTS else ()
    waits = (Node(f"waits: {line}") for line in verdict.waits(plane, xr))
    composed = sorted(plane.composed[xr].values())
    children = (_xr(plane, key) for key in composed if key in plane.composed)
    guards = (
        Node(f"guards {_guarded(plane.objects[key])}") for key in composed if key.kind in ("Usage", "ClusterUsage")
    )
    return Node(f"{xr}: {sections.state(body)}", (*facts, *waits, *children, *_clusters(plane, xr), *guards))


def _guarded(usage: Manifest) -> str:
    of = value_at(usage, "spec", "of") or {}
    return f"{of.get('kind')} {value_at(of, 'resourceRef', 'name')} against deletion"


def _clusters(plane: Plane, xr: Ref) -> Iterator[Node]:
    """Yield what an XR has on each cluster, with the phase that it publishes for it."""
    phases = {c["name"]: c for c in value_at(plane.objects[xr], "status", "clusters") or ()}
    found: dict[str, list[Manifest]] = {name: [] for name in phases}
    for key in plane.composed[xr].values():
        if (key.api_version, key.kind) == (remote.API_VERSION, remote.KIND):
            obj = plane.objects[key]
            found.setdefault(sections.cluster_name(obj), []).append(_known(obj))
    for name, manifests in sorted(found.items()):
        yield Node(_phased(name, phases.get(name)), tuple(_objects(manifests)))


def _known(obj: Manifest) -> Manifest:
    """Return a remote object as last seen, or as asked for where it has not been."""
    return value_at(obj, "status", "atProvider", "manifest") or value_at(obj, "spec", "forProvider", "manifest")


def _phased(name: str, entry: Manifest | None) -> str:
    if not entry:
        return f"on {name}"
    message = f", {entry['message']}" if entry.get("message") else ""
    return f"on {name}: {entry.get('phase')}{message}"


def _objects(manifests: list[Manifest]) -> Iterator[Node]:
    every = remotely.in_order(manifests)
    for manifest in (m for m in every if remotely.matters(m)):
        yield Node(remotely.named(manifest), tuple(Node(f"mounts {line}") for line in remotely.mounts(manifest)))
    rest = [m["kind"] for m in every if not remotely.matters(m)]
    if rest:
        yield Node(", ".join(rest))


def _cache(_plane: Plane, body: Manifest) -> Iterator[Node]:
    wanted = value_at(body, "spec", "huggingFace") or {}
    commit = value_at(body, "status", "revision")
    at = f" at commit {commit[:12]}" if commit else f" at {wanted.get('revision', 'the default branch')}"
    ready = value_at(body, "status", "summary", "ready") or "0/0"
    yield Node(f"{wanted.get('repo')}{at}, {wanted.get('sizeGiB')} GiB, staged on {ready} clusters")


def _deployment(_plane: Plane, body: Manifest) -> Iterator[Node]:
    told = {entry["type"]: entry for entry in value_at(body, "status", "conditions") or ()}
    if told.get("ReplicasScheduled", {}).get("status") == "True":
        yield Node(told["ReplicasScheduled"].get("message") or told["ReplicasScheduled"]["reason"])


def _replica(plane: Plane, body: Manifest) -> Iterator[Node]:
    yield from (Node(line) for line in placement.why(plane, body))
    cache = value_at(body, "spec", "modelCacheRef", "name")
    if cache and not value_at(body, "status", "cache", "name"):
        claim = base.cache_pvc_name(body["metadata"]["namespace"], cache)
        yield Node(f"will mount {claim} at {base.CACHE_MOUNT_PATH}")


_FACTS: Mapping[str, Callable[[Plane, Manifest], Iterator[Node]]] = {
    "ModelCache": _cache,
    "ModelDeployment": _deployment,
    "ModelReplica": _replica,
}
"""What stands first below an XR, by kind."""
