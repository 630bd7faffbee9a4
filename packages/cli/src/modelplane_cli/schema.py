# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Check plain data against a structural schema, strictly as kubectl asks for it, with a fix in each message."""

import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from modelplane.paths import Manifest

from modelplane_cli import cel
from modelplane_cli.faults import Fault, Path

_SURROGATE = re.compile("[\ud800-\udfff]")
_INT64 = 2**63
_FEW = 12
KEYWORDS = frozenset(
    {
        *("type", "format", "description", "default", "properties", "required", "additionalProperties", "items"),
        *("enum", "pattern", "minimum", "maximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "minProperties", "maxProperties"),
        *("x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
    }
)
"""The keywords that this checks, or that need no check; our schemas use no other."""


def _text(value: object) -> bool:
    """Return whether a value is a string of valid Unicode."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _whole(value: object) -> bool:
    """Return whether a value is a whole number that JSON clients agree on."""
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    return isinstance(number, int) and not isinstance(number, bool) and abs(number) < _INT64


_NOUNS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a mapping"}
_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (_text, "a string; put it in quotes"),
    "integer": (_whole, "a whole number; write it without quotes or fraction"),
    "boolean": (lambda v: isinstance(v, bool), "a boolean; write true or false without quotes"),
    "object": (lambda v: isinstance(v, dict), "a mapping; write its fields below it"),
    "array": (lambda v: isinstance(v, list), 'a list; begin each item with "- "'),
}
_LIMITS: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ("minimum", lambda v: v, "is {have}; set at least {limit}"),
    ("maximum", lambda v: v, "is {have}; set at most {limit}"),
    ("minLength", len, "is too short; write at least {limit} characters"),
    ("maxLength", len, "has {have} characters; write at most {limit}"),
    ("minItems", len, "has {have} items; give at least {limit}"),
    ("maxItems", len, "has {have} items; give at most {limit}"),
    ("minProperties", len, "has {have} fields; give at least {limit}"),
    ("maxProperties", len, "has {have} keys; give at most {limit}"),
)


def faults(value: Any, schema: Manifest, path: Path = ()) -> Iterator[Fault]:  # noqa: ANN401  JSON data
    """Yield what a schema refuses in a value that has its defaults and no nulls."""
    wanted = schema.get("type")
    if wanted and not _TYPES[wanted][0](value):
        have = _NOUNS.get(type(value), "null")
        yield Fault(path, f"is {have} and must be {_TYPES[wanted][1]}", baffling=True)
        return
    own = next(_itself(value, schema, path), None)
    if own:
        yield own
    if own and own.baffling:
        return
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    if isinstance(value, list):
        yield from _list(value, schema, path)


def _itself(value: Any, schema: Manifest, path: Path) -> Iterator[Fault]:  # noqa: ANN401  JSON data
    """Yield what is wrong with a value as a whole; one such fault often brings others."""
    if "enum" in schema and value not in schema["enum"]:
        yield Fault(path, f"is {json.dumps(value)}; write {_either(schema['enum'])}", baffling=True)
    for keyword, measure, message in _LIMITS:
        if keyword not in schema:
            continue
        have, limit = measure(value), schema[keyword]
        if have > limit if keyword.startswith("max") else have < limit:
            text = message.format(have=have, limit=limit)
            yield Fault(path, text, baffling=keyword in ("maxLength", "maxItems", "maxProperties"))
    if isinstance(value, str) and "pattern" in schema and not cel.matches(value, schema["pattern"]):
        wanted = schema.get("description") or f"it must match {schema['pattern']}"
        yield Fault(path, f"is {json.dumps(value)}, which is not valid; {wanted.rstrip('.')}")


def _object(value: Manifest, schema: Manifest, path: Path) -> Iterator[Fault]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    for name in schema.get("required", ()):
        if name not in value:
            hint = known.get(name, {}).get("description", "")
            yield Fault((*path, name), f"is required; add it ({hint.rstrip('.')})" if hint else "is required; add it")
    for name, item in value.items():
        inner = known.get(name, rest)
        if inner is not None:
            yield from faults(item, inner, (*path, name))
        elif known or schema.get("type"):
            yield Fault((*path, name), f"is not a field here; {_suggestion(name, known)}")


def _list(value: list[Any], schema: Manifest, path: Path) -> Iterator[Fault]:
    for index, item in enumerate(value):
        yield from faults(item, schema.get("items", {}), (*path, index))
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen: set[tuple[str, ...]] = set()
    for index, item in enumerate(value if keys else ()):
        identity = tuple(json.dumps(item.get(key)) for key in keys) if isinstance(item, dict) else None
        if identity is None:
            continue
        if identity in seen:
            yield Fault((*path, index), f"repeats {' and '.join(keys)} {' and '.join(identity)}; each must be unique")
        seen.add(identity)


def _either(options: list[Any]) -> str:
    return " or ".join(str(option) for option in options)


def _suggestion(name: str, known: Manifest) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not known or len(known) > _FEW:
        return "remove it"
    return f"remove it (the fields are {', '.join(sorted(known))})"
