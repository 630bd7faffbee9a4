# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import builders
import pytest
from builders_replica import Reply, World, born, caches, settled
from modelplane.paths import Manifest

CACHED = World(cache=caches())
LIMITS = World(
    cluster=[builders.cluster("a", pools=[builders.pool(devices=[builders.device(claim="ExtendedResource")])])],
    cache=caches(),
)
SERVED = {"namespace", "service", "route", "usage-qwen"}


def _turnkey(name: str = "qwen-a-0", *, pipeline: int = 1, args: tuple[str, ...] = ()) -> Manifest:
    run = builders.container(args=args)
    workers = builders.workers(tensor=2, pipeline=pipeline, pool="h100", run=run)
    return builders.replica(name, cache="qwen", workers=workers)


def _explicit(name: str = "qwen-a-0", member: Manifest | None = None) -> Manifest:
    engines = [builders.engine("main", member or builders.member(pool="h100"))]
    return builders.replica(name, cache="qwen", engines=engines)


def _serving(world: World, xr: Manifest) -> Reply:
    life = settled(world, born(xr))
    return world.ask(life.xr, life.observed)


def test_the_namespace_comes_first() -> None:
    """Nothing else could be created in a namespace that is not there yet; the guard does not wait for it."""
    reply = CACHED.ask(_turnkey())
    assert set(reply.objects) == {"namespace", "usage-qwen"}
    assert reply.condition("ModelReady") == ("False", "NotStarted")
    assert "namespace 'ml-team' on cluster 'a'" in reply.message("ModelReady")
    assert not reply.ready


def test_then_all_that_serves() -> None:
    """Workload, claims, Service and route come together, and are not Ready before they are observed so."""
    first = CACHED.ask(_turnkey())
    life = born(_turnkey()).after(first)
    reply = CACHED.ask(life.xr, life.observed)
    assert {*SERVED, "deployment-engine", reply.key("claim-engine-")} == set(reply.objects)
    assert reply.condition("ModelReady") == ("False", "Starting")
    assert (reply.ready, reply.rsp.meta.ttl.seconds) == (False, 15)


def test_ready_once_it_serves() -> None:
    """Ready is told once, with one event, and the same request gets the same bytes again."""
    life = born(_turnkey())
    for _ in range(2):
        life = life.after(CACHED.ask(life.xr, life.observed))
    reply = CACHED.ask(life.xr, life.observed)
    assert (reply.ready, reply.condition("ModelReady")) == (True, ("True", "Serving"))
    assert [(r.reason, r.message) for r in reply.rsp.results] == [("Serving", "Started to serve on cluster 'a'.")]
    assert reply.status["everReady"] is True
    life = life.after(reply)
    again = [CACHED.ask(life.xr, life.observed).rsp.SerializeToString(deterministic=True) for _ in range(2)]
    assert again[0] == again[1]
    assert not CACHED.ask(life.xr, life.observed).rsp.results


@pytest.mark.parametrize(
    ("world", "xr"),
    [
        pytest.param(CACHED, _turnkey(), id="turnkey, DRA"),
        pytest.param(LIMITS, _turnkey(), id="turnkey, limits"),
        pytest.param(CACHED, _turnkey(pipeline=4), id="turnkey gang, DRA"),
        pytest.param(LIMITS, _turnkey(pipeline=4), id="turnkey gang, limits"),
        pytest.param(CACHED, _explicit(), id="explicit"),
        pytest.param(
            CACHED,
            builders.replica(cache="qwen", engines=[builders.gang("main", workers=3, pool="h100")]),
            id="explicit gang",
        ),
        pytest.param(
            CACHED,
            builders.replica(
                cache="qwen",
                engines=[
                    builders.engine("big", builders.member(pool="h100"), copies=2),
                    builders.gang("bigger", workers=1, pool="h100"),
                ],
            ),
            id="two engines",
        ),
        pytest.param(World(), builders.replica(), id="no cache"),
        pytest.param(CACHED, _turnkey("70b-llama"), id="a name that begins with a digit"),
        pytest.param(CACHED, _turnkey("qwen2.5-72b"), id="a name with a dot"),
        pytest.param(CACHED, _turnkey("a" * 63, pipeline=2), id="the longest name"),
        pytest.param(
            CACHED,
            _explicit("b" * 63, builders.member(pool="h" * 63, devices=[{"name": "g" * 63, "deviceClassName": "c"}])),
            id="long names of pool and device",
        ),
    ],
)
def test_an_api_server_takes_everything(world: World, xr: Manifest) -> None:
    """Each composed manifest is valid for its kind, whatever the replica is called."""
    reply = _serving(world, xr)
    assert reply.ready
    for obj in reply.objects.values():
        apiserver.validate(obj)


