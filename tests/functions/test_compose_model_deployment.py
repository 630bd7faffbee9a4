# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a ModelDeployment composes, reports and refuses."""

import re
from dataclasses import replace

import builders as b
import pytest
from builders_deployment import Answer, World, explicit, gpus, settled
from compose_model_deployment import fn, status
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import runtime
from modelplane.paths import Manifest
from models.ai.modelplane.modelreplica import v1alpha1

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
FLEET = [b.cluster("a"), b.cluster("b")]


def test_a_turnkey_replica() -> None:
    """The first shape: the user's workers, the pool, and the cache, nothing else."""
    xr = b.deployment("qwen", cache="qwen", workers=b.workers(tensor=4, run=b.container(args=["--x"])))
    xr["spec"]["modelCacheRef"]["readOnly"] = True
    (replica,) = World(xr, FLEET, cache=b.cache()).answer().replicas.values()
    assert replica == {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelReplica",
        "metadata": {
            "name": "qwen-a-0-ml-team-56a9c98112",
            "namespace": "ml-team",
            "labels": {
                "modelplane.ai/deployment": "qwen",
                "modelplane.ai/cluster": "a",
                "modelplane.ai/replica-index": "0",
            },
            "annotations": {"modelplane.ai/device-requests": "engine=b81934a91c"},
        },
        "spec": {
            "clusterName": "a",
            "modelCacheRef": {"name": "qwen", "readOnly": True},
            "workers": {
                "count": 1,
                "topology": {"tensor": 4, "pipeline": 1},
                "template": {
                    "spec": {
                        "containers": [{"name": "engine", "image": "vllm/vllm-openai:v0.11.0", "args": ["--x"]}],
                    },
                },
                "nodePoolName": "h100",
            },
        },
    }


