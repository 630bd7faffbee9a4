# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from typing import Any

import apiserver
import builders
import pytest
from modelplane import clusters, remote, usages
from modelplane.paths import Manifest, struct

SECRET = builders.secret()["metadata"]["name"]
CLAIM: Manifest = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "c", "namespace": "n", "labels": {"a": "b"}},
    "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}},
}
CLUSTER = clusters.read(struct(builders.cluster("a")))


def _wrapped(manifest: Manifest, query: str = 'has(object.status) && object.status.phase == "Bound"') -> Manifest:
    return remote.wrap(manifest, name="o", namespace="n", cluster=CLUSTER, readiness=remote.cel(query))


def _managed(kind: str, **wanted: Any) -> Manifest:  # noqa: ANN401  any field of the spec
    """Return a managed resource of Amazon's; `kind` is its group and kind."""
    group, _, short = kind.partition(" ")
    api_version, metadata = f"{group}.aws.m.upbound.io/v1beta1", {"name": "m", "namespace": "n"}
    return {"apiVersion": api_version, "kind": short, "metadata": metadata, "spec": {"forProvider": wanted}}


_IDENTITY = {"region": "r", "serviceAccount": "s", "namespace": "n"}
_OBSERVED = {**_managed("iam Role"), "spec": {"forProvider": {}, "managementPolicies": ["Observe"]}}
_GUARD = usages.namespaced(name="u", namespace="n", of=("v1", "Secret", "s"), reason="r")


def _but(path: str, value: Any) -> Manifest:  # noqa: ANN401  JSON data
    """Return the claim with one field changed."""
    out: Manifest = {**CLAIM, "metadata": dict(CLAIM["metadata"]), "spec": dict(CLAIM["spec"])}
    *parents, last = path.split(".")
    target = out
    for step in parents:
        target = target[step]
    target[last] = value
    return out


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(CLAIM, id="Kubernetes' own"),
        pytest.param(_wrapped(CLAIM), id="wrapped in an Object"),
        pytest.param(builders.replica(), id="ours, as the API server shows it"),
        pytest.param(builders.cluster("a"), id="a cluster of the builders"),
        pytest.param(builders.cache(secret=SECRET, selector={"a": "b"}), id="a cache of the builders"),
        pytest.param(builders.deployment(engines=[builders.gang()]), id="an explicit deployment of the builders"),
        pytest.param(builders.deployment(workers=builders.workers()), id="a turnkey deployment of the builders"),
        pytest.param(builders.secret(), id="a secret of the builders"),
        pytest.param(_managed("iam Role", assumeRolePolicy="{}"), id="what a rule asks for"),
        pytest.param(_OBSERVED, id="a rule does not ask it of what is only observed"),
        pytest.param(_managed("eks PodIdentityAssociation", **_IDENTITY), id="a rule on a field that CEL reserves"),
        pytest.param(
            usages.namespaced(name="u", namespace="n", of=("modelplane.ai/v1alpha1", "ModelCache", "q"), reason="r"),
            id="a guard",
        ),
    ],
)
def test_what_an_api_server_takes(manifest: Manifest) -> None:
    """A check that refuses good manifests would be switched off."""
    apiserver.validate(manifest)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        pytest.param(_but("spec.acessModes", []), "acessModes", id="an unknown field"),
        pytest.param(_but("metadata.label", {}), "label", id="an unknown field of metadata"),
        pytest.param(_but("spec.resources", "10Gi"), "is not of type 'object'", id="another type"),
        pytest.param(_but("spec.resources", {"requests": {"storage": "10 GB"}}), "no quantity", id="no quantity"),
        pytest.param(_but("metadata.labels", {"a": "b c"}), "no label value", id="no label value"),
        pytest.param(_but("metadata.labels", {"a/b/c": "d"}), "no label key", id="no label key"),
        pytest.param(_but("metadata.name", "Big_Name"), "no DNS subdomain", id="no name"),
        pytest.param(_wrapped(_but("spec.acessModes", [])), "PersistentVolumeClaim c: spec: ", id="wrapped"),
        pytest.param(_wrapped(CLAIM, 'object.status.phase == "Bound"'), "Key not found", id="a query without has()"),
        pytest.param(_wrapped(CLAIM, "object.status"), "not a boolean", id="a query that is no boolean"),
        pytest.param(_wrapped(CLAIM, "object.status."), "Syntax error", id="a query that does not compile"),
        pytest.param({**CLAIM, "kind": "Pod"}, "no schema of v1 Pod", id="a kind without a schema is no pass"),
        pytest.param(builders.replica(workers=builders.workers(tensor=0)), "tensor", id="ours, out of bounds"),
        pytest.param(_managed("iam Role"), "spec: spec.forProvider.assumeRolePolicy is a required", id="a rule"),
        pytest.param(
            _managed("eks PodIdentityAssociation", region="r", serviceAccount="s"),
            "spec: spec.forProvider.namespace is a required",
            id="a rule on a field that CEL reserves",
        ),
        pytest.param(
            {**_GUARD, "spec": {"of": _GUARD["spec"]["of"]}},
            'either "spec.by" or "spec.reason" must be specified',
            id="a guard that waits for nothing and says nothing",
        ),
    ],
)
def test_what_an_api_server_refuses(manifest: Manifest, message: str) -> None:
    """Every kind of mistake is named with its field."""
    with pytest.raises(apiserver.Refused, match=message.replace("(", r"\(").replace(")", r"\)")):
        apiserver.validate(manifest)


@pytest.mark.parametrize(
    ("query", "remote_object", "want"),
    [
        pytest.param(
            "object.status.ready == object.spec.replicas",
            {"spec": {"replicas": 2}, "status": {"ready": 2}},
            True,
            id="equal",
        ),
        pytest.param("object.status.ready == 2", {"status": {"ready": 2}}, True, id="a literal"),
        pytest.param("object.status.ready == 2", {"status": {"ready": 1}}, False, id="another number"),
    ],
)
def test_numbers_in_queries(*, query: str, remote_object: Manifest, want: bool) -> None:
    """The provider's numbers have been through JSON: they are floating point, and still equal whole ones."""
    assert apiserver.is_ready(query, remote_object) is want
