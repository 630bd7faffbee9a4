# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which replicas stay where they are, whatever happens around them, and the few ways to lose one."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import builders as b
import pytest
from builders_deployment import World, explicit, gpus, memory, settled
from modelplane.paths import Manifest

H200 = b.pool("h200", nodes=9, devices=[b.device(memory="141Gi")])
BLANK: Manifest = {"apiVersion": b.API_VERSION, "kind": "InferenceCluster", "metadata": {"name": "a"}}
GOLD = {"tier": "gold"}


def without(manifest: Manifest, *path: str) -> Manifest:
    """Return a manifest without the field at a path."""
    key, *rest = path
    if not rest:
        return {field: value for field, value in manifest.items() if field != key}
    return {**manifest, key: without(manifest[key], *rest)}


@pytest.mark.parametrize(
    "clusters",
    [
        pytest.param([b.cluster("a"), b.cluster("b")], id="nothing happens"),
        pytest.param([b.cluster("a", ready=False), b.cluster("b")], id="not ready"),
        pytest.param([BLANK, b.cluster("b")], id="blanked"),
        pytest.param([b.cluster("a", labels={}), b.cluster("b", labels=GOLD)], id="relabelled"),
        pytest.param([b.cluster("a", gateway=""), b.cluster("b")], id="no gateway"),
        pytest.param([b.cluster("a", storage=""), b.cluster("b")], id="no storage class"),
        pytest.param([b.cluster("a", taints=[b.taint("NoSchedule")]), b.cluster("b")], id="NoSchedule"),
        pytest.param([b.cluster("a", pools=[]), b.cluster("b")], id="no pools"),
        pytest.param([b.cluster("a", pools=[b.pool(nodes=0)]), b.cluster("b")], id="no nodes"),
        pytest.param([b.cluster("a", pools=[b.pool("other")]), b.cluster("b")], id="its pool is gone"),
        pytest.param(
            [b.cluster("a", pools=[b.pool(devices=[b.device("x", driver="y")])]), b.cluster("b")], id="devices"
        ),
        pytest.param([b.cluster("a", pools=[b.pool(devices=[])]), b.cluster("b")], id="no devices"),
        pytest.param([{**b.cluster("a"), "status": "x"}, b.cluster("b")], id="unreadable status"),
        pytest.param([without(b.cluster("a"), "metadata", "name"), b.cluster("b")], id="a cluster cannot be read"),
    ],
)
@pytest.mark.parametrize(
    "xr",
    [
        pytest.param(explicit(selector=GOLD), id="explicit"),
        pytest.param(b.deployment(selector=GOLD, workers=b.workers(tensor=8)), id="turnkey"),
    ],
)
def test_a_replica_keeps_its_cluster(xr: Manifest, clusters: list[Manifest]) -> None:
    """Whatever its cluster says of itself: the replica stays, byte for byte, and so does the status."""
    world = settled(xr, [b.cluster("a", labels=GOLD), b.cluster("b")])
    before, after = world.answer(), replace(world, clusters=clusters).answer()
    assert before.clusters == ["a"]
    assert after.replicas == before.replicas
    assert after.status == before.status == {"replicas": {"total": 1, "ready": 1}}


@pytest.mark.parametrize("need", ["clusters", "replicas", "cache"])
def test_an_unresolved_need_changes_nothing(need: str) -> None:
    """While an input is on its way everything stays, and nothing is ready."""
    world = settled(explicit(replicas=2, cache="qwen"), [b.cluster("a")], cache=b.cache())
    world = replace(world, xr=explicit(replicas=5, cache="qwen", status={"replicas": {"total": 2, "ready": 2}}))
    answer = replace(world, unresolved=[need]).answer()
    assert list(answer.replicas) == list(world.own)
    assert answer.status == {"replicas": {"total": 2, "ready": 2}}
    assert not answer.ready
    assert not answer.warnings


