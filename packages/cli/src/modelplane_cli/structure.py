# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the API server does with a structural schema: fill in defaults, and know no undeclared fields."""

import copy
from collections.abc import Iterator
from typing import Any

from modelplane.paths import Manifest

_CROSSPLANES_OWN = {("spec", "crossplane"), ("status", "crossplane"), ("status", "conditions")}
_EVERY_OBJECTS = ("apiVersion", "kind", "metadata")


def defaulted(body: Manifest, schema: Manifest) -> Manifest:
    """Return a copy of an object with the defaults of its schema, and without nulls."""
    return _defaulted(body, schema)


def undeclared(body: Manifest, schema: Manifest) -> str:
    """Return the path of the first field that the schema does not declare, or the empty string."""
    inner = {key: value for key, value in body.items() if key not in _EVERY_OBJECTS}
    return next((".".join(path) for path in _undeclared(inner, schema, ())), "")


def _defaulted(value: Any, schema: Manifest) -> Any:  # noqa: ANN401  JSON data has no narrower type
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        inner = rest if isinstance(rest, dict) else {}
        out = {key: _defaulted(v, properties.get(key, inner)) for key, v in value.items() if v is not None}
        for key, sub in properties.items():
            if key not in out and "default" in sub:
                out[key] = _defaulted(copy.deepcopy(sub["default"]), sub)
        return out
    if isinstance(value, list):
        return [_defaulted(item, schema.get("items", {})) for item in value]
    return value


def _undeclared(value: object, schema: Manifest, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _undeclared(item, schema.get("items", {}), (*path, str(index)))
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    for key, item in sorted(value.items()):
        here = (*path, key)
        inner = _declared(key, schema)
        if inner is not None:
            yield from _undeclared(item, inner, here)
        elif here not in _CROSSPLANES_OWN:
            yield here


def _declared(key: str, schema: Manifest) -> Manifest | None:
    """Return the schema of one field of an object; None where there is none, an empty one where any is allowed."""
    properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
    if key in properties:
        return properties[key]
    if isinstance(rest, dict):
        return rest
    return {} if rest or schema.get("type") != "object" else None
