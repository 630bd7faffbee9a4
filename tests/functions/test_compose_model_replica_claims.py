# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from collections.abc import Sequence

import builders
import pytest
from builders_replica import Life, Reply, World, born, settled
from modelplane.paths import Manifest

NVIDIA = {"driver": "gpu.nvidia.com", "claim": "DRA", "deviceClassName": "gpu.nvidia.com", "name": "gpu", "count": 8}
LIMITS = {"limits": {"nvidia.com/gpu": "2"}}
CLAIMED = {"claims": [{"name": "devices"}]}
TURNKEY = builders.replica(workers=builders.workers(tensor=2, pool="h100"))


def _world(*devices: Manifest) -> World:
    return World(cluster=[builders.cluster("a", pools=[builders.pool(devices=devices)])])


def _asked(*devices: Manifest) -> Manifest:
    return builders.replica(engines=[builders.engine("main", builders.member(pool="h100", devices=devices))])


def _serving(world: World, xr: Manifest) -> Life:
    return settled(world, born(xr))


def _requests(reply: Reply) -> Sequence[Manifest]:
    return reply.remote("claim-")["spec"]["spec"]["devices"]["requests"]


@pytest.mark.parametrize(
    ("devices", "resources", "device_class"),
    [
        pytest.param([NVIDIA], CLAIMED, "gpu.nvidia.com", id="DRA"),
        pytest.param([{**NVIDIA, "deviceClassName": "h100"}], CLAIMED, "h100", id="DRA, a class of the platform's"),
        pytest.param([builders.device(claim="ExtendedResource")], LIMITS, "", id="extended resource"),
        pytest.param(
            [{**NVIDIA, "claim": "ExtendedResource", "extendedResourceName": "nvidia.com/mig-3g.40gb"}],
            {"limits": {"nvidia.com/mig-3g.40gb": "2"}},
            "",
            id="another extended resource",
        ),
        pytest.param([builders.device(claim="Synthetic")], {}, "", id="synthetic: never claimed"),
        pytest.param(
            [{**NVIDIA, "name": "a", "count": 1, "deviceClassName": "small"}, {**NVIDIA, "deviceClassName": "big"}],
            CLAIMED,
            "big",
            id="the device of which there are enough",
        ),
        pytest.param([{**NVIDIA, "driver": "nic.example.com"}], LIMITS, "", id="a pool without GPUs"),
        pytest.param([{**NVIDIA, "claim": "Telepathy"}], LIMITS, "", id="a way that is not known"),
        pytest.param([], LIMITS, "", id="a pool without devices"),
    ],
)
def test_turnkey_gpus_follow_the_pool(devices: list[Manifest], resources: Manifest, device_class: str) -> None:
    """How a GPU is claimed is the pool's affair, not the shape's; limits where no way is known."""
    world = _world(*devices)
    life = _serving(world, TURNKEY)
    reply = world.ask(life.xr, life.observed)
    (container,) = reply.pods()[0]["spec"]["containers"]
    assert container.get("resources", {}) == resources
    if device_class:
        (asked,) = _requests(reply)
        exactly = {"deviceClassName": device_class, "count": 2, "allocationMode": "ExactCount"}
        assert asked["exactly"] == {**exactly, "selectors": [{"cel": {"expression": builders.ANY_GPU}}]}


def test_without_a_pool_gpus_are_limits() -> None:
    """A replica of the first shape need not name a pool."""
    world = _world(NVIDIA)
    life = _serving(world, builders.replica(workers=builders.workers(tensor=2)))
    (pod,) = world.ask(life.xr, life.observed).pods()
    assert pod["spec"]["containers"][0]["resources"] == LIMITS
    assert "nodeSelector" not in pod["spec"]


@pytest.mark.parametrize(
    "pools",
    [
        pytest.param([], id="no pools"),
        pytest.param([builders.pool("other")], id="the pool is gone"),
        pytest.param([builders.pool(devices=[])], id="its devices are gone"),
        pytest.param([builders.pool(devices=[{**NVIDIA, "claim": "Telepathy"}])], id="claimed in a way not known"),
        pytest.param([builders.pool(devices=[{**NVIDIA, "deviceClassName": ""}])], id="its class is gone"),
    ],
)
@pytest.mark.parametrize("claim", ["DRA", "ExtendedResource"])
def test_a_pool_that_is_unknown_for_a_while_changes_nothing(pools: list[Manifest], claim: str) -> None:
    """Claims of what runs are read from what is composed: no pod is replaced because a status lost a field."""
    life = _serving(_world(builders.device(claim=claim)), TURNKEY)
    reply = World(cluster=[builders.cluster("a", pools=pools)]).ask(life.xr, life.observed)
    assert set(reply.objects) == set(life.observed)
    for key, obj in reply.objects.items():
        assert obj["spec"] == life.observed[key]["spec"]