@pytest.mark.parametrize(
    ("ready", "wanted", "left"),
    [
        pytest.param("aabbcc", 4, ["replica-a-0", "replica-a-1", "replica-b-0", "replica-c-0"], id="in turns"),
        pytest.param("aabbcc", 3, ["replica-a-0", "replica-b-0", "replica-c-0"], id="the highest index"),
        pytest.param("bb", 2, ["replica-b-0", "replica-b-1"], id="the not ready ones first"),
        pytest.param("b", 2, ["replica-a-0", "replica-b-0"], id="then the fullest cluster"),
        pytest.param("", 1, ["replica-a-0"], id="none is ready"),
        pytest.param("aabbcc", 0, [], id="to zero"),
    ],
)
def test_scaling_down(ready: str, wanted: int, left: list[str]) -> None:
    """Replicas that do not serve go first, then the highest index on the most loaded cluster."""
    world = World(explicit(replicas=6), [b.cluster(name) for name in "abc"]).next(ready=False)
    serving = [f"replica-{name}-{ready[:at].count(name)}" for at, name in enumerate(ready)]
    up = b.observed(b.replica("x"), ready=True)["status"]
    own = {key: {**one, "status": up} if key in serving else one for key, one in world.own.items()}
    answer = replace(world, own=own, xr=explicit(replicas=wanted)).answer()
    assert list(answer.replicas) == left
    assert answer.status["replicas"]["total"] == wanted


@pytest.mark.parametrize(
    ("tolerations", "clusters"),
    [
        pytest.param([], ["b"], id="not tolerated: it moves"),
        pytest.param([{"operator": "Exists"}], ["a"], id="tolerated: it stays"),
        pytest.param([{"operator": "Exists", "effect": "NoSchedule"}], ["b"], id="another effect is tolerated"),
    ],
)
def test_a_no_execute_taint_moves(tolerations: list[Manifest], clusters: list[str]) -> None:
    """An explicit NoExecute taint drives replicas off, unless they tolerate it."""
    world = settled(explicit(tolerations=tolerations), [b.cluster("a"), b.cluster("b")])
    tainted = [b.cluster("a", taints=[b.taint("NoExecute")]), b.cluster("b")]
    assert replace(world, clusters=tainted).answer().clusters == clusters


def test_a_no_execute_taint_waits_for_no_place() -> None:
    """Under NoExecute a replica goes even if there is no other place for it."""
    world = settled(explicit(), [b.cluster("a")])
    answer = replace(world, clusters=[b.cluster("a", taints=[b.taint("NoExecute")])]).answer()
    assert answer.replicas == {}
    assert answer.said("ReplicasScheduled") == ("InsufficientCapacity", "placed 0 of 1: 1 cluster tainted")
    assert not answer.ready


@pytest.mark.parametrize(
    ("clusters", "left", "why"),
    [
        pytest.param([b.cluster("b")], ["b"], "placed 1 of 1", id="there is another place"),
        pytest.param(
            [b.cluster("b", ready=False)],
            ["a"],
            "placed 1 of 1: 1 cluster not ready; the cluster of qwen-a-0-ml-team-56a9c98112 is deleted",
            id="there is none: it stays",
        ),
    ],
)
def test_a_deleted_cluster(clusters: list[Manifest], left: list[str], why: str) -> None:
    """A replica leaves a cluster that was deleted once there is a place for it elsewhere."""
    world = settled(explicit(), [b.cluster("a"), b.cluster("b")])
    answer = replace(world, clusters=clusters).answer()
    assert answer.clusters == left
    assert answer.said("ReplicasScheduled")[1] == why


def edited(least: str, clusters: list[Manifest], **changes: Any) -> World:  # noqa: ANN401  fields of a world
    """Return a world whose user has just asked for GPUs with more memory."""
    world = settled(explicit(), [b.cluster("a"), b.cluster("b", pools=[H200])])
    return replace(world, xr=explicit(devices=gpus(8, memory(least))), clusters=clusters, **changes)