def test_an_explicit_replica() -> None:
    """The second shape: each member as the user wrote it, its node selector resolved to a pool and its devices."""
    leader = b.member("Leader", devices=[])
    worker = b.member("Worker", nodes=2, devices=gpus(4), run=b.container(command=["serve"]))
    xr = b.deployment("qwen", cache="qwen", engines=[b.engine("main", leader, worker, copies=2)])
    xr["spec"]["template"]["metadata"] = {"labels": {"team": "ml"}}
    (replica,) = World(xr, FLEET, cache=b.cache()).answer().replicas.values()
    assert replica["metadata"]["labels"] == {
        "team": "ml",
        "modelplane.ai/deployment": "qwen",
        "modelplane.ai/cluster": "a",
        "modelplane.ai/replica-index": "0",
    }
    assert replica["spec"] == {
        "clusterName": "a",
        "modelCacheRef": {"name": "qwen"},
        "serving": {"mode": "Unified"},
        "engines": [
            {
                "name": "main",
                "copies": 2,
                "members": [
                    {"role": "Leader", "nodePoolName": "h100", "template": leader["template"]},
                    {
                        "role": "Worker",
                        "nodePoolName": "h100",
                        "worker": {"nodes": 2},
                        "template": worker["template"],
                        "deviceRequests": [
                            {
                                "name": "gpu",
                                "deviceClassName": "gpu.nvidia.com",
                                "count": 4,
                                "selectors": [{"cel": b.ANY_GPU}],
                            },
                        ],
                    },
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    "xr",
    [
        pytest.param(explicit(), id="explicit"),
        pytest.param(b.deployment(engines=[b.gang(workers=2), b.engine("two")]), id="gang and one"),
        pytest.param(b.deployment(workers=b.workers(tensor=8, pipeline=2)), id="turnkey gang"),
    ],
)
def test_replicas_are_valid(xr: Manifest) -> None:
    """What is composed passes the schema of ModelReplica, which has no field that we do not send on purpose."""
    for replica in World(xr, FLEET).answer().replicas.values():
        found = v1alpha1.ModelReplica.model_validate(replica).model_dump(exclude_unset=True, mode="json")
        assert found == replica


@pytest.mark.parametrize("name", ["qwen2.5-72b", "70b-llama", "a" * 63, "x"])
@pytest.mark.parametrize("cluster", ["a", "gke.eu-1", "9-lives", "c" * 63])
def test_names_are_dns_labels(name: str, cluster: str) -> None:
    """Whatever deployment and cluster are called, the replica's name is a DNS label of at most 63 characters."""
    (replica,) = World(explicit(name), [b.cluster(cluster)]).answer().replicas.values()
    found = replica["metadata"]["name"]
    assert DNS_1035.fullmatch(found)
    assert len(found) <= 63
    assert replica["metadata"]["labels"]["modelplane.ai/deployment"] == name


def test_identities_do_not_collide() -> None:
    """Namespace, deployment, cluster and index are told apart, however they are cut."""
    cases = [("team", "a-b", "c"), ("team-a", "b", "c"), ("team", "a", "b-c"), ("team-b", "a", "c"), ("x", "a-b", "c")]
    names = set()
    for namespace, deployment, cluster in cases:
        world = World(explicit(deployment, replicas=2, namespace=namespace), [b.cluster(cluster)])
        for replica in world.answer().replicas.values():
            assert replica["metadata"]["namespace"] == namespace
            names.add(replica["metadata"]["name"])
    assert len(names) == 2 * len(cases)


def test_two_namespaces_with_the_same_deployment() -> None:
    """A namesake of another namespace is another deployment: its replicas only take nodes."""
    mine = settled(explicit(), FLEET)
    theirs = settled(explicit(namespace="other-team"), FLEET)
    both = replace(mine, others=list(theirs.own.values()))
    assert both.answer().replicas == mine.answer().replicas


@pytest.mark.parametrize("replicas", [1, 3, 7])
def test_settled_means_settled(replicas: int) -> None:
    """Once all replicas are ready the deployment is, for a minute, without a word and without a change."""
    world = settled(explicit(replicas=replicas), FLEET)
    answer = world.answer()
    assert answer.ready
    assert answer.rsp.meta.ttl.seconds == 60
    assert answer.status == {"replicas": {"total": replicas, "ready": replicas}}
    assert answer.replicas == World(world.xr, FLEET).answer().replicas
    said = [b.condition(c.type, "True", c.reason, c.message) for c in answer.rsp.conditions]
    quiet = replace(world, xr={**world.xr, "status": {"conditions": said}}).answer()
    assert list(quiet.rsp.results) == []


def test_it_is_ready_when_its_replicas_are() -> None:
    """Placed is not ready: every replica has to be."""
    world = World(explicit(replicas=2), FLEET)
    assert not world.answer().ready
    assert not world.next(ready=False).answer().ready
    assert world.next(ready=None).answer().rsp.meta.ttl.seconds == 15


@pytest.mark.parametrize("own", [pytest.param(False, id="from the start"), pytest.param(True, id="scaled down")])
def test_scaled_to_zero_is_ready(own: bool) -> None:  # noqa: FBT001  whether there were replicas
    """A deployment with no replicas is Ready with nothing composed."""
    world = settled(explicit(replicas=2), FLEET) if own else World(explicit(), FLEET)
    answer = replace(world, xr=explicit(replicas=0)).answer()
    assert answer.replicas == {}
    assert answer.ready
    assert answer.said("ReplicasScheduled") == ("ScaledToZero", "spec.replicas is 0")
    assert answer.status == {"replicas": {"total": 0, "ready": 0}}


def _refused(xr: Manifest, *, cache: Manifest | None = None) -> Answer:
    """Return the answer to a deployment that was placed before its user edited it."""
    world = settled(explicit("qwen", replicas=2), FLEET)
    answer = replace(world, xr=xr, cache=cache).answer()
    assert all(one["spec"] == world.own[key]["spec"] for key, one in answer.replicas.items())
    return answer


def _with_mode(mode: str) -> Manifest:
    xr = b.deployment(replicas=2, engines=[b.engine("p"), b.engine("d")])
    spec = xr["spec"]["template"]["spec"]
    spec["serving"] = {"mode": mode}
    spec["engines"] = [{**e, "phase": phase} for e, phase in zip(spec["engines"], ("Prefill", "Decode"), strict=True)]
    return xr


@pytest.mark.parametrize(
    ("xr", "reason", "message"),
    [
        pytest.param(
            _with_mode("PrefillDecode"),
            "UnsupportedServingMode",
            "spec.template.spec.serving.mode PrefillDecode is not supported yet: set it to Unified",
            id="PrefillDecode",
        ),
        pytest.param(
            explicit(replicas=2, devices=gpus(1, b.ANY_GPU, "device.drvier == 'x'")),
            "InvalidNodeSelector",
            "spec.template.spec.engines[main].members[0].nodeSelector.devices[gpu].selectors[1].cel: "
            "undefined field 'drvier' not found in struct 'dra.Device' at column 7",
            id="a misspelt selector",
        ),
        pytest.param(
            explicit(replicas=2, cache="gone"),
            "CacheNotFound",
            "modelCacheRef.name 'gone' names no ModelCache in namespace 'ml-team': create it, or correct the name",
            id="no such cache",
        ),
    ],
)
def test_what_cannot_be_placed_is_refused(xr: Manifest, reason: str, message: str) -> None:
    """A valid spec that asks for the impossible: a condition and one warning with field and fix; all stays as it is."""
    answer = _refused(xr)
    assert len(answer.replicas) == 2
    assert answer.said("ModelAccepted") == (reason, message)
    assert answer.warnings == [message]
    assert not answer.ready
    assert answer.said("ReplicasScheduled") == (
        "NotAccepted",
        "placed 2 of 2: nothing changes until ModelAccepted is True",
    )


@pytest.mark.parametrize("namespace", ["kube-system", "modelplane-system"])
def test_the_platforms_namespaces_are_refused(namespace: str) -> None:
    """No tenant places anything among the platform's own."""
    answer = World(explicit(namespace=namespace), FLEET).answer()
    assert answer.replicas == {}
    assert answer.said("ModelAccepted") == (
        "ReservedNamespace",
        f"namespace {namespace!r} belongs to the platform: use one of your own",
    )


def test_a_refused_deployment_can_be_scaled_down() -> None:
    """Who asks for fewer replicas gets fewer, whatever else is wrong."""
    assert len(_refused(explicit(replicas=1, cache="gone")).replicas) == 1
    assert not World(explicit(replicas=3, cache="gone"), FLEET).answer().replicas


def test_a_cache_that_comes_back_is_accepted() -> None:
    """Absence of the cache is no verdict for ever."""
    world = World(explicit(cache="qwen"), FLEET)
    assert not world.answer().holds("ModelAccepted")
    answer = replace(world, cache=b.cache()).answer()
    assert answer.holds("ModelAccepted")
    assert answer.clusters == ["a"]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        pytest.param({}, "spec.replicas: Field required", id="empty"),
        pytest.param({"replicas": 1}, "spec needs one of workers and template", id="neither shape"),
        pytest.param(
            {"replicas": 1, "workers": b.workers(), "template": {"spec": {"engines": [b.engine()]}}},
            "spec needs one of workers and template",
            id="both shapes",
        ),
        pytest.param({"replicas": "many", "workers": b.workers()}, "spec.replicas: Input should be", id="a type"),
        pytest.param({"replicas": 1, "workers": {}}, "spec.workers.template: Field required", id="a field"),
    ],
)
def test_a_spec_that_the_schema_refuses_is_fatal(spec: Manifest, line: str) -> None:
    """What the API server should have refused is one line that names the field, and keeps what there is."""
    answer = World(b.xr("ModelDeployment", "qwen", spec), FLEET).answer()
    assert line in answer.fatal
    assert answer.fatal.startswith("cannot read ModelDeployment 'qwen': ")


def test_requirements_are_the_same_in_every_state() -> None:
    """The whole fleet and all its replicas, in all namespaces; the cache by name in the deployment's own."""
    world = settled(explicit(cache="qwen"), FLEET, cache=b.cache())
    first = runtime.answer(fn.compose, fnv1.RunFunctionRequest(observed=world.request().observed))
    assert first.requirements == world.answer().rsp.requirements
    needs = first.requirements.resources
    assert (needs["clusters"].kind, needs["clusters"].HasField("match_labels")) == ("InferenceCluster", True)
    assert (needs["replicas"].kind, needs["replicas"].namespace) == ("ModelReplica", "")
    assert (needs["cache"].match_name, needs["cache"].namespace) == ("qwen", "ml-team")


def test_every_reply_carries_every_condition() -> None:
    """A condition that is not written goes stale, so all are, always."""
    world = World(explicit(), FLEET)
    for answer in (
        world.answer(),
        replace(world, unresolved=["clusters"]).answer(),
        _refused(_with_mode("PrefillDecode")),
    ):
        assert {*status.TYPES, "InputsResolved", "ObjectsSynced"} == {c.type for c in answer.rsp.conditions}


def test_other_composed_resources_are_kept() -> None:
    """What another version composed beside the replicas stays until it is released."""
    world = settled(explicit(), FLEET)
    endpoint = b.observed(b.obj(b.API_VERSION, "ModelEndpoint", "e", namespace=b.NAMESPACE, spec={"url": "x"}), key="e")
    answer = replace(world, own={**world.own, "endpoint-a-0": endpoint}).answer()
    assert list(answer.replicas) == ["endpoint-a-0", "replica-a-0"]
    assert answer.ready
