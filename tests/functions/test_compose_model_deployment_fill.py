# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Where new replicas go, and what is said of those that go nowhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import builders as b
import pytest
from builders_deployment import World, explicit, gpus, memory, settled
from modelplane.paths import Manifest

L4 = b.pool("l4", nodes=2, devices=[b.device(count=1, memory="24Gi")])
H100 = b.pool("h100", nodes=2)
H200 = b.pool("h200", nodes=2, devices=[b.device(memory="141Gi")])
NVSWITCH = b.device("nvswitch", claim="Synthetic", driver="fabric.modelplane.ai", count=1)
EFA = b.device("efa", count=16, driver="dra.net")


def fleet(*names: str, **more: Any) -> list[Manifest]:  # noqa: ANN401  passed on to cluster
    """Return alike clusters."""
    return [b.cluster(name, **more) for name in names]


@pytest.mark.parametrize(
    ("replicas", "clusters"),
    [
        pytest.param(1, ["a"], id="the first by name"),
        pytest.param(3, ["a", "b", "c"], id="one on each"),
        pytest.param(5, ["a", "a", "b", "b", "c"], id="round and round"),
        pytest.param(12, ["a"] * 4 + ["b"] * 4 + ["c"] * 4, id="until all is full"),
    ],
)
def test_replicas_spread(replicas: int, clusters: list[str]) -> None:
    """New replicas go where the deployment has the fewest."""
    answer = World(explicit(replicas=replicas), fleet("a", "b", "c")).answer()
    assert answer.clusters == clusters
    assert answer.said("ReplicasScheduled") == ("Scheduled", f"placed {replicas} of {replicas}")


def test_a_staged_cache_draws() -> None:
    """Of clusters with as many replicas, the one where the cache is staged comes first."""
    cache = b.cache(status={"clusters": [b.staged("a", "Hydrating"), b.staged("b")]})
    world = World(explicit(cache="qwen"), fleet("a", "b"), cache=cache)
    assert world.answer().clusters == ["b"]


@pytest.mark.parametrize(
    ("asked", "pools", "chosen"),
    [
        pytest.param(gpus(1), [H100, L4], ["l4"], id="one GPU goes where one is"),
        pytest.param(gpus(8), [H100, L4], ["h100"], id="eight go where eight are"),
        pytest.param(gpus(8, memory("100Gi")), [H100, H200], ["h200"], id="by selector"),
        pytest.param(gpus(8), [H200, H100], ["h100"], id="equally good: by name"),
        pytest.param(gpus(8), [b.pool("z", nodes=1), H100], ["z"], id="the fullest that fits"),
    ],
)
def test_the_best_fit_is_chosen(asked: list[Manifest], pools: list[Manifest], chosen: list[str]) -> None:
    """Of the pools that match, the one that leaves the fewest devices idle, then the fewest nodes free."""
    answer = World(explicit(devices=asked), [b.cluster("a", pools=pools)]).answer()
    assert answer.pools == {"replica-a-0": chosen}


@pytest.mark.parametrize(
    ("asked", "claimed"),
    [
        pytest.param(gpus(), [("gpu", "gpu.nvidia.com", 8)], id="one"),
        pytest.param(
            [*gpus(4), {"name": "more", "count": 4, "selectors": [{"cel": b.ANY_GPU}]}],
            [("gpu", "gpu.nvidia.com", 4), ("more", "gpu.nvidia.com", 4)],
            id="two share a device",
        ),
        pytest.param(
            [*gpus(), {"name": "switch", "selectors": [{"cel": 'device.driver == "fabric.modelplane.ai"'}]}],
            [("gpu", "gpu.nvidia.com", 8)],
            id="synthetic ones are matched, not claimed",
        ),
        pytest.param(
            [
                {"name": "any", "count": 16, "selectors": [{"cel": 'device.driver.startsWith("dra")'}]},
                {"name": "gpu", "count": 8, "selectors": [{"cel": "true"}]},
            ],
            [("any", "dra.net", 16), ("gpu", "gpu.nvidia.com", 8)],
            id="the choosy one chooses first",
        ),
    ],
)
def test_requests_are_served_by_devices(asked: list[Manifest], claimed: list[tuple[str, str, int]]) -> None:
    """Each request gets a device that matches, no device is given out more often than a node has it."""
    world = World(explicit(devices=asked), [b.cluster("a", pools=[b.pool(devices=[b.device(), EFA, NVSWITCH])])])
    (member,) = world.answer().replicas["replica-a-0"]["spec"]["engines"][0]["members"]
    found = [(r["name"], r["deviceClassName"], r["count"]) for r in member["deviceRequests"]]
    assert found == claimed


def test_an_extended_resource_is_claimed_as_one() -> None:
    """How a device is claimed follows the pool: here by limits."""
    pools = [b.pool(devices=[b.device(claim="ExtendedResource")])]
    (member,) = (
        World(explicit(), [b.cluster("a", pools=pools)])
        .answer()
        .replicas["replica-a-0"]["spec"]["engines"][0]["members"]
    )
    (request,) = member["deviceRequests"]
    assert request == {
        "name": "gpu",
        "extendedResourceName": "nvidia.com/gpu",
        "count": 8,
        "selectors": [{"cel": b.ANY_GPU}],
    }


