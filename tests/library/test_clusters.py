# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import clusters
from modelplane.clusters import Taint
from modelplane.errors import Unreadable
from modelplane.paths import Manifest, struct


def test_what_a_cluster_publishes() -> None:
    """Neighbours read only what they need, by path."""
    shown = builders.cluster("a", labels={"tier": "gold"}, taints=[builders.taint("NoExecute", key="k", value="v")])
    read = clusters.read(struct(shown))
    assert (read.name, read.labels, read.ready) == ("a", {"tier": "gold"}, True)
    assert (read.provider_config, read.gateway, read.storage_class) == ("a-config", "203.0.113.7", "rwx")
    assert (read.taints, read.evicts) == ((Taint("k", "v", "NoExecute"),), True)


@pytest.mark.parametrize(
    ("shown", "want"),
    [
        pytest.param({"status": {"cache": {"storageClassName": "reported"}}}, "reported", id="reported"),
        pytest.param(
            {
                "spec": {"cluster": {"source": "GKE", "gke": {"cache": {"storageClassName": "given"}}}},
                "status": {"cache": {"storageClassName": "reported"}},
            },
            "reported",
            id="reported wins over given",
        ),
        pytest.param(
            {"spec": {"cluster": {"source": "EKS", "eks": {"cache": {"storageClassName": "given"}}}}},
            "given",
            id="given in the first shape",
        ),
        pytest.param({"spec": {"cluster": {"source": "GKE", "gke": {}}}}, "modelplane-rwx", id="GKE brings one"),
        pytest.param({"spec": {"cluster": {"source": "EKS"}}}, "modelplane-rwx-efs", id="EKS brings one"),
        pytest.param({"spec": {"cluster": {"source": "Existing", "existing": {}}}}, "", id="an own cluster has none"),
        pytest.param({"spec": {"cluster": {"source": 5}}, "status": "x"}, "", id="broken"),
        pytest.param({"spec": {"cluster": {"source": "Quantum"}}}, "", id="a source of a later version"),
    ],
)
def test_storage_class(shown: Manifest, want: str) -> None:
    """The ReadWriteMany class: reported, else given, else the source's own, else unknown."""
    assert clusters.read(struct({**shown, "metadata": {"name": "a"}})).storage_class == want


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"metadata": {"name": "a"}}, id="nothing but a name"),
        pytest.param({"metadata": {"name": "a", "labels": 5}, "spec": [], "status": {"conditions": "x"}}, id="broken"),
        pytest.param({"metadata": {"name": "a"}, "spec": {"taints": ["x", {"effect": 5}]}}, id="broken taints"),
    ],
)
def test_a_half_broken_cluster_is_not_ready(shown: Manifest) -> None:
    """What cannot be read is absent; nothing is made up and nothing raises."""
    read = clusters.read(struct(shown))
    assert (read.ready, read.provider_config, read.gateway, read.evicts) == (False, "", "", False)


def test_a_cluster_without_a_name_is_unreadable() -> None:
    """It is skipped with a warning by whoever reads many."""
    with pytest.raises(Unreadable):
        clusters.read(struct({"kind": "InferenceCluster"}))


@pytest.mark.parametrize(
    ("labels", "wanted", "want"),
    [
        pytest.param({"a": "1"}, {}, True, id="nothing wanted matches all"),
        pytest.param({"a": "1", "b": "2"}, {"a": "1"}, True, id="more labels than wanted"),
        pytest.param({"a": "2"}, {"a": "1"}, False, id="another value"),
        pytest.param({}, {"a": ""}, False, id="absent is not empty"),
    ],
)
def test_matches(*, labels: dict[str, str], wanted: dict[str, str], want: bool) -> None:
    """Labels are matched as Kubernetes matches them."""
    assert clusters.matches(labels, wanted) is want


@pytest.mark.parametrize(
    ("zones", "want"),
    [
        pytest.param(["us-east-1b", "us-east-1a"], [], id="all of the region"),
        pytest.param(["us-west-2a", "us-east-1a", "eu-west-1a"], ["eu-west-1a", "us-west-2a"], id="two elsewhere"),
        pytest.param(["us-east-1", "us-east-11a", "us-east-1-lax-1a"], None, id="what begins alike"),
    ],
)
def test_zones_elsewhere(zones: list[str], want: list[str] | None) -> None:
    """A zone of Amazon's is its region and a letter."""
    assert clusters.elsewhere(zones, "us-east-1") == (sorted(zones) if want is None else want)