@pytest.mark.parametrize(
    ("least", "clusters", "seats"),
    [
        pytest.param("40Gi", [b.cluster("a")], {"replica-a-0": ["h100"]}, id="its pool fits the edited selector"),
        pytest.param("100Gi", [b.cluster("a", pools=[b.pool(), H200])], {"replica-a-0": ["h200"]}, id="another pool"),
        pytest.param(
            "100Gi", [b.cluster("a"), b.cluster("b", pools=[H200])], {"replica-b-0": ["h200"]}, id="another cluster"
        ),
        pytest.param("100Gi", [b.cluster("a"), b.cluster("b")], {"replica-a-0": ["h100"]}, id="nowhere: it stays"),
        pytest.param("100Gi", [BLANK, b.cluster("b")], {"replica-a-0": ["h100"]}, id="its cluster is blanked"),
        pytest.param(
            "100Gi", [BLANK, b.cluster("b", pools=[H200])], {"replica-a-0": ["h100"]}, id="blanked, place elsewhere"
        ),
    ],
)
def test_an_edited_selector(least: str, clusters: list[Manifest], seats: Mapping[str, list[str]]) -> None:
    """A replica leaves a pool that its edited selectors no longer fit once there is another for it."""
    assert edited(least, clusters).answer().pools == seats


def test_what_stays_for_want_of_a_place_stays_as_it_is() -> None:
    """Nowhere to go: the replica is kept as observed, and the condition says so."""
    world = edited("100Gi", [b.cluster("a"), b.cluster("b")])
    answer = world.answer()
    assert answer.replicas["replica-a-0"]["spec"] == world.own["replica-a-0"]["spec"]
    misfit = "the device selectors no longer fit the pool of qwen-a-0-ml-team-56a9c98112"
    message = f"placed 1 of 1: 2 clusters without matching devices; {misfit}"
    assert answer.said("ReplicasScheduled") == ("InsufficientCapacity", message)
    assert not answer.ready


def test_a_replica_without_our_annotation_is_edited_where_its_requests_differ() -> None:
    """A replica that another version made shows what its pool was chosen for in its device requests."""
    world = edited("100Gi", [b.cluster("a"), b.cluster("b", pools=[H200])])
    own = {key: without(one, "metadata", "annotations") for key, one in world.own.items()}
    assert replace(world, own=own).answer().clusters == ["b"]
    same = settled(explicit(), [b.cluster("a"), b.cluster("b", pools=[H200])])
    own = {key: without(one, "metadata", "annotations") for key, one in same.own.items()}
    gone = [b.cluster("a", pools=[b.pool(devices=[b.device(driver="x")])]), b.cluster("b", pools=[H200])]
    assert replace(same, own=own, clusters=gone).answer().clusters == ["a"]


def test_a_synthetic_request_is_an_edit_too() -> None:
    """Asking for a device that is not claimed moves a replica from a pool that lacks it."""
    switch = {"name": "switch", "selectors": [{"cel": 'device.driver == "fabric.modelplane.ai"'}]}
    fabric = b.device("nvswitch", claim="Synthetic", driver="fabric.modelplane.ai", count=1)
    found = [b.cluster("a"), b.cluster("b", pools=[b.pool(devices=[b.device(), fabric])])]
    world = replace(settled(explicit(), found), xr=explicit(devices=[*gpus(), switch]))
    assert world.answer().clusters == ["b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(explicit(), b.deployment(engines=[b.engine("main", copies=2)]), id="copies"),
        pytest.param(
            b.deployment(workers=b.workers(tensor=8)),
            b.deployment(workers=b.workers(tensor=8, run=b.container(args=["--x"]))),
            id="turnkey arguments",
        ),
        pytest.param(explicit(), b.deployment(engines=[b.engine("other")]), id="an engine renamed"),
        pytest.param(explicit(), b.deployment(workers=b.workers(tensor=8)), id="the other shape"),
        pytest.param(explicit(), b.deployment(engines=[b.engine("main"), b.engine("two")]), id="an engine more"),
    ],
)
def test_an_edit_is_carried_out_in_place(before: Manifest, after: Manifest) -> None:
    """Editing the template updates the replicas where they are, under the names that they have."""
    world = settled(before, [b.cluster("a", pools=[b.pool(nodes=2), H200])])
    answer = replace(world, xr=after).answer()
    assert list(answer.replicas) == ["replica-a-0"]
    (was, now) = (world.own["replica-a-0"], answer.replicas["replica-a-0"])
    assert now["metadata"]["name"] == was["metadata"]["name"]
    assert now["spec"] != was["spec"]
    assert now["spec"] == replace(world, own={}, xr=after).answer().replicas["replica-a-0"]["spec"]


