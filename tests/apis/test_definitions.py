# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What every schema in apis/ must be: structural, bounded, explained, and whole after Crossplane derived a CRD."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from admission import table
from modelplane_cli import cel, schema

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("apis/*/definition.yaml"))]
COMPOSITIONS = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("apis/*/composition.yaml"))]
CROSSPLANES_COLUMNS = {"SYNCED", "READY", "COMPOSITION", "COMPOSITIONREVISION", "AGE"}
KEPT_AT_SPEC = {"type", "required", "properties", "x-kubernetes-validations", "oneOf", "description"}
MOVED = {"engines", "serving", "tolerations"}
PODS = {("workers", "template"), ("[]", "template")}

Path_ = tuple[str, ...]
Node = dict[str, Any]
each_definition = pytest.mark.parametrize(
    "definition", [pytest.param(item, id=item["spec"]["names"]["kind"]) for item in DEFINITIONS]
)


def nodes(node: Node, path: Path_ = ()) -> Iterator[tuple[Path_, Node]]:
    """Yield a schema and every schema below it."""
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(inner, (*path, name))
    if "items" in node:
        yield from nodes(node["items"], (*path, "[]"))
    if "additionalProperties" in node:
        yield from nodes(node["additionalProperties"], (*path, "{}"))


def whole(definition: Node) -> list[tuple[Path_, Node]]:
    """Return every schema of a definition by its path."""
    return list(nodes(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))


@each_definition
def test_structural(definition: Node) -> None:
    """Every schema has a type and only keywords that the offline check knows; none keeps unknown fields."""
    for path, node in whole(definition):
        assert node.get("type") in {"object", "array", "string", "integer", "boolean"}, path
        assert set(node) <= schema.KEYWORDS, path
        assert ("items" in node) == (node["type"] == "array"), path
        assert not {"properties", "additionalProperties"} <= set(node), path
        assert set(node.get("required", ())) <= set(node.get("properties", ())), path


@each_definition
def test_lists_by_key(definition: Node) -> None:
    """The keys of a list are required scalars of its items."""
    for path, node in whole(definition):
        keys = node.get("x-kubernetes-list-map-keys", [])
        assert bool(keys) == (node.get("x-kubernetes-list-type") == "map"), path
        assert set(keys) <= set(node.get("items", {}).get("required", ())), path


@each_definition
def test_bounded(definition: Node) -> None:
    """Whatever a user writes is bounded, so that every rule's cost is."""
    for path, node in whole(definition):
        if path[:1] != ("spec",):
            continue
        if node["type"] == "string":
            assert "enum" in node or "maxLength" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path
        if node["type"] == "integer" and node.get("format") != "int64":
            assert {"minimum", "maximum"} <= set(node), path


@each_definition
def test_defaults(definition: Node) -> None:
    """A default is a leaf's and valid there: one of a parent would choose a shape."""
    for path, node in whole(definition):
        if "default" in node:
            assert node["type"] not in {"object", "array"}, path
            assert list(schema.faults(node["default"], node)) == [], path


@each_definition
def test_rules(definition: Node) -> None:
    """Every rule compiles, and says in one line what to do."""
    for path, node in whole(definition):
        fields = set(node.get("properties", ()))
        for rule in node.get("x-kubernetes-validations", ()):
            cel.compiled(rule["rule"])
            assert set(rule) <= {"rule", "message", "fieldPath"}, path
            assert rule["message"] == rule["message"].strip().removesuffix("."), path
            assert "\n" not in rule["message"], path
            assert rule.get("fieldPath", ".").removeprefix(".") in {"", *fields}, path


@each_definition
def test_patterns(definition: Node) -> None:
    """Every pattern is RE2, covers the whole string, and a description says what it wants."""
    for path, node in whole(definition):
        if "pattern" in node:
            cel.matches("", node["pattern"])
            assert node["pattern"].startswith("^"), path
            assert node["pattern"].endswith("$"), path
            assert node.get("description"), path


@each_definition
def test_survives_crossplane(definition: Node) -> None:
    """At spec itself and in metadata nothing stands that Crossplane drops, and its own fields are left to it."""
    version = definition["spec"]["versions"][0]
    own = version["schema"]["openAPIV3Schema"]["properties"]
    assert set(own) <= {"spec", "status"}
    assert set(own["spec"]) <= KEPT_AT_SPEC
    assert "crossplane" not in own["spec"]["properties"]
    assert "conditions" not in own.get("status", {}).get("properties", {})


@each_definition
def test_columns(definition: Node) -> None:
    """A printer column shows a declared field under a name of its own."""
    version = definition["spec"]["versions"][0]
    columns = version["additionalPrinterColumns"]
    names = [column["name"] for column in columns]
    assert len({*names, *CROSSPLANES_COLUMNS}) == len(names) + len(CROSSPLANES_COLUMNS)
    declared = {"." + ".".join(path): node["type"] for path, node in whole(definition)}
    for column in columns:
        assert declared.get(column["jsonPath"]) == column["type"], column["name"]


def test_scale() -> None:
    """`kubectl scale` finds its two numbers."""
    (deployment,) = (item for item in DEFINITIONS if item["spec"]["names"]["kind"] == "ModelDeployment")
    scale = deployment["spec"]["versions"][0]["subresources"]["scale"]
    declared = {"." + ".".join(path): node["type"] for path, node in whole(deployment)}
    assert {declared[path] for path in scale.values()} == {"integer"}


@pytest.mark.parametrize("composition", [pytest.param(item, id=item["metadata"]["name"]) for item in COMPOSITIONS])
def test_compositions(composition: Node) -> None:
    """A composition has one step: the function of its kind."""
    (step,) = composition["spec"]["pipeline"]
    kinds = {item["spec"]["names"]["kind"]: item["metadata"]["name"] for item in DEFINITIONS}
    assert kinds[composition["spec"]["compositeTypeRef"]["kind"]] == composition["metadata"]["name"]
    assert step["step"] == step["functionRef"]["name"]
    assert (ROOT / "functions" / step["step"] / "pyproject.toml").is_file()


def test_one_pod() -> None:
    """A pod means the same in a deployment and in its replicas, whatever the shape."""
    pods = [node for item in DEFINITIONS for path, node in whole(item) if path[-2:] in PODS]
    assert len(pods) == 5
    assert all(pod == pods[0] for pod in pods)


def paths(value: object, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the path of every field of a manifest, items of lists as []."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from paths(item, (*path, name))
    if isinstance(value, list):
        for item in value:
            yield from paths(item, (*path, "[]"))


@each_definition
def test_every_field_is_tabled(definition: Node) -> None:
    """Every field that a user may write is set by some manifest that must be accepted, but for those that moved."""
    kind = definition["spec"]["names"]["kind"]
    used = {path for case in table.GOOD if case.manifest["kind"] == kind for path in paths(case.manifest)}
    declared = {path for path, _ in whole(definition) if path[:1] == ("spec",) and "{}" not in path}
    assert {path for path in declared - used if kind != "ModelDeployment" or path[1] not in MOVED} == set()
