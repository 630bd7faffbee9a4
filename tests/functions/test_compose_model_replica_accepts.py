# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import builders
import pytest
from builders_replica import Life, World, born, caches, settled
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.paths import Manifest

WORLD = World(cache=caches())
REPLICA = builders.replica(cache="qwen", workers=builders.workers(pool="h100"))
PREFILL = [
    {**builders.engine(name, builders.member(pool="h100")), "phase": name.capitalize()}
    for name in ("prefill", "decode")
]


def _but(**spec: object) -> Manifest:
    return born(REPLICA).edited(**spec).xr


@pytest.mark.parametrize(
    ("world", "xr", "reason", "message"),
    [
        pytest.param(
            WORLD,
            _but(workers=None, serving={"mode": "PrefillDecode"}, engines=PREFILL),
            "UnsupportedServingMode",
            "spec.serving.mode PrefillDecode is not built yet: set it to Unified",
            id="a mode that is not built",
        ),
        pytest.param(
            WORLD,
            {**REPLICA, "metadata": {**REPLICA["metadata"], "namespace": "kube-system"}},
            "ReservedNamespace",
            "namespace 'kube-system' belongs to the platform: use one of your own",
            id="a namespace of Kubernetes",
        ),
        pytest.param(
            WORLD,
            {**REPLICA, "metadata": {**REPLICA["metadata"], "namespace": "modelplane-system"}},
            "ReservedNamespace",
            "namespace 'modelplane-system' belongs to the platform: use one of your own",
            id="a namespace of ours",
        ),
        pytest.param(
            replace(WORLD, cluster=[]),
            REPLICA,
            "ClusterNotFound",
            "spec.clusterName names no InferenceCluster 'a': create it",
            id="no such cluster",
        ),
        pytest.param(
            replace(WORLD, cache=[]),
            REPLICA,
            "CacheNotFound",
            "spec.modelCacheRef names no ModelCache 'qwen' in namespace 'ml-team': create it",
            id="no such cache",
        ),
    ],
)
def test_what_the_user_has_to_change(world: World, xr: Manifest, reason: str, message: str) -> None:
    """It is said in the condition and warned of once, names field and fix, and composes no workload."""
    reply = world.ask(xr)
    assert reply.condition("ModelAccepted") == ("False", reason)
    assert (reply.message("ModelAccepted"), reply.warnings) == (message, [message])
    assert reply.condition("ModelReady") == ("False", "NotStarted")
    assert set(reply.objects) <= {"namespace", "usage-qwen"}
    assert "usage-qwen" in reply.objects, "the guard is in every reply"
    assert not reply.ready
    told = born(xr).after(reply)
    assert world.ask(told.xr, told.observed).warnings == []


@pytest.mark.parametrize(
    ("cluster", "status", "reason"),
    [
        pytest.param(builders.cluster("a", provider_config=""), "False", "WaitingForCluster", id="not published yet"),
        pytest.param(builders.cluster("a", ready=False), "True", "Accepted", id="not Ready, but it can be reached"),
    ],
)
def test_a_cluster_on_its_way(cluster: Manifest, status: str, reason: str) -> None:
    """A cluster is awaited until it can be reached, without a warning: nobody has to act."""
    reply = replace(WORLD, cluster=[cluster]).ask(REPLICA)
    assert reply.condition("ModelAccepted") == (status, reason)
    assert (reply.warnings, reply.rsp.meta.ttl.seconds) == ([], 15)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"workers": None}, "workers or engines", id="neither shape"),
        pytest.param({"clusterName": None}, "clusterName", id="no cluster"),
        pytest.param({"modelCacheRef": {"name": "Not A Name"}}, "modelCacheRef.name", id="a bad name"),
        pytest.param(
            {"workers": None, "engines": [builders.engine("main", builders.member("Leader", pool="p"))]},
            "spec.engines[main].members",
            id="a leader alone",
        ),
        pytest.param(
            {"workers": None, "engines": [builders.engine("main", builders.member("Bystander", pool="p"))]},
            "engines.0.members.0.role",
            id="an unknown role",
        ),
    ],
)
def test_a_spec_that_the_schema_refuses(spec: Manifest, field: str) -> None:
    """One Fatal line names the object and the field; Crossplane keeps what is composed."""
    rsp = WORLD.ask(_but(**spec)).rsp
    (result,) = rsp.results
    assert result.severity == fnv1.SEVERITY_FATAL
    assert "ModelReplica 'qwen-a-0'" in result.message
    assert field in result.message
    assert "\n" not in result.message


def test_a_replica_does_not_move() -> None:
    """Another clusterName would leave the workload behind on the old cluster, so it is refused and all is kept."""
    life = settled(WORLD, born(REPLICA))
    moved = Life({**life.xr, "spec": {**life.xr["spec"], "clusterName": "b"}}, life.observed)
    reply = replace(WORLD, cluster=[builders.cluster("b")]).ask(moved.xr, moved.observed)
    assert reply.condition("ModelAccepted") == ("False", "ClusterChanged")
    assert set(reply.objects) == set(life.observed)
    for key, obj in reply.objects.items():
        assert obj["spec"] == life.observed[key]["spec"]
    assert not reply.ready


def test_a_workload_that_stops_serving() -> None:
    """It was ready once, so it is degraded, not starting; the numbers say how far."""
    life = settled(WORLD, born(REPLICA))
    obj = life.observed["deployment-engine"]
    status = {
        "conditions": [builders.condition("Synced"), builders.condition("Ready", "False")],
        "atProvider": {"manifest": {**obj["spec"]["forProvider"]["manifest"], "status": {"availableReplicas": 0}}},
    }
    reply = WORLD.ask(life.xr, {**life.observed, "deployment-engine": {**obj, "status": status}})
    assert reply.condition("ModelReady") == ("False", "Degraded")
    assert "engine 'engine' has 0 of 1" in reply.message("ModelReady")
    assert (reply.ready, reply.status["everReady"]) == (False, True)
