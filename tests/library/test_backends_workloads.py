# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import builders
import pytest
from modelplane import engines
from modelplane.backends import llmd, native
from modelplane.backends.base import Mount
from modelplane.backends.pods import Backend, Place
from modelplane.paths import Manifest

PLACE = Place(workload="qwen-engine", namespace="ml-team", replica="qwen", mount=Mount("claim", "tree"))
ENV = [{"name": "HF_HOME", "value": ""}, {"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
RANK = [
    {"name": "MODELPLANE_LEADER_ADDRESS", "value": "$(LWS_LEADER_ADDRESS)"},
    {"name": "MODELPLANE_RANK", "value": "$(LWS_WORKER_INDEX)"},
]


def _turnkey(*, pipeline: int = 1, run: Manifest | None = None) -> Manifest:
    (engine,) = engines.read({"workers": builders.workers(tensor=8, pipeline=pipeline, count=3, pool="h100", run=run)})
    return (native if pipeline == 1 else llmd).BACKEND.workload(engine, PLACE)


def _explicit(*members: Manifest, claims: Manifest | None = None) -> Manifest:
    (engine,) = engines.read({"engines": [builders.engine("engine", *members, copies=2)]})
    place = Place(workload="q", namespace="n", replica="qwen", mount=Mount("claim", "tree"), claims=claims or {})
    return (llmd if engine.gang else native).BACKEND.workload(engine, place)


def _pods(workload: Manifest) -> list[Manifest]:
    gang = workload["spec"].get("leaderWorkerTemplate")
    return [gang["leaderTemplate"], gang["workerTemplate"]] if gang else [workload["spec"]["template"]]


def _container(pod: Manifest) -> Manifest:
    (container,) = pod["spec"]["containers"]
    return container


WORKLOADS = [
    pytest.param(_turnkey(), id="turnkey"),
    pytest.param(_turnkey(pipeline=2), id="turnkey gang"),
    pytest.param(_explicit(builders.member(pool="h100")), id="explicit"),
    pytest.param(
        _explicit(builders.member("Leader", pool="p"), builders.member("Worker", nodes=3, pool="p")), id="gang"
    ),
]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_pod(workload: Manifest) -> None:
    """Shared memory, the model, the pool, and no token of the cluster: the same for every pod of every backend."""
    apiserver.validate(workload)
    for pod in _pods(workload):
        spec, container = pod["spec"], _container(pod)
        assert spec["automountServiceAccountToken"] is False
        assert {"name": "dshm", "emptyDir": {"medium": "Memory"}} in spec["volumes"]
        assert {"name": "dshm", "mountPath": "/dev/shm"} in container["volumeMounts"]  # noqa: S108  as in the pod
        assert {"name": "model-cache", "mountPath": "/mnt/models", "subPath": "trees/tree"} in container["volumeMounts"]
        assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
        assert spec["nodeSelector"]["modelplane.ai/pool"] in ("h100", "p")


@pytest.mark.parametrize("workload", WORKLOADS)
def test_only_what_serves_is_probed_and_selected(workload: Manifest) -> None:
    """A follower answers no request: traffic must not reach it, and it would never pass the probe."""
    leader, *followers = _pods(workload)
    probe = {"httpGet": {"path": "/health", "port": 8000}, "initialDelaySeconds": 30, "periodSeconds": 10}
    assert _container(leader)["readinessProbe"] == {**probe, "timeoutSeconds": 5}
    assert leader["metadata"]["labels"]["modelplane.ai/serving"] == "qwen"
    for pod in followers:
        assert not {"readinessProbe", "ports"} & set(_container(pod))
        assert "modelplane.ai/serving" not in pod["metadata"]["labels"]
        assert pod["metadata"]["labels"]["modelplane.ai/lws-role"] == "worker"


def test_a_full_pool_has_no_room_to_surge() -> None:
    """The old pod leaves before the new one comes, one at a time."""
    assert _turnkey()["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    gang = _turnkey(pipeline=2)["spec"]
    assert gang["rolloutStrategy"]["rollingUpdateConfiguration"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert (gang["replicas"], gang["leaderWorkerTemplate"]["size"]) == (3, 2)


def test_a_gang_is_its_leader_and_its_workers() -> None:
    """`worker.nodes` follow one leader, copies are groups."""
    leader = builders.member("Leader", pool="p", run=builders.container(args=["--x"]))
    worker = builders.member("Worker", nodes=3, pool="q", run=builders.container(command=["run"], args=["--y"]))
    spec = _explicit(worker, leader)["spec"]
    assert (spec["replicas"], spec["leaderWorkerTemplate"]["size"]) == (2, 4)
    first, follower = _pods({"spec": spec})
    assert (_container(first)["args"], _container(follower)["args"]) == (["--x", "--model=/mnt/models"], ["--y"])
    assert [pod["spec"]["nodeSelector"]["modelplane.ai/pool"] for pod in (first, follower)] == ["p", "q"]


@pytest.mark.parametrize("pipeline", [pytest.param(1, id="one pod"), pytest.param(2, id="every pod of a gang")])
def test_a_users_command_runs_as_it_is(pipeline: int) -> None:
    """With a command nothing is added: SGLang and others own their flags, and each pod runs the same."""
    run = builders.container(command=["python3", "-m", "sglang"], args=["--model-path", "/mnt/models"], env=ENV)
    for pod in _pods(_turnkey(pipeline=pipeline, run=run)):
        assert {key: _container(pod)[key] for key in run} == run


@pytest.mark.parametrize(
    ("env", "want"),
    [
        pytest.param([], RANK, id="none of the user's"),
        pytest.param(ENV, [*RANK, *ENV], id="ahead of the user's, which may refer to them"),
        pytest.param(
            [{"name": "MODELPLANE_RANK", "value": "7"}],
            [RANK[0], {"name": "MODELPLANE_RANK", "value": "7"}],
            id="a name that the user takes: an applied list has each name once",
        ),
    ],
)
def test_pods_of_an_explicit_gang_know_their_leader(env: list[Manifest], want: list[Manifest]) -> None:
    """Each pod gets the leader's address and its own rank under names of ours."""
    run = builders.container(command=["run"], env=env)
    workload = _explicit(
        builders.member("Leader", pool="p", run=run), builders.member("Worker", nodes=1, pool="p", run=run)
    )
    assert [_container(pod)["env"] for pod in _pods(workload)] == [want, want]


def test_turnkey_gang() -> None:
    """VLLM's server gets the user's arguments and ours on the leader; the others only join Ray."""
    leader, worker = map(_container, _pods(_turnkey(pipeline=2, run=builders.container(args=["--max-model-len=8"]))))
    flags = ["--tensor-parallel-size=8", "--pipeline-parallel-size=2", "--distributed-executor-backend=ray"]
    assert leader["args"] == ["--max-model-len=8", "--model=/mnt/models", *flags]
    assert leader["command"][2].endswith('"$@"')
    assert "args" not in worker


def test_what_the_user_gives_passes_through() -> None:
    """Labels, annotations, environment and pull secrets of the template are the pod's."""
    member = builders.member(pool="h100", run=builders.container(env=ENV))
    member["template"] = {
        "metadata": {"labels": {"team": "ml", "modelplane.ai/replica": "x"}, "annotations": {"a/b": "c"}},
        "spec": {**member["template"]["spec"], "imagePullSecrets": [{"name": "registry"}]},
    }
    (pod,) = _pods(_explicit(member))
    assert pod["metadata"]["annotations"] == {"a/b": "c"}
    assert pod["metadata"]["labels"] == {
        "team": "ml",
        "modelplane.ai/replica": "qwen",
        "modelplane.ai/serving": "qwen",
        "modelplane.ai/workload": "q",
    }
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert _container(pod)["env"] == ENV


def test_devices() -> None:
    """Extended resources are limits, a claim is one of the pod's, and a member may have both."""
    asked = [
        {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 8},
        {"name": "nic", "extendedResourceName": "vpc.amazonaws.com/efa", "count": 4},
        {"name": "more", "extendedResourceName": "vpc.amazonaws.com/efa"},
    ]
    workload = _explicit(builders.member(pool="p", devices=asked), claims={"Standalone": "template-1"})
    (pod,) = _pods(workload)
    assert _container(pod)["resources"] == {"limits": {"vpc.amazonaws.com/efa": "5"}, "claims": [{"name": "devices"}]}
    assert pod["spec"]["resourceClaims"] == [{"name": "devices", "resourceClaimTemplateName": "template-1"}]


@pytest.mark.parametrize(
    ("backend", "status", "want"),
    [
        pytest.param(native.BACKEND, None, False, id="nothing reported"),
        pytest.param(native.BACKEND, {}, False, id="an empty status"),
        pytest.param(
            native.BACKEND, {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2}, True, id="all"
        ),
        pytest.param(
            native.BACKEND, {"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 2}, False, id="before"
        ),
        pytest.param(
            native.BACKEND, {"observedGeneration": 2, "updatedReplicas": 1, "availableReplicas": 2}, False, id="rolling"
        ),
        pytest.param(
            native.BACKEND, {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 1}, False, id="late"
        ),
        pytest.param(native.BACKEND, {"observedGeneration": 2, "updatedReplicas": 2}, False, id="none available"),
        pytest.param(llmd.BACKEND, None, False, id="gang: nothing reported"),
        pytest.param(
            llmd.BACKEND, {"updatedReplicas": 2, "readyReplicas": 2}, True, id="gang: a version without generation"
        ),
        pytest.param(
            llmd.BACKEND, {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 2}, True, id="gang: all"
        ),
        pytest.param(
            llmd.BACKEND, {"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2}, False, id="gang: before"
        ),
        pytest.param(
            llmd.BACKEND, {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 2}, False, id="gang: rolling"
        ),
        pytest.param(
            llmd.BACKEND, {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 1}, False, id="gang: late"
        ),
    ],
)
def test_readiness(backend: Backend, status: Manifest | None, *, want: bool) -> None:
    """An Object is ready once every copy runs the current template and serves."""
    remote = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, **({} if status is None else {"status": status})}
    assert apiserver.is_ready(backend.readiness.query, remote) is want
