# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import builders_clusters as clusters
import pytest
from modelplane import managed, names, paths
from modelplane.composite import Composite
from modelplane.managed import Cloud, Part
from modelplane.paths import Manifest

CONFIG = {"kind": "ClusterProviderConfig", "name": "default"}
KIND = "ec2.aws.m.upbound.io/v1beta1 VPC"
BODY = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
PARTS = {"first": Part(BODY), "then": Part(BODY, ("first",)), "last": Part(BODY, ("first", "then"))}


def _cloud(uid: str = "u") -> Cloud:
    xr = clusters.eks("a")
    xr["metadata"]["uid"] = uid
    return Cloud(Composite.read(builders.request(xr)), CONFIG)


def test_names_are_unlike_those_of_another_cluster() -> None:
    """Two control planes may make a cluster of one name in one account; names fit whatever limit a cloud has."""
    assert _cloud("u").name("vpc", limit=30) != _cloud("v").name("vpc", limit=30)
    assert len(_cloud().name("a-part-of-a-long-name", limit=30)) <= 30


def test_a_managed_resource() -> None:
    """It is labelled with its part, by which siblings find it, and says some things at its creation only."""
    where = names.child("a", "kubeconfig")
    made = _cloud().resource(KIND, "vpc", {"cidrBlock": "10.0.0.0/16"}, first={"tags": {}}, secret=where)
    assert (made["apiVersion"], made["kind"]) == ("ec2.aws.m.upbound.io/v1beta1", "VPC")
    assert made["metadata"]["labels"].items() >= managed.sibling("vpc")["matchLabels"].items()
    assert made["spec"] == {
        "forProvider": {"cidrBlock": "10.0.0.0/16"},
        "initProvider": {"tags": {}},
        "providerConfigRef": CONFIG,
        "writeConnectionSecretToRef": {"name": where},
    }


def _observed(**ready: bool) -> dict[str, Manifest]:
    return {
        key: {"apiVersion": "x/v1", "kind": "Part", "metadata": {"name": key}, "status": {"conditions": [_told(told)]}}
        for key, told in ready.items()
    }


def _told(told: object) -> Manifest:
    return builders.condition("Ready", str(told))


@pytest.mark.parametrize(
    ("observed", "want"),
    [
        pytest.param({}, {"first"}, id="nothing is there yet"),
        pytest.param({"first": False}, {"first"}, id="not ready yet"),
        pytest.param({"first": True}, {"first", "then"}, id="the first is ready"),
        pytest.param({"first": True, "then": True}, {"first", "then", "last"}, id="all that the last follows"),
        pytest.param({"first": False, "last": True}, {"first", "last"}, id="what is there stays due"),
    ],
)
def test_what_is_due(observed: dict[str, bool], want: set[str]) -> None:
    """A part comes after those that it follows, and is never taken back."""
    req = builders.request(clusters.eks("a"), observed=_observed(**observed))
    assert set(managed.due(req, PARTS)) == want


def test_a_part_that_is_made() -> None:
    """It says the same, and making it again changes nothing."""
    made = Part(BODY, ("first",)).made()
    assert made.body == paths.struct(BODY)
    assert made.after == ("first",)
    assert made.made() is made


def test_the_name_in_a_cloud() -> None:
    """It is the external name, and unknown until somebody looked."""
    assert managed.external_name(None) == ""
    assert managed.external_name(paths.struct(BODY)) == ""
    named = {"metadata": {"annotations": {managed.EXTERNAL_NAME: "vpc-1"}}}
    assert managed.external_name(paths.struct(named)) == "vpc-1"
