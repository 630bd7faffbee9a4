# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Conditions as data, and what the observed XR says of them."""

from dataclasses import dataclass
from typing import Literal

from google.protobuf.struct_pb2 import Struct

from modelplane import meta, paths

Status = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of an XR, with what to tell its user when it changes.

    `event` is sent as a Normal result when status or reason change, `warning` as a Warning when status, reason or
    message change. Both are facts in the past tense, or name a field and its fix.
    """

    type: str
    status: Status
    reason: str
    message: str = ""
    event: str = ""
    warning: str = ""


def true(typ: str, reason: str, message: str = "", *, event: str = "") -> Condition:
    """Return a condition that holds."""
    return Condition(type=typ, status="True", reason=reason, message=message, event=event)


def false(typ: str, reason: str, message: str = "", *, event: str = "", warning: str = "") -> Condition:
    """Return a condition that does not hold."""
    return Condition(type=typ, status="False", reason=reason, message=message, event=event, warning=warning)


def unknown(typ: str, reason: str, message: str = "") -> Condition:
    """Return a condition that cannot be told yet."""
    return Condition(type=typ, status="Unknown", reason=reason, message=message)


def observed(xr: Struct, typ: str) -> Condition | None:
    """Return the condition as it stands on the observed XR, or None."""
    found = meta.condition(xr, typ)
    if found is None:
        return None
    status = paths.text(found, "status")
    return Condition(
        type=typ,
        status="True" if status == "True" else "False" if status == "False" else "Unknown",
        reason=paths.text(found, "reason"),
        message=paths.text(found, "message"),
    )


def stands(xr: Struct, types: tuple[str, ...]) -> tuple[Condition, ...]:
    """Return the conditions of the given types as observed, or Unknown where there was none yet."""
    return tuple(observed(xr, typ) or unknown(typ, "Waiting", "Waiting for the inputs.") for typ in types)
