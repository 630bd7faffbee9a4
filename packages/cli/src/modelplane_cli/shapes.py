# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What every object of an API server has the shape of, whatever its kind: nothing else can be read or observed."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelplane.paths import Manifest

Path = tuple[str | int, ...]

_TEXT_MAPS = ("labels", "annotations")


def misshapen(body: Manifest) -> tuple[Path, str] | None:
    """Return the first field that has another shape than any object's, and what it must be; None where all is well."""
    return next(_faults(body), None)


def _faults(body: Manifest) -> Iterator[tuple[Path, str]]:
    yield from _mapping(body, "metadata")
    yield from _mapping(body, "spec")
    yield from _mapping(body, "status")
    metadata = body.get("metadata") or {}
    for name in ("name", "namespace"):
        if not isinstance(metadata.get(name, ""), str):
            yield ("metadata", name), "a string"
    for name in _TEXT_MAPS:
        found = metadata.get(name) or {}
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            yield ("metadata", name), "a mapping of strings"
    yield from _entries(metadata, ("metadata", "ownerReferences"), ("kind", "name"))
    yield from _entries(body.get("status") or {}, ("status", "conditions"), ("type", "status", "reason"))


def _mapping(body: Manifest, name: str) -> Iterator[tuple[Path, str]]:
    if not isinstance(body.get(name), dict | None):
        yield (name,), "a mapping"


def _entries(parent: Any, path: tuple[str, str], fields: tuple[str, ...]) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  JSON data has no narrower type
    """Yield what is wrong with a list of mappings that each have some fields of text."""
    found = parent.get(path[1]) if isinstance(parent, Mapping) else None
    if not isinstance(found or [], list):
        yield path, "a list"
        return
    for index, entry in enumerate(found or ()):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in fields):
            yield (*path, index), f"a mapping with {', '.join(fields)}"