SMALL = {"pools": [b.pool(nodes=1)]}
SELECTED = {"labels": {"tier": "gold"}}


@pytest.mark.parametrize(
    ("clusters", "why"),
    [
        pytest.param([], "placed 0 of 1: there is no InferenceCluster, create one", id="no fleet"),
        pytest.param(fleet("a", pools=[L4]), "placed 0 of 1: 1 cluster without matching devices", id="devices"),
        pytest.param(fleet("a", pools=[]), "placed 0 of 1: 1 cluster without matching devices", id="no pools"),
        pytest.param(fleet("a", ready=False), "placed 0 of 1: 1 cluster not ready", id="not ready"),
        pytest.param(fleet("a", gateway=""), "placed 0 of 1: 1 cluster without a gateway address", id="gateway"),
        pytest.param(
            fleet("a", "b", taints=[b.taint("NoSchedule")]), "placed 0 of 1: 2 clusters tainted", id="taint, two"
        ),
        pytest.param(fleet("a", taints=[b.taint("NoExecute")]), "placed 0 of 1: 1 cluster tainted", id="NoExecute"),
        pytest.param(
            [*fleet("a", pools=[b.pool(nodes=0)]), *fleet("b", "c", ready=False), *fleet("d", pools=[L4])],
            "placed 0 of 1: 1 cluster too small, 1 without matching devices, 2 not ready",
            id="several reasons, the most telling first",
        ),
    ],
)
def test_a_shortfall_is_told(clusters: list[Manifest], why: str) -> None:
    """A deployment that finds no place says how many clusters are refused for what."""
    answer = World(explicit(), clusters).answer()
    assert answer.said("ReplicasScheduled") == ("InsufficientCapacity" if clusters else "NoClusters", why)
    assert not answer.ready
    assert answer.warnings == [why]
    assert answer.rsp.meta.ttl.seconds == 15


def test_what_fits_is_placed_all_the_same() -> None:
    """A shortfall of some does not keep the others from running."""
    answer = World(explicit(replicas=3), fleet("a", **SMALL) + fleet("b", ready=False)).answer()
    assert answer.clusters == ["a"]
    assert answer.said("ReplicasScheduled")[1] == "placed 1 of 3: 1 cluster full, 1 not ready"
    assert answer.status == {"replicas": {"total": 1, "ready": 0}}


@pytest.mark.parametrize(
    ("tolerations", "placed"),
    [
        pytest.param([], False, id="none"),
        pytest.param([{"key": "team", "operator": "Equal", "value": "ml"}], True, id="key and value"),
        pytest.param([{"key": "team", "operator": "Equal", "value": "web"}], False, id="another value"),
        pytest.param([{"key": "team", "operator": "Exists"}], True, id="key alone"),
        pytest.param([{"operator": "Exists"}], True, id="every taint"),
        pytest.param([{"operator": "Exists", "effect": "NoExecute"}], False, id="another effect"),
        pytest.param([{"key": "team", "value": "ml", "effect": "NoSchedule"}], True, id="Equal by default"),
    ],
)
def test_taints_are_tolerated_as_in_kubernetes(tolerations: Sequence[Manifest], placed: bool) -> None:  # noqa: FBT001  what must hold
    """A taint of a cluster keeps new replicas out unless the deployment tolerates it."""
    taints = [b.taint("NoSchedule", key="team", value="ml"), b.taint("Unheard", key="x")]
    answer = World(explicit(tolerations=tolerations), fleet("a", taints=taints)).answer()
    assert bool(answer.clusters) is placed


@pytest.mark.parametrize(
    ("selector", "cached", "clusters", "reason"),
    [
        pytest.param(None, None, ["a"], "Scheduled", id="all"),
        pytest.param({"tier": "gold"}, None, ["b"], "Scheduled", id="the deployment's"),
        pytest.param(None, {"tier": "gold"}, ["b"], "Scheduled", id="the cache's"),
        pytest.param({"tier": "gold"}, {"zone": "1"}, ["c"], "Scheduled", id="both"),
        pytest.param({"tier": "iron"}, None, [], "InsufficientCapacity", id="nothing matches"),
        pytest.param({"tier": "gold"}, {"tier": "iron"}, [], "SelectorConflict", id="a conflict matches nothing"),
    ],
)
def test_both_selectors_must_match(
    selector: Mapping[str, str] | None, cached: Mapping[str, str] | None, clusters: list[str], reason: str
) -> None:
    """A replica goes where its deployment and its cache both want to be."""
    gold = {"tier": "gold"}
    found = [b.cluster("a"), b.cluster("b", labels=gold), b.cluster("c", labels={**gold, "zone": "1"})]
    world = World(explicit(cache="qwen", selector=selector), found, cache=b.cache(selector=cached))
    answer = world.answer()
    assert answer.clusters == clusters
    assert answer.said("ReplicasScheduled")[0] == reason
    if reason == "SelectorConflict":
        (warning,) = answer.warnings
        assert "clusterSelector and ModelCache 'qwen' want different values of label 'tier'" in warning


