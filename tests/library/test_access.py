# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import pytest
from modelplane import access
from modelplane.access import Access

KUBECONFIG = Access("Kubeconfig", "k", "kubeconfig", "n")
NAMED = {"name": "c", "namespace": "n"}


@pytest.mark.parametrize("kind", ["ProviderConfig", "ClusterProviderConfig"])
def test_both_providers_reach_a_cluster_alike(kind: str) -> None:
    """provider-kubernetes and provider-helm read the same Secret, and their schemas take it."""
    metadata = NAMED if kind == "ProviderConfig" else {"name": "c"}
    made = access.configs(kind, metadata, [KUBECONFIG])
    assert set(made) == {access.KUBERNETES, access.HELM}
    for body in made.values():
        apiserver.validate(body)
        ref = {"namespace": "n", "name": "k", "key": "kubeconfig"}
        assert body["spec"] == {"credentials": {"source": "Secret", "secretRef": ref}}


@pytest.mark.parametrize(
    ("given", "want"),
    [
        pytest.param("AWSWebIdentityCredentials", "AWSWebIdentityCredentials", id="as it is"),
        pytest.param("GCPServiceAccountKey", "GoogleApplicationCredentials", id="in the first shape's spelling"),
    ],
)
def test_an_identity_beside_the_kubeconfig(given: str, want: str) -> None:
    """A kubeconfig without credentials of its own is used as somebody; the order of Secrets does not matter."""
    identity = Access(given, "i", "key", "n")
    for secrets in ([KUBECONFIG, identity], [identity, KUBECONFIG]):
        (spec, _) = (body["spec"] for body in access.configs("ProviderConfig", NAMED, secrets).values())
        assert spec["identity"]["type"] == want
        assert spec["credentials"]["secretRef"]["name"] == "k"


def test_no_kubeconfig_is_no_way() -> None:
    """An identity alone reaches nothing."""
    assert access.configs("ProviderConfig", NAMED, []) == {}
    assert access.configs("ProviderConfig", NAMED, [Access("GCPServiceAccountKey", "i", "key", "n")]) == {}
