# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The reconcile contract, held by every installed function: from a healthy state, one thing at a time goes wrong."""

import functools
import random
from collections.abc import Iterator
from typing import Any

import builders_faults as faults
import builders_worlds as worlds
import laws
import pytest
from builders_faults import Place
from builders_healthy import State
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modelplane import meta, paths
from modelplane_cli import functions

FUNCTIONS = sorted(functions.installed({}))
EVERYDAY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
every_function = pytest.mark.parametrize("function", FUNCTIONS)
every_composing = pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "compose-inference-class"])


@functools.cache
def _healthy(function: str) -> tuple[State, ...]:
    return tuple(state for size in worlds.SIZES for state in worlds.states(size) if state.function == function)


@functools.cache
def _small(function: str) -> tuple[State, ...]:
    return tuple(state for state in worlds.states(1) if state.function == function)


@functools.cache
def _moving(function: str) -> tuple[State, ...]:
    return tuple(state for ticks in range(6) for state in worlds.states(2, ticks) if state.function == function)


def _assert_none(lines: Iterator[str], what: object = "") -> None:
    found = list(lines)
    assert not found, f"{what}\n" + "\n".join(found[:10])


def _unchanged(state: State, req: fnv1.RunFunctionRequest, what: object) -> fnv1.RunFunctionResponse:
    """Assert that a change to what a function reads released, forgot and unguarded nothing; return the reply."""
    healthy, rsp = state.answer(), state.answer(req)
    assert not laws.fatal(rsp), f"{what}: {laws.fatal(rsp)}"
    _assert_none(laws.breaches(req, rsp), what)
    _assert_none(laws.lost(req, rsp), what)
    _assert_none(laws.unguarded(healthy, rsp), what)
    _assert_none(laws.leaks(worlds.TOKEN, rsp), what)
    assert healthy.requirements == rsp.requirements, what
    return rsp


@every_function
def test_a_healthy_state_is_settled(function: str) -> None:
    """All is Ready, nothing is said, the next call is a minute away, and the same again is the same bytes."""
    assert _healthy(function)
    for state in _healthy(function):
        rsp = state.answer()
        _assert_none(laws.breaches(state.req, rsp), state.function)
        assert (rsp.desired.composite.ready, rsp.meta.ttl.seconds, list(rsp.results)) == (fnv1.READY_TRUE, 60, [])
        again = state.answer(faults.with_status(state.req, rsp))
        assert laws.canonical(again) == laws.canonical(rsp)
        assert set(rsp.desired.resources) == set(state.req.observed.resources)


@every_function
def test_an_unresolved_need_changes_nothing(function: str) -> None:
    """What Crossplane has not answered yet releases, forgets and readies nothing."""
    for state in (*_healthy(function), *_moving(function)):
        for need in sorted(state.req.required_resources):
            req = faults.without_need(state.req, need)
            rsp = _unchanged(state, req, f"{need} is unresolved")
            _assert_none(laws.forgotten(req.observed.composite.resource, rsp), need)
            assert rsp.desired.composite.ready == fnv1.READY_FALSE
            assert all(r.severity != fnv1.SEVERITY_WARNING for r in rsp.results), list(rsp.results)


@every_function
def test_an_emptied_need_releases_nothing(function: str) -> None:
    """A list without a single object is more likely a mistake than the end of a fleet."""
    for state in (*_healthy(function), *_moving(function)):
        for need in sorted(state.req.required_resources):
            req = faults.emptied(state.req, need)
            rsp = _unchanged(state, req, f"{need} is empty")
            assert len(laws.replicas(rsp)) <= max(len(laws.replicas(state.answer())), 1)


@every_function
def test_an_object_that_is_gone_takes_only_its_own(function: str) -> None:
    """A deleted cluster releases at most what is on it, a deleted replica or cache nothing."""
    for state in _healthy(function):
        for need, found in sorted(state.req.required_resources.items()):
            for index, item in enumerate(found.items[:3]):
                req, name = faults.without_item(state.req, need, index), meta.name(item.resource)
                rsp = state.answer(req)
                _assert_none(laws.breaches(req, rsp), name)
                _assert_none(laws.unguarded(state.answer(), rsp), name)
                _assert_none((line for line in laws.lost(req, rsp) if name not in line), f"{need} {name} is gone")


