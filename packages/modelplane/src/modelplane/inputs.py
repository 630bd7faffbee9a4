# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a function needs besides its XR: asked for by kind, answered unresolved, absent or present."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct

from modelplane.errors import Unreadable

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Need:
    """A request for the objects of one kind: one of them by name, or all; in a namespace, or everywhere.

    There are no label selectors: a filtered answer cannot tell a relabelled object from a deleted one.
    """

    name: str
    api_version: str
    kind: str
    match_name: str = ""
    namespace: str = ""

    def selector(self) -> fnv1.ResourceSelector:
        """Return the need as Crossplane's selector."""
        out = fnv1.ResourceSelector(api_version=self.api_version, kind=self.kind)
        if self.match_name:
            out.match_name = self.match_name
        else:
            out.match_labels.SetInParent()
        if self.namespace:
            out.namespace = self.namespace
        return out


def resolved(req: fnv1.RunFunctionRequest, needs: Iterable[Need]) -> bool:
    """Return whether Crossplane has answered all needs, with objects or with none."""
    return all(need.name in req.required_resources for need in needs)


def objects(req: fnv1.RunFunctionRequest, need: Need) -> list[Struct]:
    """Return the objects that answer a need, by namespace and name; none while it is unresolved."""
    if need.name not in req.required_resources:
        return []
    items = [item.resource for item in req.required_resources[need.name].items]
    return sorted(items, key=_order)


def read_each(objs: Iterable[Struct], read: Callable[[Struct], T]) -> tuple[list[T], tuple[str, ...]]:
    """Return what could be read, and one line for each object that could not."""
    good: list[T] = []
    skipped: list[str] = []
    for obj in objs:
        try:
            good.append(read(obj))
        except Unreadable as err:
            skipped.append(str(err))
    return good, tuple(skipped)


def _order(obj: Struct) -> tuple[str, str, bytes]:
    fields = obj.fields.get("metadata")
    if fields is None:
        return "", "", obj.SerializeToString(deterministic=True)
    inner = fields.struct_value.fields
    namespace, name = inner.get("namespace"), inner.get("name")
    if name is None:
        return "", "", obj.SerializeToString(deterministic=True)
    return namespace.string_value if namespace is not None else "", name.string_value, b""
