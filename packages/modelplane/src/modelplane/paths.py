# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Reading values out of protobuf Structs by path, and turning plain data into Structs.

Every reader tolerates absence and a value of another type: it answers with the empty value of the type it reads.
A path never creates what it does not find.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

Manifest = dict[str, Any]


def find(struct: Struct, *path: str) -> Value | None:
    """Return the value at a path, or None."""
    fields = struct.fields
    for key in path[:-1]:
        step = fields.get(key)
        if step is None:
            return None
        fields = step.struct_value.fields
    return fields.get(path[-1])


def text(struct: Struct, *path: str) -> str:
    """Return the string at a path, or the empty string."""
    found = find(struct, *path)
    return found.string_value if found is not None else ""


def whole(struct: Struct, *path: str, default: int = 0) -> int:
    """Return the whole number at a path, or the default."""
    found = find(struct, *path)
    if found is None or not found.HasField("number_value"):
        return default
    value = float(found.number_value)
    return int(value) if value.is_integer() else default


def flag(struct: Struct, *path: str) -> bool:
    """Return whether the boolean at a path is there and true."""
    found = find(struct, *path)
    return found is not None and found.bool_value


def has(struct: Struct, *path: str) -> bool:
    """Return whether there is anything but null at a path."""
    found = find(struct, *path)
    return found is not None and not found.HasField("null_value")


def child(struct: Struct, *path: str) -> Struct:
    """Return the object at a path, or an empty one."""
    found = find(struct, *path)
    return found.struct_value if found is not None else Struct()


def children(struct: Struct, *path: str) -> Iterator[Struct]:
    """Yield the objects of the list at a path, skipping anything else in it."""
    found = find(struct, *path)
    if found is not None:
        for item in found.list_value.values:
            if item.HasField("struct_value"):
                yield item.struct_value


def texts(struct: Struct, *path: str) -> dict[str, str]:
    """Return the string entries of the object at a path, such as labels."""
    found = find(struct, *path)
    if found is None:
        return {}
    return {key: v.string_value for key, v in found.struct_value.fields.items() if v.HasField("string_value")}


def plain(value: Value) -> Any:  # noqa: ANN401  JSON data has no narrower type
    """Return a value as plain data; whole numbers become int."""
    match value.WhichOneof("kind"):
        case "struct_value":
            return manifest(value.struct_value)
        case "list_value":
            return [plain(item) for item in value.list_value.values]
        case "number_value":
            number = float(value.number_value)
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def manifest(struct: Struct) -> Manifest:
    """Return a Struct as plain data."""
    return {key: plain(value) for key, value in struct.fields.items()}


def struct(source: Mapping[str, Any]) -> Struct:
    """Return plain data as a Struct; entries whose value is None are left out."""
    out = Struct()
    fill(out, source)
    return out


def fill(target: Struct, source: Mapping[str, Any]) -> None:
    """Write plain data into a Struct, key by key; entries whose value is None are left out."""
    fields = target.fields
    for key, value in source.items():
        if value is not None:
            put(fields[key], value)


def put(target: Value, value: Any) -> None:  # noqa: ANN401  JSON data has no narrower type
    """Write plain data, or a Struct, into a value."""
    match value:
        case str():
            target.string_value = value
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case Struct():  # before Mapping, which it is, too
            target.struct_value.CopyFrom(value)
        case Mapping():
            target.struct_value.SetInParent()
            fill(target.struct_value, value)
        case list() | tuple():
            _extend(target.list_value, value)
        case None:
            target.null_value = NullValue.NULL_VALUE
        case _:
            raise TypeError(f"cannot write a {type(value).__name__} into a Struct")


def _extend(target: ListValue, items: list[Any] | tuple[Any, ...]) -> None:
    target.SetInParent()
    for item in items:
        put(target.values.add(), item)
