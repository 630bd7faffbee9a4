# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from collections.abc import Mapping
from typing import Any

import builders
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import composed, conditions, paths, usages
from modelplane.composed import Composed
from modelplane.errors import ReplyTooLarge
from modelplane.inputs import Need
from modelplane.paths import Manifest

NEED = Need(name="clusters", api_version="modelplane.ai/v1alpha1", kind="InferenceCluster")


def _object(name: str, *, size: int = 0) -> Manifest:
    spec = {"forProvider": {"manifest": {"kind": "ConfigMap", "data": {"x": "y" * size}}}}
    metadata = {"name": name, "namespace": "ml-team", "labels": {"modelplane.ai/cluster": "a"}}
    return {"apiVersion": "kubernetes.m.crossplane.io/v1alpha1", "kind": "Object", "metadata": metadata, "spec": spec}


def _request(
    observed: Mapping[str, Manifest] | None = None, *, asked: bool = True, shown: Manifest | None = None
) -> fnv1.RunFunctionRequest:
    xr = builders.cache(status=shown or {})
    return builders.request(xr, observed=observed, required={"clusters": [] if asked else None})


def _condition(rsp: fnv1.RunFunctionResponse, typ: str) -> fnv1.Condition:
    return next(c for c in rsp.conditions if c.type == typ)


def _ready(rsp: fnv1.RunFunctionResponse) -> bool:
    return rsp.desired.composite.ready == fnv1.READY_TRUE


@pytest.mark.parametrize(
    ("released", "asked", "want"),
    [
        pytest.param({"a"}, True, {"b"}, id="only what was released goes"),
        pytest.param(set(), True, {"a", "b"}, id="nothing was released"),
        pytest.param({"a", "b"}, False, {"a", "b"}, id="an unresolved need releases nothing"),
        pytest.param({"z"}, True, {"a", "b"}, id="a release of what is not there"),
    ],
)
def test_what_is_observed_stays_desired(*, released: set[str], asked: bool, want: set[str]) -> None:
    """Crossplane deletes what is observed and not desired, so only a release may leave it out."""
    req = _request({"a": builders.observed(_object("a")), "b": builders.observed(_object("b"))}, asked=asked)
    rsp = Composed(needs=(NEED,), released=frozenset(released), ready=True).write(req)
    assert set(rsp.desired.resources) == want


def test_what_is_desired_wins_over_its_release() -> None:
    """A function that composes what it also released keeps it."""
    req = _request(OBSERVED)
    rsp = Composed(needs=(NEED,), resources={"a": _object("a")}, released=frozenset({"a"})).write(req)
    assert paths.manifest(rsp.desired.resources["a"].resource) == _object("a")


OBSERVED = {"a": builders.observed(_object("a"))}
NOT_READY = {"a": builders.observed(_object("a"), ready=False)}


@pytest.mark.parametrize(
    ("verdict", "observed", "resources", "want"),
    [
        pytest.param(True, OBSERVED, {"a": _object("a")}, True, id="all of it is ready"),
        pytest.param(False, OBSERVED, {"a": _object("a")}, False, id="the function says no"),
        pytest.param(True, NOT_READY, {"a": _object("a")}, False, id="a resource is not"),
        pytest.param(True, {}, {"a": _object("a")}, False, id="a resource is not there yet"),
        pytest.param(True, NOT_READY, {}, False, id="a kept resource is not"),
        pytest.param(True, OBSERVED, {}, True, id="a kept resource is"),
        pytest.param(True, {}, {}, False, id="nothing is composed"),
        pytest.param(True, {"a": builders.observed(_object("a"), ready=None)}, {}, False, id="nobody has looked at it"),
    ],
)
def test_ready(*, verdict: bool, observed: dict[str, Manifest], resources: dict[str, Manifest], want: bool) -> None:
    """Ready needs the function's verdict, something composed, and all of that observed ready."""
    rsp = Composed(needs=(NEED,), resources=resources, ready=verdict).write(_request(observed))
    assert rsp.desired.composite.ready in (fnv1.READY_TRUE, fnv1.READY_FALSE)
    assert _ready(rsp) is want


def test_nothing_is_ready_while_a_need_is_unresolved() -> None:
    """What is not known yet may say otherwise, whatever the function's verdict."""
    rsp = Composed(needs=(NEED,), resources={"a": _object("a")}, ready=True).write(_request(OBSERVED, asked=False))
    assert not _ready(rsp)
    assert rsp.meta.ttl.seconds == 15


def test_some_kinds_are_ready_with_nothing_composed() -> None:
    """A class composes nothing, and a deployment of no replicas neither."""
    assert _ready(Composed(ready=True, empty_ok=True).write(_request()))


@pytest.mark.parametrize(
    ("given", "ttl"),
    [
        pytest.param({"ready": True}, 60, id="settled"),
        pytest.param({"ready": False}, 15, id="not ready"),
        pytest.param({"ready": True, "awaiting": True}, 15, id="ready, and yet something is awaited"),
    ],
)
def test_every_reply_sets_the_next_call(given: dict[str, Any], ttl: int) -> None:
    """Nothing else wakes a function that waits for what it does not compose."""
    assert Composed(resources={"a": _object("a")}, **given).write(_request(OBSERVED)).meta.ttl.seconds == ttl


