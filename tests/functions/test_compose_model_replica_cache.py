# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import builders
import pytest
from builders_replica import NEXT_TREE, TREE, Life, Reply, World, born, caches, settled
from modelplane.backends import base
from modelplane.paths import Manifest

WORLD = World(cache=caches())
REPLICA = builders.replica(cache="qwen", workers=builders.workers(pool="h100"))
GANG = builders.replica(cache="qwen", engines=[builders.gang("main", workers=3, pool="h100")])


def _mounts(reply: Reply) -> list[tuple[str, str, bool]]:
    """Return claim, subPath and whether it is read-only, of the model in each pod of the one workload."""
    return [
        (volume["persistentVolumeClaim"]["claimName"], at.get("subPath", ""), at.get("readOnly", False))
        for pod in reply.pods()
        for at in pod["spec"]["containers"][0]["volumeMounts"]
        for volume in pod["spec"]["volumes"]
        if at["mountPath"] == "/mnt/models" and volume["name"] == at["name"]
    ]


def _claim(name: str = "qwen") -> str:
    return base.cache_pvc_name("ml-team", name)


def _serving(xr: Manifest = REPLICA, world: World = WORLD) -> Life:
    return settled(world, born(xr))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param({"phase": "Pending"}, "Pending on cluster 'a'", id="pending"),
        pytest.param(
            {"phase": "Hydrating", "bytesStaged": 3 << 30, "bytesTotal": 8 << 30, "message": "41 %, 5 minutes left"},
            "Hydrating on cluster 'a', 3.0 of 8.0 GiB: 41 %, 5 minutes left",
            id="hydrating, with progress",
        ),
        pytest.param({"phase": "Failed", "message": "make room"}, "Failed on cluster 'a': make room", id="failed"),
        pytest.param({"phase": "Hydrating", "tree": TREE}, "Hydrating on cluster 'a'", id="an older tree is there"),
        pytest.param({"phase": "Sparkling"}, "Sparkling on cluster 'a'", id="a phase that is not known"),
        pytest.param(None, "names no cluster 'a'", id="no entry for the cluster"),
    ],
)
def test_a_new_replica_waits_for_its_cache(entry: Manifest | None, message: str) -> None:
    """An engine that starts before its model is there fails, or serves what is being replaced."""
    entries = [{"name": "a", **entry}] if entry is not None else [builders.staged("b")]
    world = World(cache=[builders.cache("qwen", status={"clusters": entries})])
    life = _serving(world=world)
    reply = world.ask(life.xr, life.observed)
    assert set(reply.objects) == {"namespace", "usage-qwen"}
    assert reply.condition("ModelAccepted") == ("False", "WaitingForCache")
    assert message in reply.message("ModelAccepted")
    assert (reply.ready, reply.rsp.meta.ttl.seconds, reply.warnings) == (False, 15, [])


@pytest.mark.parametrize(
    ("xr", "pods"), [pytest.param(REPLICA, 1, id="one pod"), pytest.param(GANG, 2, id="leader and worker")]
)
def test_every_pod_mounts_the_tree(xr: Manifest, pods: int) -> None:
    """The model is mounted on each pod of a gang, and the replica says what it mounts."""
    life = _serving(xr)
    reply = WORLD.ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim(), f"trees/{TREE}", False)] * pods
    assert reply.status["cache"] == {"name": "qwen", "tree": TREE}


def test_a_status_without_tree_means_the_root() -> None:
    """Another implementation of ModelCache puts the model into the volume's root."""
    world = World(cache=caches(tree=None))
    life = _serving(world=world)
    reply = world.ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim(), "", False)]
    assert reply.status["cache"] == {"name": "qwen"}


def test_read_only() -> None:
    """A user who wants it gets it, on every pod."""
    life = _serving(GANG).edited(modelCacheRef={"name": "qwen", "readOnly": True})
    assert _mounts(WORLD.ask(life.xr, life.observed)) == [(_claim(), f"trees/{TREE}", True)] * 2


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param(caches(phase="Hydrating"), id="a new source hydrates"),
        pytest.param(caches(phase="Pending", tree=None), id="a recreated claim"),
        pytest.param(caches(phase="Failed", tree=""), id="failed, no tree"),
        pytest.param([builders.cache("qwen", status={"clusters": [builders.staged("b", tree="x")]})], id="entry lost"),
        pytest.param([builders.cache("qwen")], id="status lost"),
        pytest.param([builders.cache("qwen", status={"clusters": "none"})], id="status broken"),
        pytest.param([], id="cache gone"),
    ],
)
def test_a_cache_that_regresses_changes_nothing(cache: list[Manifest]) -> None:
    """What runs keeps the tree of its own manifest: no rollout, no unmount, still Ready."""
    life = _serving()
    reply = replace(WORLD, cache=cache).ask(life.xr, life.observed)
    assert set(reply.objects) == set(life.observed)
    for key, obj in reply.objects.items():
        assert obj["spec"] == life.observed[key]["spec"]
    assert reply.status == WORLD.ask(life.xr, life.observed).status
    assert (reply.ready, reply.condition("ModelReady")) == (True, ("True", "Serving"))
    assert reply.condition("ModelAccepted") == ("True", "Accepted")


