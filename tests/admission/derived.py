# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The CRD that Crossplane 2.3 derives from an XRD, as its internal/xcrd and crossplane-runtime's xcrd do."""

from typing import Any

from admission.case import Manifest

_TEXT = {"type": "string"}
_KEPT_OF_SPEC = ("required", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations", "oneOf", "description")
_KEPT_OF_STATUS = ("required", "x-kubernetes-validations", "oneOf", "description")
_COLUMNS = [
    {"name": "SYNCED", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Synced')].status"},
    {"name": "READY", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"},
    {"name": "COMPOSITION", "type": "string", "jsonPath": ".spec.crossplane.compositionRef.name"},
    {
        "name": "COMPOSITIONREVISION",
        "type": "string",
        "jsonPath": ".spec.crossplane.compositionRevisionRef.name",
        "priority": 1,
    },
    {"name": "AGE", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def crd(definition: Manifest) -> Manifest:
    """Return the CustomResourceDefinition of an XRD."""
    spec = definition["spec"]
    names = {**spec["names"], "categories": [*spec["names"]["categories"], "composite"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": definition["metadata"]["name"]},
        "spec": {
            "group": spec["group"],
            "scope": spec["scope"],
            "names": {**names, "listKind": f"{names['kind']}List"},
            "versions": [_version(version, spec["scope"]) for version in spec["versions"]],
        },
    }


def _version(version: Manifest, scope: str) -> Manifest:
    return {
        "name": version["name"],
        "served": version["served"],
        "storage": version["referenceable"],
        "additionalPrinterColumns": [*version["additionalPrinterColumns"], *_COLUMNS],
        "schema": {"openAPIV3Schema": _schema(version["schema"]["openAPIV3Schema"], scope)},
        "subresources": {"status": {}, **version.get("subresources", {})},
    }


def _schema(own: Manifest, scope: str) -> Manifest:
    spec, status = own["properties"]["spec"], own["properties"].get("status", {})
    kept = {key: own[key] for key in ("description", "x-kubernetes-validations") if key in own}
    return {
        **kept,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": _TEXT,
            "kind": _TEXT,
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}},
            "spec": _part(spec, _KEPT_OF_SPEC, {"crossplane": _crossplane(scope)}),
            "status": _part(status, _KEPT_OF_STATUS, {"conditions": _conditions()}),
        },
    }


def _part(own: Manifest, kept: tuple[str, ...], more: Manifest) -> Manifest:
    survivors = {key: own[key] for key in kept if key in own}
    return {**survivors, "type": "object", "properties": {**own.get("properties", {}), **more}}


def _crossplane(scope: str) -> Manifest:
    ref = _object(["name"], name=_TEXT)
    selector = _object(["matchLabels"], matchLabels={"type": "object", "additionalProperties": _TEXT})
    place = {} if scope == "Namespaced" else {"namespace": _TEXT}
    item = _object(["apiVersion", "kind"], apiVersion=_TEXT, kind=_TEXT, name=_TEXT, **place)
    return {
        "type": "object",
        "description": "Configures how Crossplane will reconcile this composite resource",
        "properties": {
            "compositionRef": ref,
            "compositionSelector": selector,
            "compositionRevisionRef": ref,
            "compositionRevisionSelector": selector,
            "compositionUpdatePolicy": {"type": "string", "enum": ["Automatic", "Manual"]},
            "resourceRefs": {"type": "array", "x-kubernetes-list-type": "atomic", "items": item},
        },
    }


def _conditions() -> Manifest:
    item = _object(
        ["lastTransitionTime", "reason", "status", "type"],
        lastTransitionTime={"type": "string", "format": "date-time"},
        message=_TEXT,
        reason=_TEXT,
        status=_TEXT,
        type=_TEXT,
        observedGeneration={"type": "integer", "format": "int64"},
    )
    return {
        "type": "array",
        "description": "Conditions of the resource.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": item,
    }


def _object(required: list[str], **properties: Any) -> Manifest:  # noqa: ANN401  a schema
    return {"type": "object", "required": required, "properties": properties}
