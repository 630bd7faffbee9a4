# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters come, go, change and lose things: which get the model, which keep it, and which give it up."""

from collections.abc import Callable
from typing import Any

import builders
import pytest
from builders_cache import C1, World, complete, fleet, silent, using
from modelplane.paths import Manifest

EU, US = {"region": "eu"}, {"region": "us"}
B = builders.cluster("b", labels={**US, "zone": "b"})
CLAIM = "a/claim"


def _selecting(labels: Manifest | None = None) -> Manifest:
    return builders.cache(selector=labels)


@pytest.mark.parametrize(
    ("cluster", "matched", "said"),
    [
        pytest.param(builders.cluster("a"), True, "", id="all published"),
        pytest.param(builders.cluster("a", ready=False), True, "", id="not Ready, and yet reachable"),
        pytest.param(builders.cluster("a", gateway=""), True, "", id="no gateway: nobody serves yet"),
        pytest.param(builders.cluster("a", taints=[builders.taint()]), True, "", id="NoSchedule concerns replicas"),
        pytest.param(
            builders.cluster("a", taints=[builders.taint("NoExecute")]),
            False,
            "not used: 'a' has a taint with effect NoExecute",
            id="NoExecute",
        ),
        pytest.param(builders.cluster("a", provider_config=""), False, "'a' has no provider config yet", id="new"),
        pytest.param(builders.cluster("a", storage="", source="GKE"), True, "", id="a source's default class"),
        pytest.param(
            builders.cluster("a", storage=""),
            False,
            "'a' has no ReadWriteMany storage class: set spec.cluster.existing.cache.storageClassName",
            id="Existing without a class",
        ),
    ],
)
def test_matching(cluster: Manifest, said: str, *, matched: bool) -> None:
    """A cluster gets the model where it is selected, reachable and has a class; one that lacks something is named."""
    world = World(clusters=[cluster])
    replies = [world.step(), world.step()]
    assert replies[-1].told("ClustersMatched") == (("True", "Matched") if matched else ("False", "NoClusters"))
    assert said in replies[-1].message("ClustersMatched")
    assert bool(replies[-1].objects) is matched
    assert len([line for reply in replies for line in reply.warnings]) == (0 if matched else 1)


@pytest.mark.parametrize(
    ("selector", "want"),
    [
        pytest.param(None, {"a", "b"}, id="no selector"),
        pytest.param({}, {"a", "b"}, id="an empty one"),
        pytest.param(EU, {"a"}, id="one label"),
        pytest.param({**EU, "tier": "gold"}, set(), id="a label that none has"),
    ],
)
def test_selection(selector: Manifest | None, want: set[str]) -> None:
    """Every label has to match, and none is asked where none is given."""
    world = World(_selecting(selector), [*fleet("a", labels=EU), *fleet("b", labels=US)])
    assert set(world.step().objects) == {f"{name}/namespace" for name in want}
    assert world.ask().ready is False


def test_nothing_selected_is_never_ready() -> None:
    """An empty desired set would be Ready if we did not say otherwise."""
    world = World(_selecting(US), fleet("a", labels=EU))
    reply = world.step()
    assert (reply.ready, reply.told("ArtifactReady")) == (False, ("False", "NoClusters"))
    assert reply.warnings == [
        "no InferenceCluster that can hold the model has labels region=us: correct spec.clusterSelector"
    ]


def _narrow(world: World) -> None:
    world.xr["spec"]["clusterSelector"] = {"matchLabels": {"zone": "b"}}


def _relabel(world: World) -> None:
    world.clusters = [*fleet("a"), B]


def _taint(world: World) -> None:
    world.clusters = [*fleet("a", labels=US, taints=[builders.taint("NoExecute")]), B]


LEAVES = [
    pytest.param({}, _narrow, id="the selector is narrowed"),
    pytest.param({"selector": US}, _relabel, id="the cluster is relabelled"),
    pytest.param({}, _taint, id="the cluster gets a NoExecute taint"),
]


def _two(selector: Manifest) -> World:
    world = World(builders.cache(**selector), [*fleet("a", labels=US), B])
    world.staged()
    return world


@pytest.mark.parametrize(("selector", "leave"), LEAVES)
def test_a_cluster_that_nobody_uses_gives_up(selector: Manifest, leave: Callable[[World], None]) -> None:
    """All of its objects go; its entry stays until none of them is observed, and is not Ready meanwhile."""
    world = _two(selector)
    leave(world)
    shown = dict(world.observed)
    reply = world.step()
    assert not reply.keys("a/")
    assert (reply.entry()["phase"], reply.entry()["reason"]) == ("Pending", "Releasing")
    assert "tree" not in reply.entry()
    assert reply.status["summary"]["ready"] == "1/1"
    world.observed = {key: obj for key, obj in shown.items() if key.startswith("b/") or key == CLAIM}
    assert world.step().entry()["reason"] == "Releasing"
    assert world.step().phases() == {"b": "Ready"}