def test_growth_without_room_waits() -> None:
    """An engine more that fits nowhere on the replica's cluster leaves the replica as it is."""
    world = settled(explicit(), [b.cluster("a", pools=[b.pool(nodes=1)]), b.cluster("b")])
    answer = replace(world, xr=b.deployment(engines=[b.engine("main"), b.engine("two")])).answer()
    assert answer.replicas["replica-a-0"]["spec"] == world.own["replica-a-0"]["spec"]
    assert "no room for what qwen-a-0-ml-team-56a9c98112 should become" in answer.said("ReplicasScheduled")[1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("spec", "clusterName"), "b", id="moved by hand"),
        pytest.param(("spec", "clusterName"), 7, id="no cluster"),
        pytest.param(("spec", "engines"), [], id="no engines"),
        pytest.param(("spec",), {}, id="no spec"),
        pytest.param(("metadata", "labels"), {}, id="no labels"),
    ],
)
def test_a_replica_edited_by_hand_is_put_right(path: tuple[str, ...], value: object) -> None:
    """A replica is known by its key: what was changed by hand becomes what the deployment says."""
    world = settled(explicit(), [b.cluster("a"), b.cluster("b")])
    odd = world.own["replica-a-0"]
    odd = {**odd, path[0]: {**odd[path[0]], path[1]: value} if len(path) > 1 else value}
    assert replace(world, own={"replica-a-0": odd}).answer().replicas == world.answer().replicas


def test_a_composed_replica_that_crossplane_does_not_list_is_ours() -> None:
    """One that we made is not placed a second time while Crossplane has lost sight of it."""
    world = settled(explicit(replicas=2), [b.cluster("a"), b.cluster("b")])
    lost = world.own["replica-b-0"]
    blind = replace(world, own={"replica-a-0": world.own["replica-a-0"]}, others=[lost])
    assert blind.answer().replicas == world.answer().replicas
    assert not blind.answer().ready
    foreign = without(lost, "metadata", "ownerReferences")
    assert list(replace(blind, others=[foreign]).answer().replicas) == ["replica-a-0", "replica-b-1"]


def test_a_list_that_is_behind_costs_no_other_replica() -> None:
    """A replica that was scaled down and that the fleet's list still shows is not counted against those that stay."""
    world = settled(explicit(replicas=3), [b.cluster("a"), b.cluster("b"), b.cluster("c")])
    down = replace(world, xr=explicit(replicas=2))
    assert list(down.answer().replicas) == ["replica-a-0", "replica-b-0"]
    left = {key: world.own[key] for key in down.answer().replicas}
    behind = replace(down, own=left, others=[world.own["replica-c-0"]]).answer()
    assert behind.replicas == down.answer().replicas
    assert behind.ready


def test_the_order_of_inputs_decides_nothing() -> None:
    """Clusters and replicas in any order give the same schedule."""
    clusters = [b.cluster(f"c{number}", pools=[b.pool(nodes=3), H200]) for number in range(9)]
    others = [b.replica(f"o{number}", cluster=f"c{number % 9}", namespace="x") for number in range(12)]
    world = replace(settled(explicit(replicas=5), clusters, others=others), xr=explicit(replicas=9))
    order = random.Random(1)  # noqa: S311  an order, no secret
    for _ in range(5):
        mixed = [order.sample(items, len(items)) for items in (clusters, others)]
        assert replace(world, clusters=mixed[0], others=mixed[1]).answer() == world.answer()
