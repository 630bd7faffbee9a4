# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What DRA adds to CEL: the types of a device, and Kubernetes' functions on quantities and versions, as rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, message_factory, struct_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from compose_model_deployment import quantities, versions
from compose_model_deployment.versions import Version

_Field = descriptor_pb2.FieldDescriptorProto
_STRUCT = ".google.protobuf.Struct"


def _pool() -> DescriptorPool:
    """Return a pool with the messages Device, Quantity and Semver of package dra."""
    file = descriptor_pb2.FileDescriptorProto(name="dra.proto", package="dra", syntax="proto3")
    file.dependency.append("google/protobuf/struct.proto")
    _message(file, "Quantity", billionths=_Field.TYPE_STRING)
    _message(file, "Semver", **dict.fromkeys(("major", "minor", "patch"), _Field.TYPE_INT64), pre=_Field.TYPE_STRING)
    device = _message(file, "Device", driver=_Field.TYPE_STRING, allowMultipleAllocations=_Field.TYPE_BOOL)
    for name in ("attributes", "capacity"):
        entry = device.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_Field.TYPE_STRING)
        entry.field.add(name="value", number=2, type=_Field.TYPE_MESSAGE, type_name=_STRUCT)
        field = device.field.add(name=name, number=len(device.field) + 1, type=_Field.TYPE_MESSAGE)
        field.label, field.type_name = _Field.LABEL_REPEATED, f".dra.Device.{entry.name}"
    pool = DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _message(
    file: descriptor_pb2.FileDescriptorProto, name: str, **fields: "_Field.Type.ValueType"
) -> descriptor_pb2.DescriptorProto:
    message = file.message_type.add(name=name)
    for number, (field, typ) in enumerate(fields.items(), start=1):
        message.field.add(name=field, number=number, type=typ)
    return message


POOL = _pool()
_Quantity = message_factory.GetMessageClass(POOL.FindMessageTypeByName("dra.Quantity"))
_Semver = message_factory.GetMessageClass(POOL.FindMessageTypeByName("dra.Semver"))

_BOOL, _INT, _DOUBLE, _STRING = cel.Type.BOOL, cel.Type.INT, cel.Type.DOUBLE, cel.Type.STRING
_QUANTITY, _SEMVER = cel.Type("dra.Quantity"), cel.Type("dra.Semver")

CHECKED_VARIABLES = {
    "device": cel.Type("dra.Device"),
    "device.capacity": cel.Type.Map(_STRING, cel.Type.Map(_STRING, _QUANTITY)),
}
"""The longer name wins: a message cannot hold a map of maps, and capacity is worth its exact type."""


def quantity(billionths: int) -> Message:
    """Return a quantity as CEL sees it."""
    return _Quantity(billionths=str(billionths))


def semver(version: Version) -> Message:
    """Return a version as CEL sees it."""
    return _Semver(major=version.major, minor=version.minor, patch=version.patch, pre=version.prerelease)


@dataclass(frozen=True, slots=True)
class Row:
    """One function of Kubernetes' CEL libraries; a member's first parameter is its receiver."""

    name: str
    parameters: tuple[cel.Type, ...]
    returns: cel.Type
    impl: Callable[..., Any]
    member: bool = True


def declarations(*, merged: bool) -> list[cel.FunctionDecl]:
    """Return every function; merged, those that differ in message types only are one."""
    found: dict[str, dict[str, cel.Overload]] = {}
    for row in ROWS:
        overloads = found.setdefault(row.name, {})
        key = "_".join("message" if merged and p.is_message() else p.name() for p in row.parameters)
        overloads.setdefault(key, _overload(f"{row.name}_{key}", row))
    return [cel.FunctionDecl(name, list(overloads.values())) for name, overloads in found.items()]


def _overload(name: str, row: Row) -> cel.Overload:
    return cel.Overload(name, row.returns, row.parameters, is_member=row.member, impl=row.impl)


def _value(message: Any) -> Any:  # noqa: ANN401  a message of a pool of its own has no static type
    """Return what orders a quantity or a version."""
    if message.DESCRIPTOR.name == "Quantity":
        return int(message.billionths)
    return Version(message.major, message.minor, message.patch, message.pre).order


def _compare(left: Message, right: Message) -> int:
    if left.DESCRIPTOR.name != right.DESCRIPTOR.name:
        raise ValueError(f"cannot compare a {left.DESCRIPTOR.name} to a {right.DESCRIPTOR.name}")
    one, other = _value(left), _value(right)
    return (one > other) - (one < other)


def _parsed(text: str, normalize: bool = False) -> Message:  # noqa: FBT001, FBT002  CEL passes by position
    return semver(versions.normalized(text) if normalize else versions.parse(text))


def _is(parse: Callable[..., object]) -> Callable[..., bool]:
    def answer(*given: object) -> bool:
        try:
            parse(*given)
        except ValueError:
            return False
        return True

    return answer


def _whole(message: Message) -> int:
    value, rest = divmod(_value(message), quantities.NANO)
    if rest:
        raise ValueError("the quantity is no whole number")
    return value


def _sum(left: Message, right: Message | int, sign: int = 1) -> Message:
    other = right * quantities.NANO if isinstance(right, int) else _value(right)
    return quantity(_value(left) + sign * other)


def _difference(left: Message, right: Message | int) -> Message:
    return _sum(left, right, -1)


_COMPARISONS = tuple(
    row
    for typ in (_QUANTITY, _SEMVER)
    for row in (
        Row("compareTo", (typ, typ), _INT, _compare),
        Row("isGreaterThan", (typ, typ), _BOOL, lambda left, right: _compare(left, right) > 0),
        Row("isLessThan", (typ, typ), _BOOL, lambda left, right: _compare(left, right) < 0),
    )
)

ROWS = (
    *_COMPARISONS,
    Row("quantity", (_STRING,), _QUANTITY, lambda text: quantity(quantities.billionths(text)), member=False),
    Row("isQuantity", (_STRING,), _BOOL, _is(quantities.billionths), member=False),
    Row("sign", (_QUANTITY,), _INT, lambda q: (_value(q) > 0) - (_value(q) < 0)),
    Row("isInteger", (_QUANTITY,), _BOOL, lambda q: _value(q) % quantities.NANO == 0),
    Row("asInteger", (_QUANTITY,), _INT, _whole),
    Row("asApproximateFloat", (_QUANTITY,), _DOUBLE, lambda q: _value(q) / quantities.NANO),
    Row("add", (_QUANTITY, _QUANTITY), _QUANTITY, _sum),
    Row("add", (_QUANTITY, _INT), _QUANTITY, _sum),
    Row("sub", (_QUANTITY, _QUANTITY), _QUANTITY, _difference),
    Row("sub", (_QUANTITY, _INT), _QUANTITY, _difference),
    Row("semver", (_STRING,), _SEMVER, _parsed, member=False),
    Row("semver", (_STRING, _BOOL), _SEMVER, _parsed, member=False),
    Row("isSemver", (_STRING,), _BOOL, _is(_parsed), member=False),
    Row("isSemver", (_STRING, _BOOL), _BOOL, _is(_parsed), member=False),
    Row("major", (_SEMVER,), _INT, lambda v: v.major),
    Row("minor", (_SEMVER,), _INT, lambda v: v.minor),
    Row("patch", (_SEMVER,), _INT, lambda v: v.patch),
)
