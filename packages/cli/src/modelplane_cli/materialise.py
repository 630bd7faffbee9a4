# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What Crossplane makes of a function's answer: metadata of composed resources, status and conditions of the XR."""

from collections.abc import Iterable

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import managed, names, paths
from modelplane.paths import Manifest

from modelplane_cli.objects import COMPOSITE_LABEL, RESOURCE_NAME, Ref, created, value_at
from modelplane_cli.pipeline import Outcome

_STATUS = {fnv1.STATUS_CONDITION_TRUE: "True", fnv1.STATUS_CONDITION_FALSE: "False"}
_SYSTEM = ("Synced", "Ready")


def rendered(body: Manifest, xr: Manifest, *, name: str) -> Manifest:
    """Return a desired resource with the metadata that Crossplane derives from its XR."""
    metadata = dict(body.get("metadata", {}))
    root = xr["metadata"]["labels"][COMPOSITE_LABEL]
    metadata.setdefault("name", f"{root}-{names.digest(xr['metadata']['uid'], name, length=12)}")
    if xr["metadata"].get("namespace"):
        metadata["namespace"] = xr["metadata"]["namespace"]
    metadata["labels"] = {**metadata.get("labels", {}), COMPOSITE_LABEL: root}
    metadata["annotations"] = {**metadata.get("annotations", {}), RESOURCE_NAME: name}
    metadata["ownerReferences"] = [
        {
            "apiVersion": xr["apiVersion"],
            "blockOwnerDeletion": True,
            "controller": True,
            "kind": xr["kind"],
            "name": xr["metadata"]["name"],
            "uid": xr["metadata"]["uid"],
        }
    ]
    return {**body, "metadata": metadata}


def renamed(body: Manifest, known: Ref) -> Manifest:
    """Return a desired resource under the name that its observed one has."""
    metadata = {**body["metadata"], "name": known.name}
    if known.namespace:
        metadata["namespace"] = known.namespace
    return {**body, "metadata": metadata}


def controller(body: Manifest) -> str:
    """Return the uid of the object's controller, or the empty string."""
    owners = value_at(body, "metadata", "ownerReferences") or []
    return next((owner.get("uid", "") for owner in owners if owner.get("controller")), "")


def updated(before: Manifest | None, body: Manifest, *, step: int) -> Manifest:
    """Return an object after server-side apply: what is desired, and what the server and others own."""
    if before is None:
        return created(body, step=step)
    kept = {key: before["metadata"][key] for key in ("uid", "creationTimestamp", "generation", "resourceVersion")}
    after = {**body, "metadata": {**kept, **body["metadata"]}}
    given = value_at(before, "metadata", "annotations", managed.EXTERNAL_NAME)
    if given:
        after["metadata"]["annotations"] = {managed.EXTERNAL_NAME: given, **body["metadata"].get("annotations", {})}
    if "status" in before:
        after["status"] = before["status"]
    if after.get("spec") != before.get("spec"):
        after["metadata"]["generation"] = kept["generation"] + 1
    return after


def reported(xr: Manifest, outcome: Outcome, *, now: str) -> Manifest:
    """Return an XR with the status, the conditions and the readiness that its functions answered."""
    status = paths.manifest(paths.child(outcome.desired.composite.resource, "status"))
    wanted = [*_told(outcome), {"type": "Synced", "status": "True", "reason": "ReconcileSuccess"}, _ready(outcome)]
    status["conditions"] = conditions(_observed(xr), wanted, now=now)
    return {**xr, "status": status}


def failed(xr: Manifest, outcome: Outcome, *, now: str) -> Manifest:
    """Return an XR after a Fatal result: Synced is False, conditions that were not told are Unknown, Ready stays."""
    told = _told(outcome)
    seen = {*(c["type"] for c in told), *_SYSTEM}
    lost = [
        {
            "type": c["type"],
            "status": "Unknown",
            "reason": "FatalError",
            "message": "A fatal error occurred before the status of this condition could be determined.",
        }
        for c in _observed(xr)
        if c["type"] not in seen
    ]
    step = next((r.step for r in outcome.results if r.severity == "Fatal"), "")
    message = f'cannot compose resources: pipeline step "{step}" returned a fatal result: {outcome.fatal}'
    synced = {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": message}
    status = {**xr.get("status", {}), "conditions": conditions(_observed(xr), [*told, *lost, synced], now=now)}
    return {**xr, "status": status}


def conditions(observed: Iterable[Manifest], wanted: Iterable[Manifest], *, now: str) -> list[Manifest]:
    """Return observed conditions with the wanted ones set; the transition time moves with status, reason or message."""
    out = {c["type"]: c for c in observed}
    for condition in wanted:
        typ = condition["type"]
        before = {key: value for key, value in out.get(typ, {}).items() if key != "lastTransitionTime"}
        if before != condition:
            out[typ] = {**condition, "lastTransitionTime": now}
    return [out[typ] for typ in sorted(out)]


def _observed(xr: Manifest) -> list[Manifest]:
    found = value_at(xr, "status", "conditions") or []
    return [c for c in found if isinstance(c, dict) and "type" in c]


def _told(outcome: Outcome) -> list[Manifest]:
    return [
        {
            "type": c.type,
            "status": _STATUS.get(c.status, "Unknown"),
            "reason": c.reason,
            **({"message": c.message} if c.message else {}),
        }
        for c in outcome.conditions
        if c.type not in _SYSTEM
    ]


def _ready(outcome: Outcome) -> Manifest:
    desired = outcome.desired
    unready = sorted(name for name, r in desired.resources.items() if r.ready != fnv1.READY_TRUE)
    if desired.composite.ready == fnv1.READY_TRUE or (not desired.composite.ready and not unready):
        return {"type": "Ready", "status": "True", "reason": "Available"}
    creating = {"type": "Ready", "status": "False", "reason": "Creating"}
    if desired.composite.ready == fnv1.READY_FALSE:
        return creating
    return {**creating, "message": f"Unready resources: {_some(unready)}"}


def _some(items: list[str]) -> str:
    more = f", and {len(items) - 3} more" if len(items) > 3 else ""  # noqa: PLR2004  Crossplane names three
    return ", ".join(items[:3]) + more
