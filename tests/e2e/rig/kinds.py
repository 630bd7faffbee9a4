# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of the clouds' providers and of provider-helm: with their schemas, without a controller."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from e2e.rig import places
from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import Cluster

LIBRARY = places.REPOSITORY / "tests" / "schemas" / "clouds.json"
REF = "#/definitions/"
REAL = "kubernetes.m.crossplane.io"
"""The group whose provider runs, and brings its own kinds."""
DEFAULTS: Mapping[str, object] = {
    "managementPolicies": ["*"],
    "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "default"},
}
"""What every provider defaults in a managed resource's spec; its rules rest on it."""
ANY = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def load(control: Cluster) -> None:
    """Let the control plane store what is composed for a cloud."""
    for crd in definitions():
        control.api.apply(crd)


@functools.cache
def definitions() -> tuple[Manifest, ...]:
    """Return a CRD of every kind in the library."""
    library = json.loads(LIBRARY.read_text())
    found: dict[tuple[str, str], dict[str, Manifest]] = {}
    for kind, name in sorted(library["kinds"].items()):
        version, _, short = kind.partition(" ")
        group, _, number = version.partition("/")
        if group != REAL:
            schema = inlined(library["definitions"][name], library["definitions"])
            found.setdefault((group, short), {})[number] = schema
    origins = library["origins"]
    return tuple(_definition(*key, _plural(*key, origins), versions) for key, versions in sorted(found.items()))


def inlined(schema: Any, library: Mapping[str, Any]) -> Any:  # noqa: ANN401  JSON data
    """Return a schema with each reference replaced by what it refers to; metadata is the API server's own affair."""
    if isinstance(schema, list):
        return [inlined(item, library) for item in schema]
    if not isinstance(schema, dict):
        return schema
    ref = schema.get("$ref")
    if isinstance(ref, str):
        part = ref.removeprefix(REF)
        return inlined(library[part], library) if part in library else {"type": "object"}
    return {key: inlined(value, library) for key, value in schema.items()}


def _definition(group: str, kind: str, plural: str, versions: Mapping[str, Manifest]) -> Manifest:
    newest = max(versions)
    rows = [
        {
            "name": version,
            "served": True,
            "storage": version == newest,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": _reporting(schema)},
        }
        for version, schema in sorted(versions.items())
    ]
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    scope = "Cluster" if kind == "ClusterProviderConfig" else "Namespaced"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": scope, "names": names, "versions": rows},
    }


def _reporting(schema: Manifest) -> Manifest:
    """Return a schema with any status, and with the defaults that the library leaves out."""
    spec = schema["properties"]["spec"]
    fields = spec.get("properties", {})
    given = {name: {**fields[name], "default": value} for name, value in DEFAULTS.items() if name in fields}
    properties = {**schema["properties"], "spec": {**spec, "properties": {**fields, **given}}, "status": ANY}
    return {**schema, "type": "object", "properties": properties}


def _plural(group: str, kind: str, origins: list[str]) -> str:
    """Return a kind's plural, as the names of the library's origins have it."""
    stem = kind.lower()[:-1]
    plurals = [name.partition("_")[2] for name in origins if name.startswith(f"{group}_")]
    return min((plural for plural in plurals if plural.startswith(stem)), key=len)