BEFORE = {"conditions": [builders.condition("Staged", "False", "Hydrating", "1 of 2")]}


@pytest.mark.parametrize(
    ("shown", "now", "sent"),
    [
        pytest.param({}, ("True", "Staged", ""), {"event", "warning"}, id="new: both"),
        pytest.param(BEFORE, ("False", "Hydrating", "1 of 2"), set(), id="unchanged: neither"),
        pytest.param(BEFORE, ("False", "Hydrating", "2 of 2"), {"warning"}, id="another message: a warning only"),
        pytest.param(BEFORE, ("False", "Failed", "1 of 2"), {"event", "warning"}, id="another reason: both"),
        pytest.param(BEFORE, ("True", "Hydrating", "1 of 2"), {"event", "warning"}, id="another status: both"),
    ],
)
def test_events_are_for_changes(shown: Manifest, now: tuple[Any, str, str], sent: set[str]) -> None:
    """What was said already is not said again."""
    status, reason, message = now
    told = conditions.Condition(
        type="Staged", status=status, reason=reason, message=message, event="event", warning="warning"
    )
    rsp = Composed(conditions=(told,)).write(_request(shown=shown))
    assert {r.message for r in rsp.results} == sent


def test_objects_that_cannot_sync_are_named_with_their_cluster() -> None:
    """A condition says which, and nothing is withdrawn for it."""
    broken = {f"k{i}": builders.observed(_object(f"o{i}"), synced=False) for i in range(7)}
    rsp = Composed(ready=True).write(_request(broken))
    found = _condition(rsp, "ObjectsSynced")
    assert (found.status, found.reason) == (fnv1.STATUS_CONDITION_FALSE, "NotSynced")
    assert "Object 'o0' of cluster 'a'" in found.message
    assert "and 2 more" in found.message
    assert set(rsp.desired.resources) == set(broken)


@pytest.mark.parametrize(
    ("asked", "skipped", "want"),
    [
        pytest.param(False, (), ("Unknown", "Waiting"), id="unresolved: no event"),
        pytest.param(True, (), ("True", "Resolved"), id="resolved"),
        pytest.param(True, ("cannot read x",), ("False", "Unreadable"), id="a neighbour was skipped"),
    ],
)
def test_what_is_awaited_is_a_condition(*, asked: bool, skipped: tuple[str, ...], want: tuple[str, str]) -> None:
    """Unresolved, absent and unreadable are three things."""
    rsp = Composed(needs=(NEED,), skipped=skipped).write(_request(asked=asked))
    names = {1: "Unknown", 2: "True", 3: "False"}
    found = _condition(rsp, "InputsResolved")
    assert (names[found.status], found.reason) == want
    assert [r.severity for r in rsp.results] == [fnv1.SEVERITY_WARNING] * len(skipped)


def test_waiting_changes_nothing() -> None:
    """Until its needs are resolved a function keeps what is there, and says again what it said before."""
    shown = {**BEFORE, "revision": "abc", "clusters": [{"name": "a"}]}
    req = _request(OBSERVED, asked=False, shown=shown)
    rsp = Composed.waiting(req, (NEED,), ("Staged", "New")).write(req)
    status = paths.manifest(rsp.desired.composite.resource)["status"]
    assert status == {"revision": "abc", "clusters": [{"name": "a"}]}
    assert list(rsp.desired.resources) == ["a"]
    assert (_condition(rsp, "Staged").reason, _condition(rsp, "New").status) == ("Hydrating", 1)
    assert not _ready(rsp)
    assert rsp.requirements.resources["clusters"].HasField("match_labels")


def test_a_reply_that_is_too_large_says_what_waits() -> None:
    """What is new and not a guard waits, last key first; what is observed stays whole."""
    guard = usages.namespaced(
        name="z", namespace="ml-team", of=("modelplane.ai/v1alpha1", "ModelCache", "q"), reason="x"
    )
    new = {f"new-{i}": _object(f"new-{i}", size=1_000_000) for i in range(6)}
    req = _request({"a": builders.observed(_object("a", size=1_000_000))})
    rsp = Composed(resources={**new, "z": guard}, ready=True).write(req)
    assert set(rsp.desired.resources) == {"a", "z", "new-0", "new-1", "new-2"}
    assert rsp.ByteSize() <= composed.REPLY_LIMIT
    found = [c for c in rsp.conditions if c.type == "ObjectsSynced"]
    assert [(c.reason, "new-5" in c.message) for c in found] == [("ReplyTooLarge", True)]
    assert (_ready(rsp), rsp.meta.ttl.seconds) == (False, 15)


def test_what_is_observed_is_never_cut() -> None:
    """A reply that cannot fit without a deletion is an error that names the way out."""
    req = _request({str(i): builders.observed(_object(str(i), size=1_000_000)) for i in range(5)})
    with pytest.raises(ReplyTooLarge, match="narrow the cluster selector, or split the ModelCache"):
        Composed().write(req)


def test_a_step_before_ours_keeps_what_it_desired() -> None:
    """The desired state of the request, its context and its tag are passed on."""
    req = _request()
    req.desired.resources["other"].resource["kind"] = "Other"
    req.context["k"] = "v"
    rsp = Composed().write(req)
    assert "other" in rsp.desired.resources
    assert (rsp.context["k"], rsp.meta.tag) == ("v", req.meta.tag)