def test_founding_shape() -> None:
    """A cache and one turnkey pod that names the mount itself: mounted once, named once, nothing said twice."""
    reply = _serving(LIMITS, _turnkey(args=("--model=/mnt/models", "--max-model-len=8192")))
    (pod,) = reply.pods()
    (container,) = pod["spec"]["containers"]
    assert container["args"] == ["--model=/mnt/models", "--max-model-len=8192", "--tensor-parallel-size=2"]
    assert container["resources"] == {"limits": {"nvidia.com/gpu": "2"}}
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]
    assert claims == ["modelcache-ml-team-qwen-e11a7da638"]
    assert reply.workload()["metadata"]["namespace"] == "ml-team"


def test_sglang_gets_nothing_added() -> None:
    """A command is the user's own: its model path, its flags, and none of ours."""
    run = builders.container(command=["python3", "-m", "sglang.launch_server"], args=["--model-path=/mnt/models"])
    (pod,) = _serving(CACHED, _explicit(member=builders.member(pool="h100", run=run))).pods()
    (container,) = pod["spec"]["containers"]
    assert (container["command"], container["args"]) == (run["command"], run["args"])
    assert "env" not in container


def test_route_reaches_every_engine() -> None:
    """One prefix for a replica, cut off for the engine, without a time limit, to the serving pods of all engines."""
    engines = [builders.engine("one", builders.member(pool="h100")), builders.gang("two", pool="h100")]
    reply = _serving(World(), builders.replica(engines=engines))
    route, service = reply.remote("route"), reply.remote("service")
    (rule,) = route["spec"]["rules"]
    assert route["spec"]["parentRefs"] == [{"name": "inference-gateway", "namespace": "modelplane-system"}]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/ml-team/qwen-a-0/"}}]
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    assert rule["filters"] == [{"type": "URLRewrite", "urlRewrite": rewrite}]
    assert rule["timeouts"] == {"request": "0s"}
    assert rule["backendRefs"] == [{"name": service["metadata"]["name"], "port": 80}]
    assert service["spec"]["selector"] == {"modelplane.ai/serving": "qwen-a-0"}
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, 8000)]
    workloads = {reply.remote(key)["metadata"]["name"] for key in ("deployment-one", "leaderworkerset-two")}
    assert len(workloads) == 2, "two engines of a replica are two workloads"
    assert service["metadata"]["name"] not in workloads, "a LeaderWorkerSet makes a Service of its own name"


def test_replicas_of_two_namespaces_share_nothing() -> None:
    """A tenant's namespace on a cluster is its own; the names in it differ, too."""
    one, two = (
        _serving(CACHED, {**xr, "metadata": {**xr["metadata"], "namespace": ns}})
        for xr, ns in ((_turnkey(), "team-a"), (_turnkey(), "team-b"))
    )
    for key in ("deployment-engine", "service", "route"):
        assert one.remote(key)["metadata"]["name"] != two.remote(key)["metadata"]["name"]
    assert [r.remote("namespace")["metadata"]["name"] for r in (one, two)] == ["team-a", "team-b"]
    assert one.remote("deployment-engine")["metadata"]["namespace"] == "team-a"


def test_the_namespace_outlives_the_replica() -> None:
    """Others may live in it, so its Object lacks the Delete policy; workloads go with their Objects."""
    reply = _serving(CACHED, _turnkey())
    assert "Delete" not in reply.objects["namespace"]["spec"]["managementPolicies"]
    assert all("managementPolicies" not in obj["spec"] for key, obj in reply.objects.items() if key != "namespace")


def test_copies_and_counts() -> None:
    """Both shapes' number of engines is the workload's replicas."""
    explicit = builders.replica(engines=[builders.engine("main", builders.member(pool="h100"), copies=3)])
    assert _serving(World(), explicit).workload()["spec"]["replicas"] == 3
    turnkey = builders.replica(workers=builders.workers(count=5, pipeline=2))
    assert _serving(World(), turnkey).workload()["spec"]["replicas"] == 5