@every_function
def test_the_first_call_asks_for_the_same(function: str) -> None:
    """Requirements do not depend on what they resolve to."""
    for state in _healthy(function):
        req = fnv1.RunFunctionRequest(observed=state.req.observed)
        assert state.answer(req).requirements == state.answer().requirements


def _corrupt(state: State, place: Place, value: Any) -> None:  # noqa: ANN401  JSON data
    req = faults.corrupted(state.req, place, value)
    rsp, what = state.answer(req), f"{state.function}: {place} becomes {value!r}"
    _assert_none(laws.breaches(req, rsp), what)
    _assert_none(laws.leaks(worlds.TOKEN, rsp), what)
    if not (faults.is_users(place, value) or _deletes_cluster(state, place, value)):
        _unchanged(state, req, what)


def _deletes_cluster(state: State, place: Place, value: Any) -> bool:  # noqa: ANN401  JSON data
    """Return whether a cluster goes by another name: to a deployment alone, one that is absent is a release."""
    name = (place.key, place.path) == ("clusters", ("metadata", "name"))
    return state.function == "compose-model-deployment" and name and isinstance(value, str) and bool(value)


@every_function
@EVERYDAY
@given(data=st.data())
def test_no_corruption_of_one_field_releases_anything(function: str, data: st.DataObject) -> None:
    """Any one field of any object may be gone, of another type or of a later version: all is kept, nothing raises."""
    state = data.draw(st.sampled_from(_healthy(function)))
    place = data.draw(st.sampled_from(_places(function, _healthy(function).index(state))))
    _corrupt(state, place, data.draw(st.sampled_from(faults.CORRUPTIONS)))


@functools.cache
def _places(function: str, state: int) -> list[Place]:
    return faults.places(_healthy(function)[state].req)


@pytest.mark.slow
@every_function
def test_no_corruption_of_any_field_releases_anything(function: str) -> None:
    """Every field of the smallest healthy states, with every corruption."""
    for state in _small(function):
        for place in faults.places(state.req):
            for value in faults.CORRUPTIONS:
                _corrupt(state, place, value)


@every_function
@EVERYDAY
@given(data=st.data())
def test_nothing_on_its_way_breaks(function: str, data: st.DataObject) -> None:
    """A state that is not at rest yet keeps the rules that hold for every reply, whatever field is corrupt."""
    state = data.draw(st.sampled_from(_moving(function)))
    place = data.draw(st.sampled_from(faults.places(state.req)))
    req = faults.corrupted(state.req, place, data.draw(st.sampled_from(faults.CORRUPTIONS)))
    rsp = state.answer(req)
    _assert_none(laws.breaches(req, rsp), place)
    _assert_none(laws.leaks(worlds.TOKEN, rsp), place)


def _fresh(state: State) -> State:
    """Return a state whose XR nobody has answered yet: everything is still to be decided."""
    req = faults.without_observed(state.req, frozenset(state.req.observed.resources))
    del req.observed.composite.resource.fields["status"]
    return State(state.function, state.compose, req)


@every_function
@EVERYDAY
@given(data=st.data())
def test_a_reply_does_not_depend_on_order(function: str, data: st.DataObject) -> None:
    """Lists of objects in any order, maps filled in any order: the same reply."""
    state = data.draw(st.sampled_from((*_healthy(function), *_moving(function))))
    state = _fresh(state) if data.draw(st.booleans()) else state
    order = random.Random(data.draw(st.integers(0, 1000)))  # noqa: S311  an order, no secret
    assert laws.canonical(state.answer(faults.shuffled(state.req, order))) == laws.canonical(state.answer())


