# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Evaluate the validation rules of a structural schema, as the API server does on creation or on an update."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cel_expr_python import cel
from modelplane.paths import Manifest

from modelplane_cli.faults import Fault, Path

_OLD = re.compile(r"\boldSelf\b")


def faults(
    value: Any,  # noqa: ANN401  JSON data
    schema: Manifest,
    path: Path = (),
    *,
    old: Any = None,  # noqa: ANN401  JSON data
    known: tuple[Fault, ...] = (),
) -> Iterator[Fault]:
    """Yield the rules that a value breaks; a rule that compares needs the old value.

    Where the schema is known to refuse something below, a rule judges what is left, or nothing.
    """
    below = tuple(fault for fault in known if fault.path[: len(path)] == path)
    own = [fault for fault in below if fault.path == path]
    if any(fault.baffling for fault in own):
        return
    if not own and not any(fault.baffling for fault in below):
        for rule in schema.get("x-kubernetes-validations", ()):
            yield from _broken(rule, value, path, old=old, lenient=bool(below))
    for step, item, inner, former in _children(value, schema, old):
        yield from faults(item, inner, (*path, step), old=former, known=below)


def _broken(rule: Mapping[str, str], value: Any, path: Path, *, old: Any, lenient: bool) -> Iterator[Fault]:  # noqa: ANN401  JSON data
    if old is None and _OLD.search(rule["rule"]):
        return
    result = compiled(rule["rule"]).eval(data={"self": value, "oldSelf": old}).value()
    if result is True or (lenient and result is not False):
        return
    field = tuple(step for step in rule.get("fieldPath", "").split(".") if step)
    reason = "" if result is False else f" (the rule failed: {result})"
    yield Fault((*path, *field), rule["message"] + reason)


def _children(value: Any, schema: Manifest, old: Any) -> Iterator[tuple[str | int, Any, Manifest, Any]]:  # noqa: ANN401  JSON data
    """Yield each declared part of a value with its schema and its former value, where the two correspond."""
    if isinstance(value, dict):
        known, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            inner = known.get(name, rest)
            if isinstance(inner, dict):
                yield name, item, inner, old.get(name) if isinstance(old, dict) else None
    if isinstance(value, list):
        keys = schema.get("x-kubernetes-list-map-keys", ())
        former = {_identity(item, keys): item for item in old if keys} if isinstance(old, list) else {}
        for index, item in enumerate(value):
            yield index, item, schema.get("items", {}), former.get(_identity(item, keys))


def _identity(item: Any, keys: list[str]) -> tuple[Any, ...]:  # noqa: ANN401  JSON data
    return tuple(str(item.get(key)) for key in keys) if isinstance(item, dict) else ()


def matches(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern in the dialect of the API server, RE2."""
    return compiled("self.matches(oldSelf)").eval(data={"self": text, "oldSelf": pattern}).value() is True


@functools.cache
def compiled(rule: str) -> cel.Expression:
    """Return a rule ready to evaluate; raise RuntimeError when it does not compile."""
    return _environment().compile(rule)


@functools.cache
def _environment() -> cel.Env:
    """Return CEL's standard library and nothing else: our rules need no function of Kubernetes' own."""
    return cel.NewEnv(variables={"self": cel.Type.DYN, "oldSelf": cel.Type.DYN})
