# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What happened in each step of a preview, for a person: on which cluster, and to which XR."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelplane.paths import Manifest

from modelplane_cli import remotely, sections, verdict
from modelplane_cli.objects import Objects, Ref, value_at
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


def lines(player: Player, before: Snapshot, after: Snapshot) -> Iterator[Cell]:
    """Yield what a step changed: on the clusters first, then what the control plane made of it."""
    for cluster, objects in after.clusters.items():
        yield from ((cluster, text) for text in _on_cluster(before.clusters.get(cluster, {}), objects))
    for xr, body in after.xrs.items():
        yield from ((_short(xr), text) for text in _of_xr(before.xrs.get(xr), body))
    yield from ((_short(xr), "removed") for xr in before.xrs if xr not in after.xrs)
    for told in player.plane.told[before.told : after.told]:
        if told.result.severity == "Warning":
            yield _short(told.about), f"Warning: {told.result.message}"


def _on_cluster(before: Objects, after: Objects) -> Iterator[str]:
    """Yield what changed on one cluster: made, removed, moved on."""
    made = [remotely.brief(after[key]) for key in sorted(after) if key not in before and key.name != "kube-system"]
    gone = [key.kind for key in sorted(before) if key not in after]
    if made:
        yield f"created {', '.join(made)}"
    for key in sorted(after):
        now = remotely.progress(after[key])
        if now and now != (remotely.progress(before[key]) if key in before else ""):
            yield f"{key.kind} {now}"
    if gone:
        yield f"removed {', '.join(gone)}"


def _of_xr(before: Manifest | None, after: Manifest) -> Iterator[str]:
    if before is None and value_at(after, "spec", "clusterName"):
        yield f"placed on {value_at(after, 'spec', 'clusterName')}"
    yield from _phases(before, after)
    known = _conditions(before)
    for typ, entry in _conditions(after).items():
        told = (entry["status"], entry["reason"])
        was = known.get(typ, {})
        if told == (was.get("status"), was.get("reason")):
            continue
        if typ not in QUIET or (was and typ != "Ready") or (typ == "Ready" and told[0] == "True"):
            yield "Ready" if typ == "Ready" else verdict.said(entry)


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


def _short(xr: Ref) -> str:
    return f"{xr.kind} {xr.name}"
