# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The schema that the API server really has for a composite resource: ours, Crossplane's and Kubernetes' fields."""

from typing import Any

from modelplane.paths import Manifest

_TEXT = {"type": "string"}
_NAMED = {"type": "object", "required": ["name"], "properties": {"name": _TEXT}}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_SELECTOR = {"type": "object", "required": ["matchLabels"], "properties": {"matchLabels": _TEXTS}}
_SUBDOMAIN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_KEY = (
    r"^(([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?[.])*[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
_NAME = {
    "fieldPath": ".name",
    "rule": "has(self.name) || has(self.generateName)",
    "message": "is required; add it",
}
_KEYS = [{"rule": f"self.all(k, k.matches('{_KEY}'))", "message": 'a key must be "name" or "prefix/name"'}]


def schema(composite: Manifest, *, namespaced: bool) -> Manifest:
    """Return the schema of the CRD that Crossplane derives from a composite resource's own schema."""
    own: Manifest = composite.get("properties", {})
    spec, status = own.get("spec", {"type": "object"}), own.get("status", {"type": "object"})
    properties = {
        "apiVersion": _TEXT,
        "kind": _TEXT,
        "metadata": _metadata(),
        "spec": _with(spec, {"crossplane": {"type": "object", "properties": _machinery(namespaced=namespaced)}}),
        "status": _with(status, {"conditions": _conditions()}),
    }
    return {**composite, "properties": properties, "required": ["metadata", "spec"]}


def _with(schema: Manifest, more: Manifest) -> Manifest:
    return {**schema, "properties": {**schema.get("properties", {}), **more}}


def _machinery(*, namespaced: bool) -> Manifest:
    """Return the fields of spec.crossplane."""
    reference = dict.fromkeys(("apiVersion", "kind", "name", *(() if namespaced else ("namespace",))), _TEXT)
    item = {"type": "object", "required": ["apiVersion", "kind"], "properties": reference}
    return {
        "compositionRef": _NAMED,
        "compositionSelector": _SELECTOR,
        "compositionRevisionRef": _NAMED,
        "compositionRevisionSelector": _SELECTOR,
        "compositionUpdatePolicy": {"type": "string", "enum": ["Automatic", "Manual"]},
        "resourceRefs": {"type": "array", "items": item},
    }


def _conditions() -> Manifest:
    texts = dict.fromkeys(("lastTransitionTime", "message", "reason", "status", "type"), _TEXT)
    required = ["lastTransitionTime", "reason", "status", "type"]
    item = {"type": "object", "required": required, "properties": {**texts, "observedGeneration": {"type": "integer"}}}
    return {"type": "array", "x-kubernetes-list-map-keys": ["type"], "items": item}


def _metadata() -> Manifest:
    """Return what can be said of any object's metadata; what only a server writes is taken as it is."""
    name = {"type": "string", "maxLength": 63, "pattern": _SUBDOMAIN, "description": _says("-", ".")}
    label = {"type": "string", "maxLength": 63, "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"}
    value = {**label, "description": "a label value has letters, digits, -, _ and . only, not at either end"}
    anything: dict[str, Any] = {}
    servers = ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields")
    return {
        "type": "object",
        "x-kubernetes-validations": [_NAME],
        "properties": {
            "name": name,
            "generateName": _TEXT,
            "namespace": {**name, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "description": _says("-")},
            "labels": {"type": "object", "additionalProperties": value, "x-kubernetes-validations": _KEYS},
            "annotations": {**_TEXTS, "x-kubernetes-validations": _KEYS},
            "finalizers": {"type": "array", "items": _TEXT},
            "generation": {"type": "integer"},
            **dict.fromkeys((*servers, "ownerReferences", "selfLink", "deletionGracePeriodSeconds"), anything),
        },
    }


def _says(*punctuation: str) -> str:
    return f"use lower-case letters, digits and {' and '.join(punctuation)}, not at either end"
