# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Changing one thing of a request: every place in it, and what a broken or foreign world could put there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct, Value
from modelplane import paths

Part = Literal["composite", "observed", "required"]
Step = str | int

ABSENT = object()
"""The corruption that takes a field away."""

CORRUPTIONS: tuple[Any, ...] = (
    ABSENT,
    None,
    "",
    "other",
    "Unheard-of",
    7,
    -1,
    0.5,
    True,
    [],
    {},
    ["other", {"name": "other"}],
    {"unknown": {"deeper": [1]}},
)
"""Absence, each type of JSON, and values that no version of ours knows."""


@dataclass(frozen=True)
class Place:
    """One field of one object of a request; an empty path is the whole object."""

    part: Part
    key: str
    index: int
    path: tuple[Step, ...]

    def __str__(self) -> str:
        """Return the place as a person would write it."""
        where = f"{self.part} {self.key}".strip() + (f"[{self.index}]" if self.part == "required" else "")
        return f"{where}: {'.'.join(map(str, self.path)) or '(whole)'}"

    def under(self, *prefix: str) -> bool:
        """Return whether the place is at or below a path."""
        return self.path[: len(prefix)] == prefix


def places(req: fnv1.RunFunctionRequest) -> list[Place]:
    """Return every place of a request; of managed fields, which nobody reads, only the list."""
    found = [Place("composite", "", 0, path) for path in _paths(req.observed.composite.resource)]
    for key in sorted(req.observed.resources):
        found += [Place("observed", key, 0, path) for path in _paths(req.observed.resources[key].resource)]
    for key in sorted(req.required_resources):
        for index, item in enumerate(req.required_resources[key].items):
            found += [Place("required", key, index, path) for path in _paths(item.resource)]
    return found


def _paths(obj: Struct) -> Iterator[tuple[Step, ...]]:
    yield ()
    yield from _below(obj, ())


def _below(obj: Struct, prefix: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for key in sorted(obj.fields):
        here = (*prefix, key)
        yield here
        if key != "managedFields":
            yield from _within(obj.fields[key], here)


def _within(value: Value, here: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if value.HasField("struct_value"):
        yield from _below(value.struct_value, here)
    if value.HasField("list_value"):
        for index, item in enumerate(value.list_value.values):
            yield (*here, index)
            yield from _within(item, (*here, index))


def corrupted(req: fnv1.RunFunctionRequest, place: Place, value: Any) -> fnv1.RunFunctionRequest:  # noqa: ANN401  JSON data
    """Return a copy of the request with one place changed."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    obj = _object(out, place)
    if not place.path:
        obj.Clear()
        if isinstance(value, dict):
            paths.fill(obj, value)
        return out
    _write(obj, place.path, value)
    return out


def _object(req: fnv1.RunFunctionRequest, place: Place) -> Struct:
    if place.part == "composite":
        return req.observed.composite.resource
    if place.part == "observed":
        return req.observed.resources[place.key].resource
    return req.required_resources[place.key].items[place.index].resource


def _write(obj: Struct, path: tuple[Step, ...], value: Any) -> None:  # noqa: ANN401  JSON data
    target = Value(struct_value=obj)
    walk = target
    for step in path[:-1]:
        walk = walk.list_value.values[step] if isinstance(step, int) else walk.struct_value.fields[step]
    last = path[-1]
    if value is ABSENT:
        if isinstance(last, int):
            del walk.list_value.values[last]
        else:
            del walk.struct_value.fields[last]
    else:
        slot = walk.list_value.values[last] if isinstance(last, int) else walk.struct_value.fields[last]
        slot.Clear()
        paths.put(slot, value)
    obj.CopyFrom(target.struct_value)


def shuffled(req: fnv1.RunFunctionRequest, order: Any) -> fnv1.RunFunctionRequest:  # noqa: ANN401  random.Random
    """Return a copy with lists of objects in another order, and maps filled in another order."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    out.observed.resources.clear()
    for key in order.sample(sorted(req.observed.resources), len(req.observed.resources)):
        out.observed.resources[key].CopyFrom(req.observed.resources[key])
    out.required_resources.clear()
    for key in order.sample(sorted(req.required_resources), len(req.required_resources)):
        items = list(req.required_resources[key].items)
        order.shuffle(items)
        out.required_resources[key].SetInParent()
        for item in items:
            out.required_resources[key].items.add().CopyFrom(item)
    return out


def without_observed(req: fnv1.RunFunctionRequest, keys: frozenset[str]) -> fnv1.RunFunctionRequest:
    """Return a copy whose observed resources lack the given keys."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    for key in keys:
        del out.observed.resources[key]
    return out


def without_need(req: fnv1.RunFunctionRequest, need: str) -> fnv1.RunFunctionRequest:
    """Return a copy in which a need is unresolved."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    del out.required_resources[need]
    return out


def without_item(req: fnv1.RunFunctionRequest, need: str, index: int) -> fnv1.RunFunctionRequest:
    """Return a copy in which a need is resolved with one object less."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    del out.required_resources[need].items[index]
    return out


def emptied(req: fnv1.RunFunctionRequest, need: str) -> fnv1.RunFunctionRequest:
    """Return a copy in which a need is resolved with nothing."""
    out = without_need(req, need)
    out.required_resources[need].SetInParent()
    return out


def with_neighbour(req: fnv1.RunFunctionRequest, need: str, neighbour: paths.Manifest) -> fnv1.RunFunctionRequest:
    """Return a copy in which a need has one more object."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    paths.fill(out.required_resources[need].items.add().resource, neighbour)
    return out


def with_status(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> fnv1.RunFunctionRequest:
    """Return a copy whose XR carries the status and the conditions that a reply told."""
    out = fnv1.RunFunctionRequest()
    out.CopyFrom(req)
    names = {fnv1.STATUS_CONDITION_TRUE: "True", fnv1.STATUS_CONDITION_FALSE: "False"}
    status = paths.manifest(paths.child(rsp.desired.composite.resource, "status"))
    told = {c.type: c for c in rsp.conditions}
    status["conditions"] = [
        {"type": typ, "status": names.get(c.status, "Unknown"), "reason": c.reason, "message": c.message}
        for typ, c in sorted(told.items())
    ]
    out.observed.composite.resource.fields["status"].struct_value.SetInParent()
    out.observed.composite.resource.fields["status"].struct_value.CopyFrom(paths.struct(status))
    return out


def is_users(place: Place, value: Any) -> bool:  # noqa: ANN401  JSON data
    """Return whether a change of one place is one by which a user may release what is composed.

    That is the XR but for its status, labels and taints of neighbours, and an object that is another one altogether.
    """
    if place.part == "composite":
        return place.path[:1] != ("status",)
    if place.part == "observed":
        return False
    labels, taints = place.under("metadata", "labels"), place.under("spec", "taints")
    return labels or taints or (place.path in ((), ("metadata",)) and isinstance(value, dict))
