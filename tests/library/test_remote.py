# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import clusters, remote
from modelplane.paths import Manifest, manifest, struct

CLUSTER = clusters.read(struct(builders.cluster("a")))
NAMESPACE: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-team"}}


def test_an_object_reaches_its_cluster_by_its_own_config() -> None:
    """A manifest is wrapped with the cluster's ClusterProviderConfig, its label and when it counts as ready."""
    wrapped = remote.wrap(
        NAMESPACE, name="n", namespace="ml-team", cluster=CLUSTER, readiness=remote.cel("true"), policies=("Observe",)
    )
    assert wrapped == {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "metadata": {"name": "n", "namespace": "ml-team", "labels": {"modelplane.ai/cluster": "a"}},
        "spec": {
            "forProvider": {"manifest": NAMESPACE},
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "a-config"},
            "readiness": {"policy": "DeriveFromCelQuery", "celQuery": "true"},
            "managementPolicies": ["Observe"],
        },
    }


def test_without_more_an_object_is_ready_once_created_and_fully_managed() -> None:
    """Nothing is written that is the provider's default."""
    spec = remote.wrap(NAMESPACE, name="n", namespace="ml-team", cluster=CLUSTER)["spec"]
    assert spec["readiness"] == {"policy": "SuccessfulCreate"}
    assert "managementPolicies" not in spec


def test_a_namespace_outlives_its_object() -> None:
    """Others share the namespace, so no XR may delete it; each XR has an Object of its own name."""
    one = remote.namespace_object("ml-team", owner=("ModelCache", "ml-team", "x"), cluster=CLUSTER)
    other = remote.namespace_object("ml-team", owner=("ModelReplica", "ml-team", "x"), cluster=CLUSTER)
    assert one["spec"]["managementPolicies"] == ["Observe", "Create", "Update", "LateInitialize"]
    assert one["spec"]["forProvider"]["manifest"] == NAMESPACE
    assert one["metadata"]["name"] != other["metadata"]["name"]
    assert max(len(found["metadata"]["name"]) for found in (one, other)) <= 63


@pytest.mark.parametrize(
    ("namespace", "want"),
    [
        pytest.param("ml-team", False, id="a tenant's"),
        pytest.param("kube-system", True, id="Kubernetes' own"),
        pytest.param("kube-anything", True, id="reserved by its prefix"),
        pytest.param("modelplane-system", True, id="ours"),
        pytest.param("kubeflow", False, id="a name that only begins alike"),
    ],
)
def test_is_platform(*, namespace: str, want: bool) -> None:
    """No tenant may place anything in the platform's namespaces."""
    assert remote.is_platform(namespace) is want


def test_a_tenants_namespace_is_the_same_everywhere() -> None:
    """Namespace sameness: what may be done here may be done there."""
    assert remote.remote_namespace("ml-team") == "ml-team"


def test_reading_an_object_back() -> None:
    """The cluster it is on, what it was given, and what it last saw; all empty where it has not."""
    wrapped = remote.wrap(NAMESPACE, name="n", namespace="ml-team", cluster=CLUSTER)
    seen = {**NAMESPACE, "status": {"phase": "Active"}}
    shown = struct(builders.observed(wrapped, remote=seen))
    assert remote.cluster_of(shown) == "a"
    assert manifest(remote.desired(shown)) == NAMESPACE
    assert manifest(remote.reported(shown)) == seen
    empty = struct({"spec": 5})
    assert (remote.cluster_of(empty), remote.desired(empty), remote.reported(empty)) == ("", struct({}), struct({}))
