# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Fuzzed requests: several corruptions of a real one at once, random Structs, and bytes that are no request."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import builders_faults as faults
from builders_healthy import State
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths

Rand = random.Random


@dataclass(frozen=True)
class Case:
    """A request, from which healthy state it comes, and whether something in it may release what is observed."""

    what: str
    state: State
    req: fnv1.RunFunctionRequest
    may_release: bool


def cases(states: Sequence[State], *, count: int, seed: int) -> Iterator[Case]:
    """Yield cases by turns: corrupted, truncated, random; the same for the same seed."""
    rand = Rand(seed)
    makers: list[Callable[[State, Rand], Case]] = [_corrupted, _corrupted, _incomplete, _random]
    for index in range(count):
        yield makers[index % len(makers)](rand.choice(states), rand)


def mangled(states: Sequence[State], *, count: int, seed: int) -> Iterator[bytes]:
    """Yield the bytes of real requests with a few of them flipped, cut off or repeated."""
    rand = Rand(seed)
    for _ in range(count):
        raw = bytearray(rand.choice(states).req.SerializeToString())
        for _ in range(rand.randint(1, 8)):
            raw[rand.randrange(len(raw))] = rand.randrange(256)
        yield bytes(raw[: rand.randint(1, len(raw))]) * rand.randint(1, 2)


def _corrupted(state: State, rand: Rand) -> Case:
    """Corrupt up to five places of a request; what may be released then is decided by the places."""
    req, made = state.req, []
    user = False
    for _ in range(rand.randint(1, 5)):
        place, value = rand.choice(faults.places(req)), rand.choice(faults.CORRUPTIONS)
        req = faults.corrupted(req, place, value)
        user = user or faults.is_users(place, value)
        made.append(f"{place} = {value!r}")
    return Case("; ".join(made), state, req, may_release=user)


def _incomplete(state: State, rand: Rand) -> Case:
    """Take away needs and observed resources, and put the rest in another order."""
    req = faults.shuffled(state.req, rand)
    for need in [need for need in sorted(req.required_resources) if rand.random() < 0.3]:
        req = faults.without_need(req, need)
    gone = {key for key in sorted(req.observed.resources) if rand.random() < 0.3}
    return Case(f"without {sorted(gone)}", state, faults.without_observed(req, frozenset(gone)), may_release=False)


def _random(state: State, rand: Rand) -> Case:
    """Replace some objects of the request by random ones."""
    req = fnv1.RunFunctionRequest()
    req.CopyFrom(state.req)
    whole = rand.random() < 0.3
    if whole:
        _fill(req.observed.composite.resource, rand)
    for key in sorted(req.observed.resources):
        if rand.random() < 0.5:
            _fill(req.observed.resources[key].resource, rand)
    for need in sorted(req.required_resources):
        for _ in range(rand.randint(0, 3)):
            _fill(req.required_resources[need].items.add().resource, rand)
    return Case(f"random objects{', the XR among them' if whole else ''}", state, req, may_release=whole)


def _fill(target: Any, rand: Rand) -> None:  # noqa: ANN401  a Struct
    target.Clear()
    paths.fill(target, _object(rand, 4))


_WORDS = (
    "metadata",
    "spec",
    "status",
    "name",
    "namespace",
    "labels",
    "conditions",
    "clusters",
    "gpuPools",
    "kind",
    "x",
)
_VALUES: tuple[Any, ...] = ("", "Ready", "True", "c00", "\u0000", "é" * 50, 0, 1, -1, 1e308, 0.1, True, False)


def _object(rand: Rand, depth: int) -> paths.Manifest:
    return {rand.choice(_WORDS): _value(rand, depth - 1) for _ in range(rand.randint(0, 5))}


def _value(rand: Rand, depth: int) -> Any:  # noqa: ANN401  JSON data
    kind = rand.random()
    if depth > 0 and kind < 0.4:
        return _object(rand, depth)
    if depth > 0 and kind < 0.6:
        return [_value(rand, depth - 1) for _ in range(rand.randint(0, 4))]
    return rand.choice(_VALUES)