def test_explicit_requests() -> None:
    """Selectors pass through as DRA's CEL, counts are exact, extended resources are limits."""
    selectors = ['device.attributes["gpu.nvidia.com"].architecture == "Hopper"', "true"]
    world = _world(NVIDIA)
    gpu = {"name": "gpu", "deviceClassName": "h100", "count": 8, "selectors": [{"cel": s} for s in selectors]}
    nic = {"name": "nic", "extendedResourceName": "vpc.amazonaws.com/efa", "count": 16}
    life = _serving(world, _asked(gpu, nic))
    reply = world.ask(life.xr, life.observed)
    exactly = {"deviceClassName": "h100", "count": 8, "allocationMode": "ExactCount"}
    cel = [{"cel": {"expression": selector}} for selector in selectors]
    assert _requests(reply) == [{"name": "gpu", "exactly": {**exactly, "selectors": cel}}]
    (container,) = reply.pods()[0]["spec"]["containers"]
    assert container["resources"] == {"limits": {"vpc.amazonaws.com/efa": "16"}, **CLAIMED}


def test_equal_claims_of_a_gang_are_one() -> None:
    """Leader and workers that ask for the same share a template; a template is no device."""
    world = _world(NVIDIA)
    life = _serving(world, builders.replica(engines=[builders.gang("main", workers=3, pool="h100")]))
    reply = world.ask(life.xr, life.observed)
    (name,) = {pod["spec"]["resourceClaims"][0]["resourceClaimTemplateName"] for pod in reply.pods()}
    assert reply.remote("claim-")["metadata"]["name"] == name


def test_a_leader_without_devices_claims_none() -> None:
    """Only the members that ask get a claim."""
    members = builders.member("Leader", pool="cpu", devices=[]), builders.member("Worker", nodes=1, pool="h100")
    life = _serving(World(), builders.replica(engines=[builders.engine("main", *members)]))
    leader, worker = World().ask(life.xr, life.observed).pods()
    assert "resourceClaims" not in leader["spec"]
    assert worker["spec"]["containers"][0]["resources"] == CLAIMED


def test_a_changed_claim_is_another_object() -> None:
    """A template is immutable: its successor has a name and a key of its own, and the old one stays for old pods."""
    world, gpu = _world(NVIDIA), {"name": "gpu", "deviceClassName": "h100", "count": 4}
    life = _serving(world, _asked(gpu))
    old = world.ask(life.xr, life.observed).key("claim-")
    life = life.edited(engines=_asked({**gpu, "count": 8})["spec"]["engines"])
    rolling = life.after(world.ask(life.xr, life.observed), rolled=False)
    reply = world.ask(rolling.xr, rolling.observed)
    (new,) = {key for key in reply.objects if key.startswith("claim-")} - {old}
    assert old in reply.objects, "a pod of the old template may still have to be made"
    assert not reply.ready
    assert reply.remote(new)["metadata"]["name"] != reply.remote(old)["metadata"]["name"]
    done = settled(world, rolling)
    reply = world.ask(done.xr, done.observed)
    assert old not in reply.objects
    assert new in reply.objects
    assert reply.ready


def test_a_pool_that_changes_its_way_is_followed() -> None:
    """The platform moved the pool from DRA to the device plugin: pods roll, the claim goes once they have."""
    life = _serving(_world(NVIDIA), TURNKEY)
    world = _world(builders.device(claim="ExtendedResource"))
    rolling = life.after(world.ask(life.xr, life.observed), rolled=False)
    assert [key for key in world.ask(rolling.xr, rolling.observed).objects if key.startswith("claim-")]
    done = settled(world, rolling)
    reply = world.ask(done.xr, done.observed)
    assert reply.pods()[0]["spec"]["containers"][0]["resources"] == LIMITS
    assert not [key for key in reply.objects if key.startswith("claim-")]
