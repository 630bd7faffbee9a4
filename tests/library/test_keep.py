# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import keep
from modelplane.paths import Manifest, manifest, struct

OBJECT: Manifest = {
    "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
    "kind": "Object",
    "metadata": {"name": "claim", "namespace": "ml-team", "labels": {"modelplane.ai/cluster": "a"}},
    "spec": {"forProvider": {"manifest": {"kind": "Namespace", "metadata": {"uid": "kept"}}}},
}


def _kept(source: Manifest) -> Manifest:
    return manifest(keep.kept(struct(source)))


def test_what_was_desired_comes_back() -> None:
    """Of an observed resource exactly what the function sent is sent again, so that nothing is written."""
    shown = builders.managed(builders.observed(OBJECT, key="claim-a", remote={"kind": "Namespace"}))
    assert _kept(shown) == OBJECT


def test_an_external_name_that_is_the_name_is_the_providers() -> None:
    """Every provider gives it by itself; one that differs is where a resource was found, and stays."""
    annotations = {"crossplane.io/external-name": "net-1a2b3"}
    assert _kept({"kind": "Network", "metadata": {"name": "net", "annotations": annotations}})["metadata"] == {
        "name": "net",
        "annotations": annotations,
    }


def test_keeping_is_stable() -> None:
    """What was kept is kept as it is."""
    once = _kept(builders.observed(OBJECT, key="claim-a"))
    assert _kept(once) == once


@pytest.mark.parametrize(
    ("key", "stays"),
    [
        pytest.param("crossplane.io/external-name", True, id="the external name is the user's to set"),
        pytest.param("crossplane.io/composite", False, id="Crossplane's own"),
        pytest.param("apiextensions.crossplane.io/x", False, id="a subdomain of Crossplane's"),
        pytest.param("kubectl.kubernetes.io/last-applied-configuration", False, id="kubectl's own"),
        pytest.param("modelplane.ai/cluster", True, id="ours"),
        pytest.param("notcrossplane.io/x", True, id="a domain that only ends alike"),
        pytest.param("crossplane.io", True, id="a name without a domain"),
        pytest.param("app", True, id="a plain name"),
    ],
)
def test_labels_and_annotations(*, key: str, stays: bool) -> None:
    """Whoever else owns a label or an annotation goes on owning it."""
    for field in ("labels", "annotations"):
        shown = _kept({"kind": "X", "metadata": {"name": "a", field: {key: "v"}}})
        assert (shown["metadata"].get(field) == {key: "v"}) is stays


def test_a_composite_is_kept_without_crossplanes_part() -> None:
    """A ModelReplica's spec.crossplane is Crossplane's; sending it back would fight over it."""
    shown = _kept(builders.replica())
    assert "crossplane" not in shown["spec"]
    assert shown["spec"]["clusterName"] == "a"
    assert set(shown["metadata"]) == {"name", "namespace"}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param({}, id="nothing at all"),
        pytest.param({"metadata": 3, "spec": "x", "status": []}, id="fields of another type"),
        pytest.param({"metadata": {"labels": ["x"], "annotations": {"a": 1}}, "spec": {"crossplane": 1}}, id="deeper"),
    ],
)
def test_a_broken_resource_is_no_error(source: Manifest) -> None:
    """Keeping is what is left to do when nothing else can be read."""
    assert "status" not in _kept(source)


def test_every_other_field_is_kept() -> None:
    """A Secret has data and type beside its metadata."""
    assert _kept({**builders.secret(), "immutable": True})["data"] == builders.secret()["data"]
    assert _kept({**builders.secret(), "immutable": True})["immutable"] is True
