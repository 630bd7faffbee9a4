# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The objects of an API server: their identity, what a server gives a new one, and finding them."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from modelplane import names
from modelplane.paths import Manifest

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""When every preview begins. Its clock is logical: a step is a minute."""

COMPOSITE_LABEL = "crossplane.io/composite"
RESOURCE_NAME = "crossplane.io/composition-resource-name"


@dataclass(frozen=True, order=True)
class Ref:
    """The identity of an object; the namespace is empty for cluster scope."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def uid(self) -> str:
        """Return a uid that only depends on the identity."""
        return str(uuid.UUID(names.digest(self.api_version, self.kind, self.namespace, self.name, length=32)))


Objects = dict[Ref, Manifest]


def ref(body: Manifest) -> Ref:
    """Return the identity of an object."""
    metadata = body.get("metadata", {})
    return Ref(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata.get("name", ""))


def stamp(step: int) -> str:
    """Return the time of a step of the logical clock."""
    return (EPOCH + timedelta(minutes=step)).strftime("%Y-%m-%dT%H:%M:%SZ")


def minute(time: str) -> int:
    """Return the step of the logical clock at a time."""
    return int((datetime.fromisoformat(time) - EPOCH).total_seconds() // 60)


def created(body: Manifest, *, step: int) -> Manifest:
    """Return an object as the API server has it once created, unless it already carries what a server gives it."""
    metadata = body.get("metadata", {})
    given = {"uid": ref(body).uid, "creationTimestamp": stamp(step), "generation": 1, "resourceVersion": "1"}
    return {**body, "metadata": {**given, **metadata}}


def selected(
    objects: Objects, *, api_version: str, kind: str, namespace: str, labels: Mapping[str, str]
) -> Iterator[Ref]:
    """Yield the objects of a kind by namespace and name; no namespace selects all of them."""
    for key in sorted(objects):
        if (key.api_version, key.kind) != (api_version, kind) or (namespace and key.namespace != namespace):
            continue
        carried = value_at(objects[key], "metadata", "labels") or {}
        if all(carried.get(name) == value for name, value in labels.items()):
            yield key


def value_at(body: Any, *steps: str) -> Any:  # noqa: ANN401  JSON data has no narrower type
    """Return the value at a path of plain data, or None."""
    for step in steps:
        if not isinstance(body, dict):
            return None
        body = body.get(step)
    return body


def condition(body: Manifest, typ: str) -> Manifest:
    """Return an object's condition of a type, or an empty one."""
    found = value_at(body, "status", "conditions")
    every = found if isinstance(found, list) else []
    return next((c for c in every if isinstance(c, dict) and c.get("type") == typ), {})


def is_ready(body: Manifest) -> bool:
    """Return whether an object's Ready condition is True."""
    return condition(body, "Ready").get("status") == "True"