@every_composing
@EVERYDAY
@given(data=st.data())
def test_what_was_not_shown_is_composed_again(function: str, data: st.DataObject) -> None:
    """Any part of the observed set may be missing: the rest stays, guards stay, nothing is Ready meanwhile."""
    state = data.draw(st.sampled_from(_healthy(function)))
    keys = data.draw(st.sets(st.sampled_from(sorted(state.req.observed.resources)), min_size=1))
    req = faults.without_observed(state.req, frozenset(keys))
    rsp = _unchanged(state, req, f"{sorted(keys)} are not observed")
    if keys & set(state.answer().desired.resources):
        assert rsp.desired.composite.ready == fnv1.READY_FALSE


def _with_each_neighbour(state: State) -> Iterator[tuple[str, fnv1.RunFunctionRequest]]:
    for need, selector in sorted(state.answer().requirements.resources.items()):
        for neighbour in worlds.neighbours(selector.kind) if not selector.match_name else ():
            yield neighbour["metadata"]["name"], faults.with_neighbour(state.req, need, neighbour)


@every_function
def test_a_neighbour_of_another_shape_stops_nothing(function: str) -> None:
    """Objects of another version, another user or half a write beside ours: what is composed stays as it is."""
    for state in _healthy(function):
        healthy = state.answer()
        for name, req in _with_each_neighbour(state):
            rsp = _unchanged(state, req, f"{state.function} beside {name}")
            _assert_none(laws.forgotten(req.observed.composite.resource, rsp), name)
            for key, resource in healthy.desired.resources.items():
                assert rsp.desired.resources[key] == resource, f"{key} beside {name}"


@every_function
def test_an_unreadable_neighbour_is_named_and_skipped(function: str) -> None:
    """An object without a name releases nothing, forgets nothing, and shows in a condition."""
    for state in _healthy(function):
        for need, found in sorted(state.req.required_resources.items()):
            for index in range(min(len(found.items), 2)):
                req = faults.corrupted(state.req, Place("required", need, index, ("metadata", "name")), faults.ABSENT)
                rsp = _unchanged(state, req, f"{need}[{index}] has no name")
                _assert_none(laws.forgotten(req.observed.composite.resource, rsp), need)


@every_function
@EVERYDAY
@given(data=st.data())
def test_what_was_said_is_not_said_again(function: str, data: st.DataObject) -> None:
    """Once a reply's own status and conditions are observed, replies come to rest and send no event."""
    state = data.draw(st.sampled_from(_healthy(function)))
    place = data.draw(st.sampled_from(_places(function, _healthy(function).index(state))))
    req = faults.corrupted(state.req, place, data.draw(st.sampled_from(faults.CORRUPTIONS)))
    rsp = state.answer(req)
    if laws.fatal(rsp) or (place.part == "composite" and not place.under("status")):
        return
    for _ in range(3):
        req = faults.with_status(req, rsp)
        before, rsp = rsp, state.answer(req)
    assert laws.canonical(rsp) == laws.canonical(before), f"{place} goes on changing"
    assert not rsp.results, f"{place}: {rsp.results}"


@every_function
def test_a_published_status_survives_the_loss_of_inputs(function: str) -> None:
    """What was published stays when what it was read from is gone, field by field."""
    for state in _small(function):
        for place in faults.places(state.req):
            if place.part == "composite" or not place.under("status"):
                continue
            req = faults.corrupted(state.req, place, faults.ABSENT)
            rsp = state.answer(req)
            _assert_none(laws.forgotten(req.observed.composite.resource, rsp), place)


def test_the_suite_covers_every_kind() -> None:
    """A function that is installed and has no healthy state here would go unchecked."""
    kinds = {meta.kind(s.req.observed.composite.resource) for f in FUNCTIONS for s in _healthy(f)}
    assert {verdict for kind, verdict in laws.VERDICTS.items() if kind in kinds} == set(laws.VERDICTS.values())
    assert all(paths.has(s.req.observed.composite.resource, "status") for f in FUNCTIONS for s in _healthy(f))
