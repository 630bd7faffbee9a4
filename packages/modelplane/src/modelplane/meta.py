# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What every object has: a name, a namespace, labels and conditions, read from its Struct."""

import functools
from collections.abc import Mapping

from google.protobuf.struct_pb2 import ListValue, Struct

from modelplane import paths
from modelplane.errors import Unreadable


def kind(obj: Struct) -> str:
    """Return the object's kind, or the empty string."""
    return paths.text(obj, "kind")


def group(obj: Struct) -> str:
    """Return the group of the object's apiVersion; the core group is the empty string."""
    return paths.text(obj, "apiVersion").rpartition("/")[0]


def name(obj: Struct) -> str:
    """Return the object's name; raise Unreadable where there is none."""
    found = paths.text(obj, "metadata", "name")
    if not found:
        raise Unreadable(f"cannot read a {kind(obj) or 'object'} without metadata.name")
    return found


def namespace(obj: Struct) -> str:
    """Return the object's namespace, empty for cluster scope."""
    return paths.text(obj, "metadata", "namespace")


def labels(obj: Struct) -> dict[str, str]:
    """Return the object's labels."""
    return paths.texts(obj, "metadata", "labels")


def annotation(obj: Struct, key: str) -> str:
    """Return one annotation, or the empty string."""
    return paths.text(obj, "metadata", "annotations", key)


def deleting(obj: Struct) -> bool:
    """Return whether the object's deletion has been asked for."""
    return bool(paths.text(obj, "metadata", "deletionTimestamp"))


def condition(obj: Struct, typ: str) -> Struct | None:
    """Return the object's condition of a type, or None."""
    for found in paths.children(obj, "status", "conditions"):
        if paths.text(found, "type") == typ:
            return found
    return None


def said(obj: Struct, typ: str) -> str:
    """Return what the object's condition of a type says, in one line."""
    found = condition(obj, typ)
    return " ".join(paths.text(found, "message").split()) if found is not None else ""


def statuses(obj: Struct) -> Mapping[str, str]:
    """Return the status of every condition of the object, by type."""
    found = paths.find(obj, "status", "conditions")
    return _statuses(found.list_value.SerializeToString()) if found is not None else {}


def behind(obj: Struct) -> bool:
    """Return whether the object's controller has not looked since its spec changed: what it says is of the old one.

    Crossplane's controllers write the generation that they acted on into their condition Synced; where none is told,
    nothing is known against the object.
    """
    found = paths.find(obj, "status", "conditions")
    seen = _synced_generation(found.list_value.SerializeToString()) if found is not None else 0
    return 0 < seen < paths.whole(obj, "metadata", "generation")


@functools.lru_cache(maxsize=8192)
def _statuses(raw: bytes) -> Mapping[str, str]:
    """Read conditions from their bytes: they rarely change from one reply to the next."""
    out: dict[str, str] = {}
    for value in ListValue.FromString(raw).values:
        fields = value.struct_value.fields
        typ, status = fields.get("type"), fields.get("status")
        if typ is not None or status is not None:
            out[typ.string_value if typ is not None else ""] = status.string_value if status is not None else ""
    return out


@functools.lru_cache(maxsize=8192)
def _synced_generation(raw: bytes) -> int:
    """Read from the bytes of conditions which generation the one of type Synced speaks of, 0 where it tells none."""
    found = (value.struct_value for value in ListValue.FromString(raw).values)
    synced = next((each for each in found if paths.text(each, "type") == "Synced"), None)
    return 0 if synced is None else paths.whole(synced, "observedGeneration")
