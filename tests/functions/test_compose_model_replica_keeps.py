# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import builders
import pytest
from builders_replica import TREE, Life, World, born, caches, settled
from modelplane.paths import Manifest

WORLD = World(cache=caches())
TURNKEY = builders.replica(cache="qwen", workers=builders.workers(tensor=8, pool="h100"))
NAMELESS = {**builders.cluster("a"), "metadata": {"labels": {"region": "eu"}}}


def _serving(xr: Manifest = TURNKEY) -> Life:
    return settled(WORLD, born(xr))


@pytest.mark.parametrize(
    ("world", "told", "ready"),
    [
        pytest.param(replace(WORLD, cluster=None), "Unknown", False, id="cluster unresolved"),
        pytest.param(replace(WORLD, cache=None), "Unknown", False, id="cache unresolved"),
        pytest.param(World(None, None), "Unknown", False, id="nothing resolved"),
        pytest.param(replace(WORLD, cluster=[]), "True", False, id="cluster absent"),
        pytest.param(replace(WORLD, cluster=[NAMELESS]), "False", False, id="cluster unreadable"),
        pytest.param(
            replace(WORLD, cluster=[builders.cluster("a", provider_config="", ready=False, gateway="", pools=[])]),
            "True",
            True,
            id="cluster lost its status",
        ),
        pytest.param(replace(WORLD, cache=[{"kind": "ModelCache"}]), "True", True, id="cache unreadable"),
    ],
)
def test_what_runs_stays_as_it_is(world: World, told: str, *, ready: bool) -> None:
    """No missing, absent or broken input takes anything away or changes it, and the status says what it said."""
    life = _serving()
    reply = world.ask(life.xr, life.observed)
    assert set(reply.objects) == set(life.observed)
    for key, obj in reply.objects.items():
        assert obj["spec"] == life.observed[key]["spec"]
    assert reply.status == {"cache": {"name": "qwen", "tree": TREE}, "everReady": True}
    assert reply.ready is ready
    assert reply.condition("InputsResolved")[0] == told
    assert reply.condition("ModelReady") == ("True", "Serving")


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(World(None, None), id="nothing resolved"),
        pytest.param(replace(WORLD, cluster=[]), id="no cluster"),
        pytest.param(replace(WORLD, cluster=[NAMELESS]), id="a cluster that cannot be read"),
        pytest.param(replace(WORLD, cluster=[builders.cluster("a", provider_config="")]), id="waiting for the cluster"),
        pytest.param(World(cache=caches(phase="Pending")), id="waiting for the cache"),
    ],
)
def test_the_guard_is_in_every_reply(world: World) -> None:
    """A replica that is deleted is not asked any more, so the guard cannot come later."""
    reply = world.ask(TURNKEY)
    assert reply.objects["usage-qwen"]["kind"] == "Usage"
    assert not reply.ready
    assert {c.type for c in reply.rsp.conditions} == {"ModelAccepted", "ModelReady", "InputsResolved", "ObjectsSynced"}


def test_a_new_provider_config_is_followed() -> None:
    """A cluster that publishes another name has another one; one that publishes none has the one it had."""
    life = _serving()
    world = replace(WORLD, cluster=[builders.cluster("a", provider_config="renamed")])
    reply = world.ask(life.xr, life.observed)
    configs = {obj["spec"]["providerConfigRef"]["name"] for obj in reply.objects.values() if obj["kind"] == "Object"}
    assert configs == {"renamed"}


def _two() -> Manifest:
    big, small = (builders.engine(name, builders.member(pool="h100")) for name in ("big", "small"))
    return builders.replica(cache="qwen", engines=[big, small])


def test_an_engine_that_the_user_removes_goes() -> None:
    """Its workload and its claims go at once, the other engine's stay."""
    life = _serving(_two())
    engines = [engine for engine in life.xr["spec"]["engines"] if engine["name"] == "big"]
    life = life.edited(engines=engines)
    keys = set(WORLD.ask(life.xr, life.observed).objects)
    assert "deployment-big" in keys
    assert {key for key in life.observed if "big" in key} <= keys
    assert not [key for key in keys if "small" in key]


def test_an_engine_that_becomes_a_gang_is_another_object() -> None:
    """An Object that changed the kind that it carries would leave the old workload behind."""
    life = _serving(TURNKEY).edited(workers=builders.workers(tensor=8, pipeline=2, pool="h100"))
    reply = WORLD.ask(life.xr, life.observed)
    assert "leaderworkerset-engine" in reply.objects
    assert "deployment-engine" not in reply.objects
    assert reply.pods()[0]["spec"]["containers"][0]["volumeMounts"][-1]["subPath"] == f"trees/{TREE}"


def test_engines_whose_names_begin_alike_are_told_apart() -> None:
    """`main` and `main-2` share no key, and removing one keeps the other's claim."""
    names = ("main", "main-2")
    engines = [builders.engine(name, builders.member(pool="h100")) for name in names]
    life = _serving(builders.replica(cache="qwen", engines=engines)).edited(engines=engines[1:])
    reply = WORLD.ask(life.xr, life.observed)
    assert {key for key in reply.objects if key.startswith(("claim", "deployment"))} == {
        reply.key("claim-main-2-"),
        "deployment-main-2",
    }


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("model-serving-main", id="of another implementation"),
        pytest.param("", id="without a name"),
        pytest.param("claims", id="almost one of ours"),
    ],
)
def test_what_is_not_known_is_kept(key: str) -> None:
    """An observed resource that nothing here composes was not released by anybody."""
    life = _serving()
    foreign = {**life.observed["service"], "metadata": {**life.observed["service"]["metadata"], "name": "foreign"}}
    reply = WORLD.ask(life.xr, {**life.observed, key: foreign})
    assert reply.objects[key]["spec"] == foreign["spec"]


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param({}, id="empty"),
        pytest.param({"spec": {"template": {"spec": "x"}}}, id="of another type"),
        pytest.param({"spec": {"template": {"spec": {"containers": [{"name": "engine"}]}}}}, id="without its volumes"),
    ],
)
@pytest.mark.parametrize("published", [True, False])
def test_a_workload_that_cannot_be_read(manifest: Manifest, *, published: bool) -> None:
    """Its tree is read from the status then; with neither it is left alone until the cache is Ready again."""
    life = _serving()
    broken = {**life.observed["deployment-engine"]}
    broken["spec"] = {**broken["spec"], "forProvider": {"manifest": manifest}}
    xr = life.xr if published else {**life.xr, "status": {}}
    reply = World(cache=caches(phase="Hydrating", tree=None)).ask(xr, {**life.observed, "deployment-engine": broken})
    assert set(reply.objects) == set(life.observed)
    if published:
        assert reply.objects["deployment-engine"]["spec"] == life.observed["deployment-engine"]["spec"]


def test_order_does_not_matter() -> None:
    """The same facts in another order are the same answer."""
    life = _serving(_two())
    ask = WORLD.ask(life.xr, life.observed).rsp.SerializeToString(deterministic=True)
    turned = dict(reversed(list(life.observed.items())))
    assert WORLD.ask(life.xr, turned).rsp.SerializeToString(deterministic=True) == ask
