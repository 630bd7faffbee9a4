# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the examples promise their readers: one claim and one Job per cluster, mounts, arguments, order."""

import functools
from collections.abc import Iterator

import previews
import pytest
from modelplane.paths import Manifest
from modelplane_cli import load, sections
from modelplane_cli.objects import value_at
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player

CLASSES = {"eks-frankfurt": "modelplane-rwx-efs", "gke-iowa": "modelplane-rwx", "onprem-oslo": "nfs-models"}


def steps(example: str) -> Iterator[Plane]:
    """Yield the control plane after each step of an example."""
    player = Player(previews.plane(example, previews.secrets(example)))
    player.start()
    yield player.plane
    while not player.ready() and player.tick():
        yield player.plane


@functools.cache
def ended(example: str) -> Plane:
    """Return the control plane of an example in the end."""
    *_, last = steps(example)
    return last


def on(plane: Plane, kind: str) -> dict[str, list[Manifest]]:
    """Return the Objects of a kind by cluster."""
    out: dict[str, list[Manifest]] = {}
    for cluster, found in sections.remotes(plane).items():
        made = [obj for _, obj in found if value_at(obj, "spec", "forProvider", "manifest", "kind") == kind]
        if made:
            out[cluster] = made
    return out


def manifest(obj: Manifest) -> Manifest:
    """Return what an Object is to keep on its cluster."""
    return obj["spec"]["forProvider"]["manifest"]


def pods(workload: Manifest) -> list[Manifest]:
    """Return the pod specs of a Deployment, or of leader and worker of a LeaderWorkerSet."""
    spec = workload["spec"]
    if workload["kind"] == "Deployment":
        return [spec["template"]["spec"]]
    template = spec["leaderWorkerTemplate"]
    return [template["leaderTemplate"]["spec"], template["workerTemplate"]["spec"]]


def workloads(plane: Plane) -> list[Manifest]:
    """Return every serving workload of a control plane."""
    found = [obj for kind in ("Deployment", "LeaderWorkerSet") for objs in on(plane, kind).values() for obj in objs]
    return [manifest(obj) for obj in found]


@pytest.mark.parametrize("example", ["cache/qwen", "cache/qwen-explicit"])
def test_one_claim_and_one_job_per_cluster(example: str) -> None:
    """Each cluster gets one claim of the asked size in its own class, and one Job, through its own provider config."""
    claims: dict[str, set[tuple[str, str, str]]] = {}
    jobs: dict[str, set[str]] = {}
    for plane in steps(example):
        for cluster, objs in on(plane, "PersistentVolumeClaim").items():
            for obj in objs:
                spec = manifest(obj)["spec"]
                assert spec["accessModes"] == ["ReadWriteMany"]
                assert obj["spec"]["providerConfigRef"] == {"kind": "ClusterProviderConfig", "name": cluster}
                asked = (
                    manifest(obj)["metadata"]["name"],
                    spec["storageClassName"],
                    spec["resources"]["requests"]["storage"],
                )
                claims.setdefault(cluster, set()).add(asked)
        for cluster, objs in on(plane, "Job").items():
            jobs.setdefault(cluster, set()).update(manifest(obj)["metadata"]["name"] for obj in objs)
    assert {cluster: [(c, s) for _, c, s in found] for cluster, found in claims.items()} == {
        cluster: [(wanted, "10Gi")] for cluster, wanted in CLASSES.items()
    }
    assert {cluster: len(found) for cluster, found in jobs.items()} == dict.fromkeys(CLASSES, 1)


@pytest.mark.parametrize("example", [e for e in previews.examples() if not e.startswith(("clusters", "no-cache"))])
def test_nothing_serves_before_its_model_is_staged(example: str) -> None:
    """A workload that mounts a cache is composed only on a cluster whose phase is Ready, and mounts that tree."""
    served = False
    for plane in steps(example):
        (cache,) = [body for key, body in plane.objects.items() if key.kind == "ModelCache"]
        staged = {c["name"]: c for c in value_at(cache, "status", "clusters") or ()}
        for kind in ("Deployment", "LeaderWorkerSet"):
            for cluster, objs in on(plane, kind).items():
                served = True
                assert staged[cluster]["phase"] == "Ready"
                mounts = [
                    m for obj in objs for pod in pods(manifest(obj)) for m in pod["containers"][0]["volumeMounts"]
                ]
                trees = {m["subPath"] for m in mounts if m["mountPath"] == "/mnt/models"}
                assert trees == {f"trees/{staged[cluster]['tree']}"}
    assert served


@pytest.mark.parametrize(
    ("example", "count", "per_workload"),
    [
        pytest.param("cache/qwen", 2, 1, id="one-pod-turnkey"),
        pytest.param("cache/qwen-explicit", 2, 1, id="one-pod-explicit"),
        pytest.param("cache/kimi-k2", 1, 2, id="gang-turnkey"),
        pytest.param("engines/sglang", 1, 2, id="gang-with-a-command"),
    ],
)
def test_every_pod_mounts_the_cache(example: str, count: int, per_workload: int) -> None:
    """The claim is mounted at /mnt/models on every pod: the one of a Deployment, leader and worker of a gang."""
    last = ended(example)
    (claim,) = {
        manifest(obj)["metadata"]["name"] for objs in on(last, "PersistentVolumeClaim").values() for obj in objs
    }
    found = workloads(last)
    assert len(found) == count
    for workload in found:
        assert len(pods(workload)) == per_workload
        for pod in pods(workload):
            (mount,) = [m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == "/mnt/models"]
            (volume,) = [v for v in pod["volumes"] if v["name"] == mount["name"]]
            assert volume["persistentVolumeClaim"]["claimName"] == claim


@pytest.mark.parametrize("example", ["cache/qwen", "cache/qwen-explicit", "cache/kimi-k2"])
def test_the_model_is_named_once(example: str) -> None:
    """The engine is told --model=/mnt/models exactly once, on the pod that serves."""
    last = ended(example)
    for workload in workloads(last):
        args = pods(workload)[0]["containers"][0]["args"]
        assert [arg for arg in args if arg.startswith("--model")] == ["--model=/mnt/models"]


def test_a_users_command_is_left_alone() -> None:
    """An engine with a command of its own runs it as written, with its arguments, on leader and worker."""
    last = ended("engines/sglang")
    (written,) = [
        doc.body["spec"]["template"]["spec"]["engines"][0]["members"][0]["template"]["spec"]["containers"][0]
        for doc in load.documents([str(previews.ROOT / "examples/engines/sglang/deployment.yaml")])
    ]
    (workload,) = workloads(last)
    for pod in pods(workload):
        container = pod["containers"][0]
        assert (container["command"], container["args"]) == (written["command"], written["args"])


def test_without_a_cache_nothing_is_mounted() -> None:
    """A deployment without a cache waits for none and keeps its own --model."""
    last = ended("no-cache/qwen")
    (workload,) = workloads(last)
    (pod,) = pods(workload)
    assert not any(volume.get("persistentVolumeClaim") for volume in pod["volumes"])
    assert [arg for arg in pod["containers"][0]["args"] if arg.startswith("--model")] == ["--model=Qwen/Qwen3-0.6B"]
