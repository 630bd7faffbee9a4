# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from google.protobuf.struct_pb2 import Struct
from modelplane import inputs, meta
from modelplane.inputs import Need

NEED = Need(name="clusters", api_version="modelplane.ai/v1alpha1", kind="InferenceCluster")


def test_a_need_of_a_kind_matches_all() -> None:
    """Crossplane refuses a selector without a match, and an empty label match selects every object."""
    selector = NEED.selector()
    assert selector.WhichOneof("match") == "match_labels"
    assert (selector.match_labels.labels, selector.HasField("namespace")) == ({}, False)


def test_a_need_by_name_carries_its_namespace() -> None:
    """References resolve in one namespace."""
    need = Need(name="cache", api_version="v1", kind="Secret", match_name="hub", namespace="ml-team")
    assert (need.selector().match_name, need.selector().namespace) == ("hub", "ml-team")


@pytest.mark.parametrize(
    ("items", "resolved", "found"),
    [
        pytest.param(None, False, [], id="unresolved"),
        pytest.param([], True, [], id="resolved, none"),
        pytest.param([builders.cluster("b"), builders.cluster("a")], True, ["a", "b"], id="by name"),
        pytest.param(
            [builders.cache("a", namespace="y"), builders.cache("b", namespace="x")],
            True,
            ["b", "a"],
            id="by namespace first",
        ),
    ],
)
def test_objects(*, items: list[dict[str, object]] | None, resolved: bool, found: list[str]) -> None:
    """Inputs are sorted on reading; unresolved and none are told apart."""
    req = builders.request(builders.cache(), required={"clusters": items})
    assert inputs.resolved(req, (NEED,)) is resolved
    assert [meta.name(obj) for obj in inputs.objects(req, NEED)] == found
    assert "clusters" in req.required_resources or not resolved


def test_what_cannot_be_read_is_skipped_and_named() -> None:
    """One broken neighbour stops nothing; broken ones have an order, too."""
    broken = [{"kind": "B"}, {"kind": "A", "metadata": {}}]
    req = builders.request(builders.cache(), required={"clusters": [builders.cluster("a"), *broken]})
    good, skipped = inputs.read_each(inputs.objects(req, NEED), meta.name)
    again = builders.request(builders.cache(), required={"clusters": [*reversed(broken), builders.cluster("a")]})
    assert good == ["a"]
    assert skipped == inputs.read_each(inputs.objects(again, NEED), meta.name)[1]
    assert set(skipped) == {"cannot read a A without metadata.name", "cannot read a B without metadata.name"}


def test_a_bug_in_a_reader_is_no_broken_neighbour() -> None:
    """Only Unreadable is skipped: anything else would be hidden."""

    def reader(_obj: Struct) -> str:
        raise KeyError("x")

    with pytest.raises(KeyError):
        inputs.read_each([Struct()], reader)
