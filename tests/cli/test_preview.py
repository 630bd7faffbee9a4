# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Documents become objects as kubectl would apply them: defaults, namespaces, fleet and data apart."""

import pytest
from builders_preview import GROUP, VERSION, answering, known, xr, xrd
from modelplane.paths import Manifest
from modelplane_cli import load, preview, structure
from modelplane_cli.errors import BadInput
from modelplane_cli.load import Document
from modelplane_cli.objects import Ref
from modelplane_cli.preview import Inputs

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "default": 3},
                "inner": {"type": "object", "default": {}, "properties": {"mode": {"type": "string", "default": "x"}}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"n": {"default": 1}}}},
                "map": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "properties": {"k": {"default": 2}}},
                },
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        }
    },
}


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({}, {"size": 3, "inner": {"mode": "x"}}, id="defaults-of-defaults"),
        pytest.param({"size": 5, "inner": {"mode": "y"}}, {"size": 5, "inner": {"mode": "y"}}, id="given-wins"),
        pytest.param({"size": None, "inner": {}}, {"size": 3, "inner": {"mode": "x"}}, id="null-is-absent"),
        pytest.param({"list": [{}, {"n": 7}]}, {"list": [{"n": 1}, {"n": 7}]}, id="items"),
        pytest.param({"map": {"a": {}}}, {"map": {"a": {"k": 2}}}, id="values-of-a-map"),
        pytest.param({"free": {"any": [1]}}, {"free": {"any": [1]}}, id="free-form"),
    ],
)
def test_defaults(spec: Manifest, want: Manifest) -> None:
    """A schema's defaults are filled in as the API server does."""
    got = structure.defaulted({"spec": spec}, SCHEMA)["spec"]
    assert {key: got[key] for key in want} == want


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({"size": 1, "inner": {"mode": "x"}, "crossplane": {"a": 1}}, "", id="all-declared"),
        pytest.param({"sise": 1}, "spec.sise", id="misspelt"),
        pytest.param({"list": [{"n": 1}, {"m": 1}]}, "spec.list.1.m", id="in-a-list"),
        pytest.param({"map": {"any": {"z": 1}}}, "spec.map.any.z", id="in-a-map"),
        pytest.param({"free": {"any": 1}}, "", id="free-form"),
    ],
)
def test_undeclared(spec: Manifest, want: str) -> None:
    """The first field that a schema does not declare is named by its path."""
    assert structure.undeclared({"metadata": {"x": 1}, "spec": spec}, SCHEMA) == want


def document(body: Manifest) -> Document:
    """Return an object as a document."""
    return load.read(str(body), "f.yaml")[0]


@pytest.mark.parametrize(
    ("kind", "metadata", "want"),
    [
        pytest.param("Box", {"name": "a"}, {"name": "a", "namespace": "default"}, id="namespaced"),
        pytest.param("Box", {"name": "a", "namespace": "b"}, {"name": "a", "namespace": "b"}, id="as-given"),
        pytest.param("Site", {"name": "a", "namespace": "b"}, {"name": "a"}, id="cluster-scope"),
    ],
)
def test_namespaces(kind: str, metadata: Manifest, want: Manifest) -> None:
    """A namespaced object without a namespace goes to default; one of cluster scope has none."""
    apis = known(xrd("Site", {}, {}, scope="Cluster"))
    assert (
        preview.applied(document({"apiVersion": VERSION, "kind": kind, "metadata": metadata}), apis)["metadata"] == want
    )


def test_what_is_read_and_what_is_composed() -> None:
    """Manifests of a kind with a Composition are composed; those of the fleet and what is required are only read."""
    inputs = Inputs(
        manifests=[document(xr(name="mine"))],
        fleet=[document(xr(name="fleet"))],
        required=[document({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})],
    )
    made = preview.plane(inputs, known(), {"box": answering({})})
    assert [xr.name for xr in made.composed] == ["mine"]
    assert Ref("v1", "Secret", "default", "s") in made.objects
    assert len(made.objects) == 3


@pytest.mark.parametrize(
    ("body", "want"),
    [
        pytest.param(
            {"apiVersion": VERSION, "kind": "Box"}, "f.yaml:1: cannot apply a Box without metadata.name", id="name"
        ),
        pytest.param(
            {"apiVersion": "modelplane.ai/v9", "kind": "Box", "metadata": {"name": "a"}},
            f"f.yaml:1: cannot apply kind 'Box' of modelplane.ai/v9: it is none of Box ({GROUP}/v1)",
            id="unknown-kind-of-ours",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "labels": {"a": 1}}},
            "f.yaml:1: X: metadata.labels must be a mapping of strings",
            id="a-label-that-is-no-string",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "X", "metadata": []}, "f.yaml:1: X: metadata must be a mapping", id="metadata"
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "status": {"conditions": [{"type": "Ready"}]}},
            "f.yaml:1: X: status.conditions.0 must be a mapping with type, status, reason",
            id="half-a-condition",
        ),
        pytest.param(
            {
                "apiVersion": "v1",
                "kind": "X",
                "metadata": {"name": "a", "ownerReferences": {}, "annotations": None},
                "spec": 1,
            },
            "f.yaml:1: X: spec must be a mapping",
            id="a-spec-that-is-no-mapping",
        ),
    ],
)
def test_what_cannot_be_applied(body: Manifest, want: str) -> None:
    """A manifest that no API server would take is named with file and line."""
    with pytest.raises(BadInput) as caught:
        preview.applied(document(body), known())
    assert caught.value.message.startswith(want)