@pytest.mark.parametrize(("selector", "leave"), LEAVES)
@pytest.mark.parametrize(
    "user",
    [
        pytest.param(using("r", "a"), id="refers to it"),
        pytest.param({**using("r", "a", tree="t"), "spec": {"clusterName": "a"}}, id="still mounts it"),
        pytest.param({**using("r", "a"), "spec": {"modelCacheRef": {"name": "qwen"}}}, id="cannot be read"),
    ],
)
def test_a_cluster_in_use_keeps_all(selector: Manifest, leave: Callable[[World], None], user: Manifest) -> None:
    """Nothing is taken from under a replica of this namespace; once it is gone, so is the model."""
    world = _two(selector)
    world.replicas = [user]
    before = world.ask().objects
    leave(world)
    reply = world.step()
    assert reply.keys("a/") == {key for key in before if key.startswith("a/")}
    assert (reply.entry()["phase"], reply.entry()["reason"]) == ("Ready", "NotSelected")
    assert "ModelReplica" in reply.entry()["message"]
    assert (reply.status["summary"]["ready"], reply.rsp.meta.ttl.seconds) == ("1/1", 15)
    world.replicas = []
    assert not world.step().keys("a/")


@pytest.mark.parametrize(
    "replica",
    [
        pytest.param(using("r", "b"), id="on another cluster"),
        pytest.param(using("r", "a", cache="other"), id="of another cache"),
    ],
)
def test_other_replicas_keep_nothing(replica: Manifest) -> None:
    """Only who uses this cache, here, holds it."""
    world = _two({})
    world.replicas = [replica]
    _narrow(world)
    assert not world.step().keys("a/")


def test_selected_again_before_it_is_gone() -> None:
    """A claim that is on its way out proves nothing: the model is staged again, on the next claim."""
    world = _two({})
    shown = {key: obj for key, obj in world.observed.items() if key.startswith("a/")}
    _narrow(world)
    world.step()
    del world.xr["spec"]["clusterSelector"]
    world.observed |= shown
    world.observed[CLAIM]["metadata"]["deletionTimestamp"] = builders.CREATED
    world.jobs = {"": silent}
    reply = world.step()
    assert reply.phases() == {"a": "Pending", "b": "Ready"}
    assert not reply.ready


def _blanked(cluster: Manifest) -> Manifest:
    return {**cluster, "status": {}}


def _gone(cluster: Manifest) -> Manifest:
    return {**cluster, "status": {**cluster["status"], "providerConfigRef": {}, "cache": {}}}


@pytest.mark.parametrize("blip", [pytest.param(_blanked, id="status"), pytest.param(_gone, id="config and class")])
def test_a_cluster_that_loses_its_status(blip: Callable[[Manifest], Manifest]) -> None:
    """Config and class are read from what is there already: nothing changes but what is known no more."""
    world = World(clusters=fleet("a", "b"))
    before = world.staged()
    world.clusters = [blip(cluster) for cluster in world.clusters]
    reply = world.step()
    assert reply.objects == before.objects
    assert reply.status == before.status
    assert (reply.ready, reply.events) == (True, [])


def test_a_cluster_that_is_gone() -> None:
    """Its InferenceCluster is deleted by force: all is kept and named, and the cache is not Ready without it."""
    world = World(clusters=fleet("a", "b"))
    before = world.staged()
    world.clusters = fleet("b")
    reply = world.step()
    assert set(reply.objects) == set(before.objects)
    assert (reply.entry()["phase"], reply.entry()["reason"]) == ("Ready", "ClusterMissing")
    assert (reply.ready, reply.status["summary"]["ready"]) == (False, "1/2")
    assert "InferenceCluster 'a' does not exist" in reply.message("ArtifactReady")
    world.observed = {key: obj for key, obj in world.observed.items() if key.startswith("b/")}
    assert world.step().phases() == {"b": "Ready"}
    assert world.step().ready


@pytest.mark.parametrize(
    "lose",
    [
        pytest.param(lambda world: world.observed.pop(CLAIM), id="the Object was deleted"),
        pytest.param(lambda world: world.volumes.update({CLAIM: "another"}), id="the claim was replaced"),
    ],
)
def test_a_lost_claim_is_staged_again(lose: Callable[[World], Any]) -> None:
    """A tree counts on the claim that it was verified on; one that is empty now is Pending, and gets a Job."""
    world = World(builders.cache())
    world.staged()
    world.jobs = {"": silent}
    world.volumes = {CLAIM: "another"}
    lose(world)
    seen = [world.step().entry() for _ in range(3)]
    assert "Pending" in {entry["phase"] for entry in seen}
    assert world.ask().keys("job/")
    assert not world.ask().ready
    world.jobs = {"": complete()}
    assert world.steps(3).entry()["claimUID"] == "another"


def test_a_claim_that_is_not_bound() -> None:
    """The Job never waits for it, and the person is told what is waited for."""
    world = World()
    world.steps(4)
    del world.observed[CLAIM]["status"]["atProvider"]["manifest"]["status"]
    world.observed[CLAIM]["status"]["atProvider"]["manifest"]["status"] = {"phase": "Pending"}
    reply = world.ask()
    assert (reply.entry()["phase"], reply.entry()["reason"]) == ("Pending", "ClaimPending")
    assert "Job" in reply.kinds()


def test_unsynced_objects_are_named_with_their_cluster() -> None:
    """A cluster that cannot be reached shows in a condition, and withdraws nothing."""
    world = World(clusters=fleet("a", "b"))
    before = world.staged()
    for condition in world.observed[CLAIM]["status"]["conditions"]:
        condition["status"] = "False"
    reply = world.step()
    assert reply.told("ObjectsSynced") == ("False", "NotSynced")
    assert "of cluster 'a'" in reply.message("ObjectsSynced")
    assert (set(reply.objects), reply.ready) == (set(before.objects), False)
    assert reply.entry()["tree"].endswith(C1[:12])
