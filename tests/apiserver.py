# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether an API server would take what we compose: `apiserver.validate(manifest)`.

Kubernetes' own kinds and the CRDs stand stripped in `schemas/kubernetes.json` and `schemas/crds.json`, with origin and
version; `schemas/strip.py` writes them. Our own kinds are checked against `apis/`. Unknown fields are refused.
"""

import functools
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from cel_expr_python import cel
from jsonschema import validators
from jsonschema.protocols import Validator
from modelplane.paths import Manifest
from modelplane_cli import apis, structure
from modelplane_cli import cel as rules
from modelplane_cli import validate as ours

HERE = pathlib.Path(__file__).parent / "schemas"
QUANTITY = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
RESERVED = {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop"} | {
    *("namespace", "null", "package", "return", "true", "false", "var", "void", "while"),
}
"""Words of CEL's own."""
OBJECT_NAME_LIMIT = 108
"""provider-kubernetes' field manager is `provider-kubernetes-` and the Object's name, and holds 128 characters."""
SHORT_NAMES = {
    "Deployment": 63,
    "Job": 63,
    "LeaderWorkerSet": 45,
    "Namespace": 63,
    "Object": OBJECT_NAME_LIMIT,
    "Service": 63,
    "ModelReplica": 63,
}
"""Kinds whose name becomes part of a label or of another name."""


class Refused(AssertionError):
    """What an API server would answer, one line for each field."""


def validate(manifest: Manifest) -> None:
    """Raise Refused, with a line for each field that an API server would refuse, in the manifest or wrapped in it."""
    found = sorted(set(problems(manifest)))
    if found:
        raise Refused("\n".join(found))


def problems(manifest: Manifest) -> Iterator[str]:
    """Yield what is wrong with a manifest, and with the one that an Object carries to a cluster."""
    kind, name = manifest.get("kind", "?"), manifest.get("metadata", {}).get("name", "?")
    for line in (*_schema_problems(manifest), *_name_problems(manifest), *_text_problems(manifest)):
        yield f"{kind} {name}: {line}"
    if kind == "Object":
        if not is_only_observed(manifest):
            yield from problems(manifest["spec"]["forProvider"]["manifest"])
        yield from (f"{kind} {name}: {line}" for line in _readiness_problems(manifest))


def is_only_observed(wrapped: Manifest) -> bool:
    """Return whether an Object only looks at what is there: its manifest is then an identity, and never applied."""
    return wrapped["spec"].get("managementPolicies") == ["Observe"]


def _schema_problems(manifest: Manifest) -> Iterator[str]:
    if ours.is_ours(manifest["apiVersion"]):
        api = apis.packaged()[manifest["apiVersion"], manifest["kind"]]
        for fault in ours.faults(manifest, api):
            yield f"{'.'.join(map(str, fault.path))}: {fault.message}"
        return
    kind = f"{manifest['apiVersion']} {manifest['kind']}"
    errors = list(_validator(kind).iter_errors(manifest))
    for error in errors:
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    if not errors:
        yield from _rule_problems(manifest, _whole(kind))


def _rule_problems(manifest: Manifest, schema: Manifest) -> Iterator[str]:
    """Yield the CEL rules of a CRD that a manifest breaks once the API server has filled in defaults."""
    for fault in rules.faults(_escaped(structure.defaulted(manifest, schema)), schema):
        yield f"{'.'.join(map(str, fault.path))}: {fault.message}"


def _escaped(value: Any) -> Any:  # noqa: ANN401  JSON data
    """Return a value with fields that CEL reserves also under the names that the API server gives them in rules."""
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = {key: _escaped(inner) for key, inner in value.items()}
    return own | {f"__{key}__": own[key] for key in RESERVED & set(own)}


@functools.cache
def _whole(kind: str) -> Manifest:
    """Return the schema of a kind, where it has rules, with all that it refers to in its place."""
    kinds, definitions = _library()
    name = kinds[kind]
    return _inlined(definitions[name], definitions) if "x-kubernetes-validations" in _text(name, definitions) else {}


