# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What happened in each step of a preview, for a person: on which cluster, and to which XR."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelplane import labels
from modelplane.paths import Manifest

from modelplane_cli import remotely, sections, verdict
from modelplane_cli.objects import Objects, Ref, ref, value_at
from modelplane_cli.play import Player

QUIET = frozenset({"InputsResolved", "ObjectsSynced", "Synced", "Ready"})
"""Conditions that are only told when they are not True."""

Cell = tuple[str, str]
"""Who or where, and what."""


@dataclass(frozen=True)
class Snapshot:
    """What a control plane and its clusters held after a step, and what the functions had told by then."""

    xrs: Objects
    clusters: dict[str, Objects]
    told: int

    @classmethod
    def of(cls, player: Player) -> "Snapshot":
        """Return what is there now."""
        plane = player.plane
        return cls(
            xrs={xr: plane.objects[xr] for xr in sections.in_order(plane)},
            clusters={c.name: dict(c.objects) for c in sorted(player.clusters.values(), key=lambda c: c.name)},
            told=len(plane.told),
        )


EMPTY = Snapshot({}, {}, 0)


def cells(player: Player, before: Snapshot, after: Snapshot) -> list[Cell]:
    """Return what a step changed: on the clusters first, then what the control plane made of it."""
    return [*_merged(_on_clusters(before, after)), *_on_control_plane(player, before, after)]


def _on_clusters(before: Snapshot, after: Snapshot) -> Iterator[Cell]:
    for cluster, objects in after.clusters.items():
        yield from ((cluster, text) for text in _on_cluster(before.clusters.get(cluster, {}), objects))


def _on_control_plane(player: Player, before: Snapshot, after: Snapshot) -> Iterator[Cell]:
    said: set[str] = set()
    for xr, body in after.xrs.items():
        for text in _of_xr(before.xrs.get(xr), body):
            said.add(text.partition(": ")[2])
            yield who(xr, body), text
    yield from ((who(xr, body), "removed") for xr, body in before.xrs.items() if xr not in after.xrs)
    for told in player.plane.told[before.told : after.told]:
        if told.result.severity == "Warning" and told.result.message not in said:
            yield who(told.about, after.xrs.get(told.about, {})), f"Warning: {told.result.message}"


def who(xr: Ref, body: Manifest) -> str:
    """Return how a timeline calls an XR: a replica by its deployment and cluster, anything else by its name."""
    carried = value_at(body, "metadata", "labels") or {}
    deployment, cluster = carried.get(labels.DEPLOYMENT), value_at(body, "spec", "clusterName")
    if not deployment or not cluster:
        return f"{xr.kind} {xr.name}"
    index = carried.get(labels.REPLICA_INDEX, "0")
    return f"{deployment} on {cluster}{f' ({index})' if index != '0' else ''}"


def _merged(found: Iterable[Cell]) -> list[Cell]:
    """Return one line for what happened on several clusters alike, the others in their order."""
    clusters: dict[str, list[str]] = {}
    for cluster, text in found:
        clusters.setdefault(text, []).append(cluster)
    out = [(_together(names), text) for text, names in clusters.items()]
    return sorted(out, key=lambda cell: (" " not in cell[0], cell[0]))


def _together(names: list[str]) -> str:
    places = set(names)
    return names[0] if len(places) == 1 else f"{len(places)} clusters"


def _on_cluster(before: Objects, after: Objects) -> Iterator[str]:
    """Yield what changed on one cluster: made, moved on, removed."""
    made = remotely.in_order(after[key] for key in after if key not in before and key.name != "kube-system")
    if made:
        yield f"created {', '.join(map(remotely.brief, made))}"
    for manifest in remotely.in_order(after.values()):
        now = remotely.progress(manifest)
        if now and now != remotely.progress(before.get(ref(manifest), {})):
            yield f"{manifest['kind']} {now}"
    gone = remotely.in_order(before[key] for key in before if key not in after)
    if gone:
        yield f"removed {', '.join(manifest['kind'] for manifest in gone)}"


def _of_xr(before: Manifest | None, after: Manifest) -> Iterator[str]:
    if before is None and value_at(after, "spec", "clusterName"):
        yield f"placed as {after['kind']} {after['metadata']['name']}"
    yield from _phases(before, after)
    known = _conditions(before)
    for typ, entry in _conditions(after).items():
        was = known.get(typ, {})
        moved = (entry["status"], entry["reason"]) != (was.get("status"), was.get("reason"))
        if moved and _is_told(entry, new=not was):
            yield "Ready" if typ == "Ready" else verdict.said(entry)


def _is_told(entry: dict[str, str], *, new: bool) -> bool:
    """Return whether a person wants to read of a condition that changed."""
    if entry["type"] == "Ready":
        return entry["status"] == "True"
    if entry["type"] in QUIET and new:
        return entry["status"] != "True"
    return not (new and verdict.refers(entry))


def _phases(before: Manifest | None, after: Manifest) -> Iterator[str]:
    """Yield the clusters of a cache by the phase that they newly reached."""
    was = {c["name"]: c.get("phase") for c in value_at(before, "status", "clusters") or ()}
    moved: dict[str, list[str]] = {}
    for entry in value_at(after, "status", "clusters") or ():
        if entry.get("phase") != was.get(entry["name"]):
            moved.setdefault(entry.get("phase", ""), []).append(entry["name"])
    for phase, names in sorted(moved.items()):
        yield f"{phase} on {', '.join(sorted(names))}"


def _conditions(xr: Manifest | None) -> dict[str, dict[str, str]]:
    return {entry["type"]: entry for entry in value_at(xr, "status", "conditions") or ()}
