# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What provider-kubernetes writes into an Object's status: the remote manifest, and whether it is synced and ready."""

import functools
import json

from cel_expr_python import cel
from modelplane.paths import Manifest

from modelplane_cli import materialise
from modelplane_cli.objects import is_ready, value_at


def synced(obj: Manifest, remote: Manifest, *, now: str) -> Manifest:
    """Return an Object whose remote manifest was applied and read back."""
    ready, message = readiness(obj["spec"].get("readiness", {}), remote)
    verdict = {"status": "True", "reason": "Available"} if ready else {"status": "False", "reason": "Unavailable"}
    if message:
        verdict["message"] = message
    wanted = [{"type": "Synced", "status": "True", "reason": "ReconcileSuccess"}, {"type": "Ready", **verdict}]
    return _with(obj, wanted, remote=remote, now=now)


def refused(obj: Manifest, message: str, *, now: str) -> Manifest:
    """Return an Object whose manifest the remote API server refused."""
    synced = {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": message}
    return _with(obj, [synced], remote=None, now=now)


def readiness(wanted: Manifest, remote: Manifest) -> tuple[bool, str]:
    """Return whether a remote object is ready by an Object's spec.readiness, and the error of its query, if any."""
    policy = wanted.get("policy", "SuccessfulCreate")
    if policy == "DeriveFromCelQuery":
        return _query(wanted.get("celQuery", ""), remote)
    if policy == "DeriveFromObject":
        return is_ready(remote), ""
    if policy == "AllTrue":
        found = value_at(remote, "status", "conditions") or []
        return bool(found) and all(c.get("status") == "True" for c in found), ""
    return True, ""


def _query(query: str, remote: Manifest) -> tuple[bool, str]:
    """Evaluate a query as the provider does: one variable, `object`, every number in it a double."""
    try:
        found = _compiled(query).eval(data={"object": json.loads(json.dumps(remote), parse_int=float)})
    except RuntimeError as err:
        return False, f"cannot evaluate readiness {query!r}: {err}".splitlines()[0]
    if found.type() == cel.Type.BOOL:
        return found.plain_value() is True, ""
    return False, f"cannot evaluate readiness {query!r}: {found.plain_value()}".splitlines()[0]


@functools.cache
def _compiled(query: str) -> cel.Expression:
    return cel.NewEnv(variables={"object": cel.Type.DYN}).compile(query)


def _with(obj: Manifest, wanted: list[Manifest], *, remote: Manifest | None, now: str) -> Manifest:
    status = dict(obj.get("status", {}))
    if remote is not None:
        status["atProvider"] = {"manifest": remote}
    status["conditions"] = materialise.conditions(status.get("conditions", []), wanted, now=now)
    return {**obj, "status": status}
