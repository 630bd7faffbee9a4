# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a row of the admission table is: a good manifest, changed in one place, and what must be said of it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Manifest = dict[str, Any]
GONE = object()
"""The value of an edit that removes its field."""


@dataclass(frozen=True)
class Case:
    """One manifest; refused at its field, if it has one, else accepted.

    What a rule says, the API server says in the same words; a schema's refusal is only known by its field there.
    """

    id: str
    manifest: Manifest
    reason: str
    field: str = ""
    says: str = ""
    old: Manifest | None = None
    rule: bool = False

    @property
    def name(self) -> str:
        """Return the id with the manifest's kind."""
        return f"{self.manifest['kind']}-{self.id}"


def bad(id_: str, manifest: Manifest, edits: Mapping[str, object], field: str, says: str, reason: str) -> Case:
    """Return a case that the schema refuses."""
    return Case(id_, edited(manifest, edits), reason, field=field, says=says)


def ruled(id_: str, manifest: Manifest, edits: Mapping[str, object], field: str, says: str, reason: str) -> Case:
    """Return a case that a rule refuses."""
    return Case(id_, edited(manifest, edits), reason, field=field, says=says, rule=True)


def changed(id_: str, manifest: Manifest, edits: Mapping[str, object], field: str, says: str, reason: str) -> Case:
    """Return a case of an update that a rule refuses, where what there was is the manifest."""
    return Case(id_, edited(manifest, edits), reason, field=field, says=says, old=manifest, rule=True)


def base(text: str) -> Manifest:
    """Return the manifest in a text."""
    return yaml.safe_load(text)


def edited(manifest: Manifest, edits: Mapping[str, object]) -> Manifest:
    """Return a copy with values set at dotted paths; digits are indices of lists, ~ stands for a dot in a key."""
    out = copy.deepcopy(manifest)
    for path, value in edits.items():
        *parents, last = (_step(step) for step in path.split("."))
        target: Any = out
        for step in parents:
            target = target[step] if isinstance(step, int) else target.setdefault(step, {})
        if value is GONE:
            del target[last]
        else:
            target[last] = value
    return out


def _step(step: str) -> str | int:
    return int(step) if step.isdigit() else step.replace("~", ".")