def test_a_deleted_workload_comes_back_with_its_tree() -> None:
    """A replica that has served is not new: what it mounted is published, so it need not wait for what comes next."""
    life = _serving()
    rest = {key: obj for key, obj in life.observed.items() if key != "deployment-engine"}
    reply = World(cache=caches(phase="Hydrating")).ask(life.xr, rest)
    assert _mounts(reply) == [(_claim(), f"trees/{TREE}", False)]


def test_a_new_tree_swaps_in_place() -> None:
    """The workload rolls; until the last pod has the new tree, the old one stays named, so that nothing removes it."""
    world, life = World(cache=caches(tree=NEXT_TREE)), _serving()
    reply = world.ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim(), f"trees/{NEXT_TREE}", False)]
    assert reply.status["cache"] == {"name": "qwen", "tree": TREE}
    rolling = life.after(reply, rolled=False)
    assert world.ask(rolling.xr, rolling.observed).status["cache"]["tree"] == TREE
    done = settled(world, rolling)
    assert world.ask(done.xr, done.observed).status["cache"] == {"name": "qwen", "tree": NEXT_TREE}


def test_a_verified_tree_is_enough_for_what_runs() -> None:
    """The wanted source may fail or go on: a tree that the status names is complete."""
    life = _serving()
    reply = World(cache=caches(phase="Failed", tree=NEXT_TREE)).ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim(), f"trees/{NEXT_TREE}", False)]


OTHER = {"modelCacheRef": {"name": "llama"}}


@pytest.mark.parametrize(
    ("cache", "reason"),
    [
        pytest.param(caches("llama", "Hydrating"), "WaitingForCache", id="not staged yet"),
        pytest.param([], "CacheNotFound", id="a name that does not exist"),
    ],
)
def test_another_cache_is_awaited_while_the_old_one_serves(cache: list[Manifest], reason: str) -> None:
    """A changed reference takes nothing away: the old model serves until the new one is there, both are guarded."""
    world, life = World(cache=cache), _serving().edited(**OTHER)
    life = life.after(world.ask(life.xr, life.observed))
    reply = world.ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim(), f"trees/{TREE}", False)]
    assert reply.condition("ModelAccepted") == ("False", reason)
    assert (reply.ready, reply.rsp.meta.ttl.seconds) == (True, 15)
    assert {"usage-qwen", "usage-llama"} <= set(reply.objects)
    assert reply.status["cache"] == {"name": "qwen", "tree": TREE}


def test_another_cache_takes_over_once_it_is_staged() -> None:
    """The old cache stays guarded until no pod mounts it, then its guard goes."""
    world, life = World(cache=caches("llama", tree=NEXT_TREE)), _serving().edited(**OTHER)
    reply = world.ask(life.xr, life.observed)
    assert _mounts(reply) == [(_claim("llama"), f"trees/{NEXT_TREE}", False)]
    assert reply.status["cache"]["name"] == "qwen"
    rolling = life.after(reply, rolled=False)
    assert "usage-qwen" in world.ask(rolling.xr, rolling.observed).objects
    done = settled(world, rolling)
    reply = world.ask(done.xr, done.observed)
    assert reply.status["cache"] == {"name": "llama", "tree": NEXT_TREE}
    assert "usage-qwen" not in reply.objects
    assert "usage-llama" in reply.objects


def test_a_reference_that_is_removed() -> None:
    """The user's own edit unmounts the model, and the engine is told no path any more."""
    life = settled(World(), _serving().edited(modelCacheRef=None))
    reply = World().ask(life.xr, life.observed)
    assert _mounts(reply) == []
    assert reply.pods()[0]["spec"]["containers"][0]["args"] == ["--tensor-parallel-size=1"]
    assert "cache" not in reply.status
    assert not [key for key in reply.objects if key.startswith("usage-")]


def test_a_reference_that_is_added_waits_beside_what_runs() -> None:
    """Pods that serve without a cache go on until the cache is there."""
    xr = builders.replica(workers=builders.workers(pool="h100"))
    life = settled(World(), born(xr)).edited(modelCacheRef={"name": "qwen"})
    reply = World(cache=caches(phase="Hydrating")).ask(life.xr, life.observed)
    assert _mounts(reply) == []
    assert reply.objects["deployment-engine"]["spec"] == life.observed["deployment-engine"]["spec"]
    assert _mounts(WORLD.ask(life.xr, life.observed)) == [(_claim(), f"trees/{TREE}", False)]


def test_guards_name_their_cache() -> None:
    """A deletion that is refused says which replica is in the way, and is not carried out weeks later."""
    usage = WORLD.ask(REPLICA).objects["usage-qwen"]
    of = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelCache", "resourceRef": {"name": "qwen"}}
    assert usage["spec"] == {"of": of, "reason": "ModelReplica qwen-a-0 serves its model"}
