# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Overcommit heals: two deployments that saw the same free node at once do not both keep it."""

from collections.abc import Sequence
from dataclasses import replace

import builders as b
import pytest
from builders_deployment import LATER, World, explicit, settled
from modelplane.paths import Manifest

FIRST, SECOND = b.CREATED, LATER
ONE = b.pool(nodes=1)


def other(name: str = "other-a-0", *, created: str = FIRST, ready: bool | None = None, nodes: int = 1) -> Manifest:
    """Return another deployment's replica on cluster a."""
    engines = [b.engine("main", b.member(pool="h100"), copies=nodes)]
    return b.replica(name, cluster="a", engines=engines, created=created, ready=ready, namespace="other-team")


def crowded(
    *others: Manifest, created: str = SECOND, ready: bool | None = None, clusters: Sequence[Manifest] | None = None
) -> World:
    """Return a world whose deployment took the one node of cluster a, as others did at the same time."""
    world = World(explicit(), [b.cluster("a", pools=[ONE])]).next(ready=ready, created=created)
    return replace(world, others=others, clusters=clusters or world.clusters)


@pytest.mark.parametrize(
    ("others", "created", "ready", "stays"),
    [
        pytest.param([], SECOND, None, True, id="enough room"),
        pytest.param([other()], SECOND, None, False, id="the newer yields"),
        pytest.param([other(created=SECOND)], FIRST, None, True, id="the older stays"),
        pytest.param([other(created=SECOND)], SECOND, None, True, id="as old: the last by namespace yields"),
        pytest.param([other()], SECOND, True, True, id="one that was ready never yields"),
        pytest.param([other(ready=True)], FIRST, None, False, id="not even to an older one"),
        pytest.param([other("z", created=SECOND), other("y", created=SECOND)], FIRST, None, True, id="enough yield"),
        pytest.param([other("z", ready=True, nodes=3)], FIRST, False, False, id="no room at all"),
    ],
)
def test_the_newest_that_was_never_ready_yields(
    others: Sequence[Manifest],
    created: str,
    ready: bool | None,  # noqa: FBT001  what the replica says of itself
    stays: bool,  # noqa: FBT001  what must hold
) -> None:
    """On a pool with more replicas than nodes, exactly as many yield as need to, the newest first."""
    answer = crowded(*others, created=created, ready=ready).answer()
    assert answer.clusters == (["a"] if stays else [])


def test_one_that_yields_is_placed_again() -> None:
    """A replica that yields takes another place in the same reply, where there is one."""
    answer = crowded(other(), clusters=[b.cluster("a", pools=[ONE]), b.cluster("b")]).answer()
    assert list(answer.replicas) == ["replica-b-0"]


def test_one_that_was_ready_once_stays() -> None:
    """A replica that has served and is down now does not yield: everReady remembers."""
    world = crowded(other(ready=True), ready=True)
    status = {"conditions": [b.condition("Ready", "False")], "everReady": True}
    own = {key: {**one, "status": status} for key, one in world.own.items()}
    assert replace(world, own=own).answer().clusters == ["a"]


@pytest.mark.parametrize(
    "clusters",
    [
        pytest.param([{**b.cluster("a"), "status": {}}], id="no pools"),
        pytest.param([b.cluster("a", pools=[{**ONE, "nodes": "x"}])], id="an unreadable number of nodes"),
        pytest.param([b.cluster("a", pools=[b.pool(nodes=0)])], id="no nodes"),
        pytest.param([b.cluster("a", pools=[b.pool(nodes=-5)])], id="fewer than none"),
        pytest.param([b.cluster("a", pools=[b.pool("x", nodes=1)])], id="its pool is not listed"),
    ],
)
def test_what_is_unknown_is_not_too_full(clusters: Sequence[Manifest]) -> None:
    """A pool of unknown size drives nobody off."""
    assert crowded(other(), clusters=clusters).answer().clusters == ["a"]


def test_one_that_is_leaving_does_not_count() -> None:
    """A replica that is being deleted will give its node back: nobody has to yield to it."""
    gone = other(ready=True)
    gone["metadata"]["deletionTimestamp"] = SECOND
    assert crowded(gone).answer().clusters == ["a"]


def test_every_deployment_sees_the_same() -> None:
    """Three deployments in one pool of two nodes: each looks on its own, and together exactly one yields."""
    pools = [b.pool(nodes=2)]
    worlds = [
        World(explicit(name), [b.cluster("a", pools=pools)]).next(ready=None, created=created)
        for name, created in (("x", FIRST), ("y", SECOND), ("z", SECOND))
    ]
    everyone = [one for world in worlds for one in world.own.values()]
    left = [
        replace(world, others=[one for one in everyone if one not in world.own.values()]).answer().clusters
        for world in worlds
    ]
    assert left == [["a"], ["a"], []]


def test_a_yielded_place_is_not_taken_again() -> None:
    """After yielding, a deployment does not come back to the pool that is full without it."""
    world = crowded(other())
    gone = replace(world, own={})
    assert gone.answer().replicas == {}
    assert gone.answer().said("ReplicasScheduled")[1] == "placed 0 of 1: 1 cluster full"


def test_an_identity_that_is_leaving_is_not_reused() -> None:
    """A new replica does not take the name of one that is still being deleted."""
    world = settled(explicit(), [b.cluster("a", pools=[b.pool(nodes=2)])])
    leaving = world.own["replica-a-0"]
    leaving = {**leaving, "metadata": {**leaving["metadata"], "deletionTimestamp": SECOND}}
    assert list(replace(world, own={}, others=[leaving]).answer().replicas) == ["replica-a-1"]
