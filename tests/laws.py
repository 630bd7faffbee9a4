# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The reconcile contract as checks on one request and its reply; each yields a line for each breach."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from modelplane import meta, paths, usages

VERDICTS = {
    "EKSCluster": "ClusterAvailable",
    "GKECluster": "ClusterAvailable",
    "InferenceClass": "ClassAccepted",
    "InferenceCluster": "ClusterReady",
    "ModelCache": "ArtifactReady",
    "ModelDeployment": "ReplicasScheduled",
    "ModelReplica": "ModelReady",
    "ServingStack": "ComponentsInstalled",
}
"""The condition without which an XR of a kind that composes something is never Ready."""

_WITHOUT_CONDITIONS = ("ClusterProviderConfig", "ProviderConfig")
"""Kinds that nobody reports of: they are ready once they are there."""

Answer = tuple[fnv1.RunFunctionRequest, fnv1.RunFunctionResponse]


def canonical(rsp: fnv1.RunFunctionResponse) -> str:
    """Return a reply as JSON in one order; the tag only echoes the request."""
    plain = json_format.MessageToDict(rsp)
    plain.get("meta", {}).pop("tag", None)
    return json.dumps(plain, sort_keys=True)


def fatal(rsp: fnv1.RunFunctionResponse) -> str:
    """Return the message of a Fatal result, or the empty string."""
    return next((r.message for r in rsp.results if r.severity == fnv1.SEVERITY_FATAL), "")


def breaches(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield what no reply may do, whatever the request says."""
    yield from (f"a bug is answered: {r.message}" for r in rsp.results if "this is a bug" in r.message)
    yield from (f"not one clear line: {r.message!r}" for r in rsp.results if not _is_clear(r.message))
    if rsp.meta.ttl.seconds not in (15, 60):
        yield f"TTL is {rsp.meta.ttl.seconds}"
    if fatal(rsp):
        return
    if rsp.desired.composite.ready not in (fnv1.READY_TRUE, fnv1.READY_FALSE):
        yield "ready is not set"
    if rsp.meta.ttl.seconds == 60 and not _is_ready(rsp):
        yield "a reply that is not Ready asks to be called again only in 60 s"
    if _is_ready(rsp):
        yield from (f"Ready, but {line}" for line in _unready(req, rsp))
    yield from _unfit(rsp)


def _is_clear(line: str) -> bool:
    return 0 < len(line) <= 4096 and "\n" not in line and "Traceback" not in line


def _is_ready(rsp: fnv1.RunFunctionResponse) -> bool:
    return rsp.desired.composite.ready == fnv1.READY_TRUE


def _unready(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield what an XR that is Ready would have to have, and has not."""
    xr = req.observed.composite.resource
    for key, resource in sorted(rsp.desired.resources.items()):
        if resource.ready != fnv1.READY_TRUE:
            yield f"{key} is desired without being ready"
        if key not in req.observed.resources:
            yield f"{key} is not observed"
        elif not _shows_ready(req.observed.resources[key].resource):
            yield f"{key} is not observed ready"
    told = {c.type: c.status for c in rsp.conditions}
    empty_ok = VERDICTS["InferenceClass"] in told or not paths.whole(xr, "spec", "replicas", default=1)
    if not rsp.desired.resources and not empty_ok:
        yield "nothing is composed"
    verdict = VERDICTS.get(meta.kind(xr))
    if verdict and told.get(verdict) != fnv1.STATUS_CONDITION_TRUE:
        yield f"{verdict} is not True"
    missing = set(rsp.requirements.resources) - set(req.required_resources)
    if missing:
        yield f"needs are unresolved: {sorted(missing)}"


def _shows_ready(obj: Struct) -> bool:
    return meta.kind(obj) in _WITHOUT_CONDITIONS or meta.statuses(obj).get("Ready") == "True"


def _unfit(rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield what Crossplane would refuse of a reply."""
    for key, resource in sorted(rsp.desired.resources.items()):
        metadata = paths.child(resource.resource, "metadata")
        for field in sorted(set(metadata.fields) - {"name", "namespace", "labels", "annotations", "generateName"}):
            yield f"{key} desires metadata.{field}, which belongs to the API server"
        if paths.has(resource.resource, "status"):
            yield f"{key} desires a status"
    if paths.has(rsp.desired.composite.resource, "spec") or paths.has(rsp.desired.composite.resource, "metadata"):
        yield "the composite's spec or metadata is desired"


def lost(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield the observed resources that the reply would delete."""
    if not fatal(rsp):
        yield from (f"{key} leaves desired" for key in sorted(set(req.observed.resources) - set(rsp.desired.resources)))


def guards(rsp: fnv1.RunFunctionResponse) -> frozenset[str]:
    """Return the keys of the guards in a reply."""
    kinds = {key: meta.kind(resource.resource) for key, resource in rsp.desired.resources.items()}
    return frozenset(key for key, kind in kinds.items() if kind in usages.KINDS)


def replicas(rsp: fnv1.RunFunctionResponse) -> frozenset[str]:
    """Return the keys of the ModelReplicas that a reply desires."""
    return frozenset(key for key, r in rsp.desired.resources.items() if meta.kind(r.resource) == "ModelReplica")


def unguarded(healthy: fnv1.RunFunctionResponse, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield the guards of the healthy reply that another lacks."""
    if not fatal(rsp):
        yield from (f"guard {key} is missing" for key in sorted(guards(healthy) - guards(rsp)))


def forgotten(before: Struct, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield the fields of a published status that a reply no longer publishes; of lists, the names in them."""
    if not fatal(rsp):
        published = paths.manifest(paths.child(before, "status"))
        now = paths.manifest(paths.child(rsp.desired.composite.resource, "status"))
        gone = set(_leaves(published)) - set(_leaves(now))
        yield from (f"status.{'.'.join(path)} is forgotten" for path in sorted(gone) if path[0] not in _CROSSPLANES)


_CROSSPLANES = ("conditions", "crossplane")
_STEADY = ("phase", "tree", "revision", "source", "claimUID", "everReady", "total")
"""Fields whose value survives a blip, too; counts and messages may say something new."""


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401  JSON data
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            name = inner.get("name", index) if isinstance(inner, dict) else index
            yield from _leaves(inner, (*path, str(name)))
    elif path and path[-1] in _STEADY:
        yield (*path, f"= {value}")
    else:
        yield path


def leaks(secret: str, rsp: fnv1.RunFunctionResponse) -> Iterator[str]:
    """Yield where a token shows outside of a Secret's data."""
    text = json.dumps(_without_secrets(json_format.MessageToDict(rsp)))
    spellings = {secret, base64.b64encode(secret.encode()).decode()}
    yield from (f"the token shows as {text[max(0, text.find(s) - 60) : text.find(s)]}…" for s in spellings if s in text)


def _without_secrets(value: Any) -> Any:  # noqa: ANN401  JSON data
    """Return a reply without the data of the Secrets in it."""
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = ("data",) if value.get("kind") == "Secret" else ()
    return {key: _without_secrets(inner) for key, inner in value.items() if key not in hidden}