def _text(name: str, definitions: dict[str, Any]) -> str:
    """Return a definition, and those that it refers to, as text."""
    seen: dict[str, str] = {}
    todo = [name]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen[here] = json.dumps(definitions[here])
            todo += re.findall(r'"#/definitions/([^"]+)"', seen[here])
    return "".join(seen.values())


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401  JSON data
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return _inlined(definitions[schema["$ref"].removeprefix("#/definitions/")], definitions)
    return {key: _inlined(inner, definitions) for key, inner in schema.items()}


@functools.cache
def _validator(kind: str) -> Validator:
    kinds, definitions = _library()
    if kind not in kinds:
        raise Refused(f"no schema of {kind} is in tests/schemas: add it to strip.py")
    draft_7 = validators.validator_for({"$schema": "http://json-schema.org/draft-07/schema#"})
    return draft_7({"$ref": f"#/definitions/{kinds[kind]}", "definitions": definitions})


@functools.cache
def _library() -> tuple[dict[str, str], dict[str, Any]]:
    kinds, definitions = {}, {}
    for path in sorted(HERE.glob("*.json")):
        read = json.loads(path.read_text())
        kinds |= read["kinds"]
        definitions |= {name: _closed(schema) for name, schema in read["definitions"].items()}
    return kinds, definitions


def _closed(schema: Any) -> Any:  # noqa: ANN401  JSON data
    """Return a schema that refuses what it does not name, as strict field validation does."""
    if not isinstance(schema, dict):
        return schema
    out = dict(schema)
    if out.get("format") == "int-or-string":
        out["type"] = ["integer", "string"]
    if out.get("properties"):
        out["properties"] = {name: _closed(inner) for name, inner in out["properties"].items()}
        if not out.get("x-kubernetes-preserve-unknown-fields"):
            out.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        out |= {key: _closed(out[key])} if key in out else {}
    return out


def _name_problems(manifest: Manifest) -> Iterator[str]:
    metadata = manifest["metadata"]
    name, limit = metadata.get("name", ""), SHORT_NAMES.get(manifest["kind"], 253)
    if not SUBDOMAIN.fullmatch(name) or len(name) > limit:
        yield f"metadata.name {name!r} is no DNS subdomain of at most {limit} characters"
    if manifest["kind"] in ("Service", "LeaderWorkerSet") and not DNS_1035.fullmatch(name):
        yield f"metadata.name {name!r} is no DNS-1035 label"


def _text_problems(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401  JSON data
    """Yield labels and quantities that a schema does not check."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _text_problems(item, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        here = f"{path}.{key}".lstrip(".")
        if key in ("labels", "matchLabels", "nodeSelector") and isinstance(inner, dict) and "devices" not in inner:
            yield from _label_problems(inner, here)
        if key in ("limits", "requests") and isinstance(inner, dict):
            bad = [text for text in inner.values() if not re.match(QUANTITY, str(text))]
            yield from (f"{here}: {text!r} is no quantity" for text in bad)
        yield from _text_problems(inner, here)


def _label_problems(labels: Manifest, path: str) -> Iterator[str]:
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            yield f"{path}: {key!r} is no label key"
        if not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
            yield f"{path}.{key}: {value!r} is no label value"


def _readiness_problems(manifest: Manifest) -> Iterator[str]:
    """Yield why provider-kubernetes could not run an Object's query over an object that nobody has looked at yet."""
    query = manifest["spec"].get("readiness", {}).get("celQuery", "")
    if not query:
        return
    try:
        is_ready(query, manifest["spec"]["forProvider"]["manifest"])
    except (RuntimeError, TypeError) as err:
        yield f"spec.readiness.celQuery: {err}"


def is_ready(query: str, remote: Manifest) -> bool:
    """Return what a readiness query says of a remote object; raise as provider-kubernetes would refuse it.

    The provider's numbers are all floating point, since the object went through JSON; a result that is not typed as a
    boolean never counts as ready there.
    """
    expression = _environment().compile(query)
    if expression.return_type() != cel.Type.BOOL:
        raise TypeError(f"{query!r} is {expression.return_type()}, not a boolean")
    result = expression.eval(data={"object": _floats(remote)}).value()
    if not isinstance(result, bool):
        raise TypeError(f"{query!r} fails on {sorted(remote)}: {result}")
    return result


@functools.cache
def _environment() -> cel.Env:
    return cel.NewEnv(variables={"object": cel.Type.DYN})


def _floats(value: Any) -> Any:  # noqa: ANN401  JSON data
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
