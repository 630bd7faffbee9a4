# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import builders
import pytest
from builders_cache import C1, TOTAL, World, complete, fleet, reports
from modelplane.paths import Manifest

SECRET = builders.secret()["metadata"]["name"]
GATED = builders.cache(
    secret=SECRET, revision="v1", source={"include": ["*.json", "-x"], "endpoint": "https://hub.test"}
)
LONG = "a-very-long-cluster-name.in-europe-west4".ljust(63, "0")


def test_the_namespace_comes_first() -> None:
    """Nothing else could be created in a namespace that is not there yet; nothing is ready, and the wait is short."""
    reply = World().step()
    assert set(reply.objects) == {"a/namespace"}
    assert reply.entry() == {
        "name": "a",
        "phase": "Pending",
        "reason": "NamespacePending",
        "message": "waiting for the namespace on the cluster",
    }
    assert (reply.ready, reply.rsp.meta.ttl.seconds) == (False, 15)


def test_the_token_comes_before_its_job() -> None:
    """A pod that starts before its own copy of the token would only fail and back off."""
    world = World(GATED)
    kinds = [world.step().kinds() for _ in range(3)]
    around = {"Namespace", "PersistentVolumeClaim", "ServiceAccount", "Role", "RoleBinding", "Secret"}
    assert kinds == [{"Namespace"}, around, {*around, "Job"}]


def test_phases_from_pending_to_ready() -> None:
    """Each step shows, and when the cluster is ready only its namespace and its claim stay."""
    world = World()
    world.steps(2)
    assert world.step().entry()["reason"] == "Starting"
    world.jobs = {"": reports(staged=TOTAL // 2)}
    world.step()
    reply = world.step()
    assert (reply.entry()["phase"], reply.entry()["message"]) == ("Hydrating", "50% of 1000 B")
    assert (reply.status["revision"], reply.status["summary"]) == (C1, {"ready": "0/1", "progress": "50%"})
    world.jobs = {"": complete()}
    world.step()
    reply = world.step()
    assert reply.kinds() == {"Namespace", "PersistentVolumeClaim"}
    assert (reply.ready, reply.rsp.meta.ttl.seconds) == (True, 60)
    assert reply.entry()["phase"] == "Ready"
    assert reply.status["summary"] == {"ready": "1/1", "progress": "100%"}
    assert reply.told("ArtifactReady") == ("True", "Staged")


def test_what_a_ready_cluster_publishes() -> None:
    """Readers find the tree; the claim's uid and the source tell later whether it still counts."""
    reply = World().staged()
    assert reply.entry() == {
        "name": "a",
        "phase": "Ready",
        "reason": "Staged",
        "tree": f"{reply.entry()['tree'][:10]}-{C1[:12]}",
        "revision": C1,
        "source": reply.status["source"],
        "claimUID": builders.uid("a/claim"),
        "bytesStaged": TOTAL,
        "bytesTotal": TOTAL,
    }


def test_events_are_told_once() -> None:
    """Staging started, staged on all: one Normal event each, however many passes there are."""
    world = World(clusters=fleet("a", "b"))
    told = [event for _ in range(4) for event in world.step().events]
    world.jobs = {"": complete()}
    told += [event for _ in range(6) for event in world.step().events]
    assert told == [
        ("SEVERITY_NORMAL", "Hydrating", "Started to stage Qwen/Qwen3-0.6B on 2 clusters"),
        ("SEVERITY_NORMAL", "Staged", "Staged Qwen/Qwen3-0.6B on 2 clusters"),
    ]


def test_a_settled_cache_is_the_same_bytes() -> None:
    """Settled means settled: nothing is written any more."""
    world = World(GATED, fleet("a", "b", "c"))
    world.staged()
    first, second = world.step(), world.step()
    assert first.rsp.SerializeToString(deterministic=True) == second.rsp.SerializeToString(deterministic=True)


def test_partly_staged() -> None:
    """Progress of a fleet is the mean of its clusters, and a partly staged cache is not ready."""
    world = World(clusters=fleet("a", "b", "c", "d"), jobs={"a": complete(), "b": reports(staged=TOTAL // 2)})
    reply = world.steps()
    assert reply.status["summary"] == {"ready": "1/4", "progress": "37%"}
    assert reply.told("ArtifactReady") == ("False", "Partial")
    assert reply.message("ArtifactReady") == "staged on 1 of 4 clusters"
    assert not reply.ready


@pytest.mark.parametrize(
    "xr",
    [
        pytest.param(GATED, id="everything set"),
        pytest.param(builders.cache("qwen2.5-72b"), id="a dot in the name"),
        pytest.param(builders.cache("70b-llama"), id="a digit first"),
        pytest.param(builders.cache("q" * 63), id="63 characters"),
        pytest.param(builders.cache("q" * 63, namespace="n" * 63, secret=SECRET), id="two times 63 characters"),
    ],
)
def test_api_servers_take_all_of_it(xr: Manifest) -> None:
    """Whatever the cache is called, every object fits its schema, and every name its kind."""
    world = World(xr, fleet("a", LONG))
    for _ in range(4):
        for obj in world.step().objects.values():
            apiserver.validate(obj)


def test_the_claim() -> None:
    """One claim for many pods on many nodes, as large as asked, in the cluster's own class."""
    world = World(builders.cache(size=150), [builders.cluster("a", storage="filestore")])
    claim = world.steps(3).remote("PersistentVolumeClaim")
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "filestore",
        "resources": {"requests": {"storage": "150Gi"}},
    }
    assert claim["metadata"] == {
        "name": "modelcache-ml-team-qwen-e11a7da638",
        "namespace": "ml-team",
        "labels": {"modelplane.ai/modelcache": "qwen"},
    }


def test_objects_are_addressed_to_their_cluster() -> None:
    """Each Object carries its cluster's label and provider config, and lives in the cache's own namespace."""
    reply = World(clusters=fleet("a", "b")).steps(4)
    for key, obj in reply.objects.items():
        cluster = key.partition("/")[0]
        assert obj["metadata"]["labels"] == {"modelplane.ai/cluster": cluster}
        assert obj["metadata"]["namespace"] == "ml-team"
        assert obj["spec"]["providerConfigRef"] == {"kind": "ClusterProviderConfig", "name": f"{cluster}-config"}
    assert len({obj["metadata"]["name"] for obj in reply.objects.values()}) == len(reply.objects)


def test_two_namespaces_do_not_meet() -> None:
    """The same name in another namespace is another cache, there and on every cluster."""
    replies = [World(builders.cache("b", namespace=namespace)).steps(4) for namespace in ("team-a", "team")]
    other = World(builders.cache("a-b", namespace="team")).steps(4)
    places = [
        (remote["kind"], remote["metadata"].get("namespace"), remote["metadata"]["name"])
        for reply in (*replies, other)
        for remote in (obj["spec"]["forProvider"]["manifest"] for obj in reply.objects.values())
        if remote["kind"] != "Namespace"
    ]
    assert len(set(places)) == len(places)


def test_one_hundred_clusters() -> None:
    """A fleet of a hundred is staged in as many passes as one cluster."""
    world = World(GATED, fleet(*(f"c{index:03}" for index in range(100))))
    assert world.staged().status["summary"]["ready"] == "100/100"
