# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How a preview ended: what a function refused, what a person must mend, what an XR still waits for."""

from modelplane_cli.objects import Ref, condition, is_ready, value_at
from modelplane_cli.plane import Plane

_SYSTEM = ("Synced", "Ready")


def complaints(plane: Plane) -> list[str]:
    """Return one line for each Fatal result that stands, and for each warning whose condition is still not True."""
    return [f"{xr}: {line}" for xr in sorted(plane.composed) for line in (*_fatal(plane, xr), *_warnings(plane, xr))]


def waits(plane: Plane, xr: Ref) -> list[str]:
    """Return one line for each condition that keeps an XR from being Ready."""
    return [] if is_ready(plane.objects[xr]) else [*_fatal(plane, xr), *_not_true(plane, xr)]


def refers(entry: dict[str, str]) -> bool:
    """Return whether a condition only says that another one tells the reason."""
    return "the condition " in entry.get("message", "")


def said(entry: dict[str, str]) -> str:
    """Return a condition in one line."""
    head = f"{entry['type']}={entry['status']} ({entry['reason']})"
    return f"{head}: {entry['message']}" if entry.get("message") else head


def _fatal(plane: Plane, xr: Ref) -> list[str]:
    synced = condition(plane.objects[xr], "Synced")
    return [synced["message"]] if synced.get("status") == "False" else []


def _warnings(plane: Plane, xr: Ref) -> list[str]:
    reasons = {entry["reason"] for entry in _conditions(plane, xr) if entry["status"] != "True"}
    told = [t.result for t in plane.told if t.about == xr and t.result.severity == "Warning"]
    last = {result.reason: result.message for result in told}
    return [message for reason, message in last.items() if reason in reasons]


def _not_true(plane: Plane, xr: Ref) -> list[str]:
    entries = [entry for entry in _conditions(plane, xr) if entry["status"] != "True"]
    return [said(entry) for entry in entries if entry["type"] not in _SYSTEM and not refers(entry)]


def _conditions(plane: Plane, xr: Ref) -> list[dict[str, str]]:
    return value_at(plane.objects[xr], "status", "conditions") or []
