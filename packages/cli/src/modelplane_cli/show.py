# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Objects as stable text: no uids or times that vary, no Secret's data, every key in its place."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml
from modelplane.paths import Manifest

from modelplane_cli.objects import EPOCH

REDACTED = "REDACTED"

_SERVERS_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds a copy of the object, a Secret's data included."""
_PINNED = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ")
_TIMES = ("lastTransitionTime", "startTime", "completionTime")
_WIDTH = 120


class _Dumper(yaml.CSafeDumper):
    """A dumper that quotes whatever another YAML reader could take for a boolean or a number."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  the base class calls it so
        return True


_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_.]*[eE][-+]?[0-9]+$"), list("-+0123456789")
)


Section = tuple[str, Manifest]
"""A comment that says what follows, and an object; the comment is repeated on objects of the same section."""


def shown(body: Manifest) -> Manifest:
    """Return an object as it is printed: what varies is left out or pinned, what is secret is redacted."""
    return _shown(body)


def as_yaml(sections: Iterable[Section]) -> str:
    """Return objects as YAML documents, each section below a comment that names it."""
    out: list[str] = []
    last = ""
    for title, body in sections:
        head = f"# {title}\n" if title != last else ""
        last = title
        out.append(f"---\n{head}{yaml.dump(shown(body), Dumper=_Dumper, width=_WIDTH, allow_unicode=True)}")
    return "".join(out)


def as_json(sections: Iterable[Section]) -> str:
    """Return objects as one List in JSON."""
    items = [shown(body) for _, body in sections]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2, sort_keys=True) + "\n"


FORMATS: Mapping[str, Callable[[Iterable[Section]], str]] = {"yaml": as_yaml, "json": as_json}


def _shown(value: Any, name: str = "") -> Any:  # noqa: ANN401  JSON data has no narrower type
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if name in _TIMES:
        return _PINNED
    if not isinstance(value, dict):
        return value
    if name == "annotations":
        value = {key: item for key, item in value.items() if key != _LAST_APPLIED}
    if name == "metadata":
        value = {key: item for key, item in value.items() if key not in _SERVERS_OWN}
    out = {key: _shown(item, key) for key, item in value.items()}
    if value.get("kind") == "Secret":
        out |= {key: dict.fromkeys(value[key] or (), REDACTED) for key in ("data", "stringData") if key in value}
    if name == "" and value.get("controller"):
        out.pop("uid", None)
    return out