def test_a_cache_needs_a_storage_class() -> None:
    """Where a cache is used, a cluster without a ReadWriteMany class takes no replica; without a cache it does."""
    found = fleet("a", storage="")
    answer = World(explicit(cache="qwen"), found, cache=b.cache()).answer()
    assert answer.said("ReplicasScheduled")[1] == "placed 0 of 1: 1 cluster without a ReadWriteMany storage class"
    assert World(explicit(), found).answer().clusters == ["a"]


@pytest.mark.parametrize(
    ("xr", "nodes"),
    [
        pytest.param(explicit(), 1, id="one pod"),
        pytest.param(b.deployment(workers=b.workers(tensor=8, count=2)), 2, id="turnkey, two engines"),
        pytest.param(b.deployment(workers=b.workers(tensor=8, pipeline=3)), 3, id="turnkey gang"),
        pytest.param(b.deployment(engines=[b.gang(workers=3)]), 4, id="explicit gang"),
        pytest.param(b.deployment(engines=[b.gang(workers=1, copies=2)]), 4, id="two gangs"),
        pytest.param(b.deployment(engines=[b.engine("one"), b.engine("two")]), 2, id="two engines"),
        pytest.param(
            b.deployment(engines=[b.engine("g", b.member("Leader", devices=[]), b.member("Worker", nodes=2))]),
            2,
            id="a leader without devices costs nothing",
        ),
    ],
)
def test_a_replica_costs_nodes(xr: Manifest, nodes: int) -> None:
    """A pod with devices takes a node: a pool one node short has no room, one with just enough has."""
    short, enough = (World(xr, fleet("a", pools=[b.pool(nodes=n)])).answer() for n in (nodes - 1, nodes))
    assert short.said("ReplicasScheduled")[1] == "placed 0 of 1: 1 cluster too small"
    assert enough.clusters == ["a"]


def test_a_gang_stays_on_one_pool() -> None:
    """An engine is not split over pools; two engines may go on two."""
    pools = [b.pool("a", nodes=1), b.pool("b", nodes=1)]
    gang = World(b.deployment(engines=[b.gang(workers=1)]), fleet("x", pools=pools)).answer()
    two = World(b.deployment(engines=[b.engine("one"), b.engine("two")]), fleet("x", pools=pools)).answer()
    assert gang.clusters == []
    assert two.pools == {"replica-x-0": ["a", "b"]}


OTHERS = {
    "explicit": b.replica("other-0", cluster="a", namespace="other-team"),
    "two members": b.replica("other-1", cluster="a", engines=[b.gang(workers=1, pool="h100")]),
    "turnkey": b.replica("other-2", cluster="a", workers=b.workers(tensor=8, pipeline=2, pool="h100")),
    "turnkey, no pool": b.replica("other-3", cluster="a", workers=b.workers(tensor=8, count=2)),
    "half broken": {**b.replica("other-4"), "spec": {"clusterName": "a", "engines": [{"members": "x"}, 3]}},
    "leaving": {**b.replica("other-5"), "metadata": {"name": "other-5", "deletionTimestamp": b.CREATED}},
}


@pytest.mark.parametrize(
    ("others", "placed"),
    [
        pytest.param([], 4, id="none"),
        pytest.param(["explicit"], 3, id="one of another namespace"),
        pytest.param(["two members"], 2, id="a gang"),
        pytest.param(["turnkey"], 2, id="the first shape"),
        pytest.param(["turnkey, no pool"], 2, id="the first shape, from before pools were written down"),
        pytest.param(["half broken"], 4, id="what cannot be read costs nothing"),
        pytest.param(["leaving"], 3, id="one that is being deleted still has its node"),
        pytest.param(["explicit", "two members", "turnkey"], 0, id="more than there is"),
    ],
)
def test_others_take_nodes(others: list[str], placed: int) -> None:
    """The ledger counts every replica of the fleet, whoever made it, in whatever shape."""
    world = World(explicit(replicas=9), fleet("a"), others=[OTHERS[name] for name in others])
    assert len(world.answer().clusters) == placed


def test_a_replica_without_a_cluster_is_named_and_skipped() -> None:
    """A neighbour that says nothing of where it runs takes no nodes, and is told of."""
    odd = {**b.replica("odd"), "spec": {"clusterName": ["a"]}}
    answer = World(explicit(), fleet("a"), others=[odd]).answer()
    assert answer.clusters == ["a"]
    assert answer.said("InputsResolved")[0] == "Unreadable"
    assert "cannot read ModelReplica 'odd' in namespace 'ml-team'" in answer.said("InputsResolved")[1]


def test_own_replicas_take_nodes_once() -> None:
    """A replica that is among the fleet's and among the composed is one replica; one the fleet lacks counts, too."""
    world = settled(explicit(replicas=2), fleet("a", pools=[b.pool(nodes=3)]))
    grown = World(explicit(replicas=4), world.clusters, own=world.own)
    assert len(grown.answer().clusters) == 3
    unlisted = World(explicit(replicas=4), world.clusters, own=world.own, unlisted=list(world.own))
    assert len(unlisted.answer().clusters) == 3
