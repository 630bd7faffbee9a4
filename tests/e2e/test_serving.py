# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""From `kubectl apply` to an answer of the engine, with nothing played but the GPUs, the engine and the Hub."""

import contextlib
from collections.abc import Callable, Generator

import pytest
from e2e.rig import examples, layout, places, storage
from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant, entry, gang

RESTRICTED = "pod-security.kubernetes.io/enforce"
RELEASED = {"Job", "ServiceAccount", "Role", "RoleBinding"}


@pytest.mark.minutes(4)
def test_the_qwen_example(control: Cluster, workload: Cluster) -> None:
    """`kubectl apply -f examples/cache/qwen` stages the model and serves it from two replicas."""
    tenant = Tenant(examples.NAMESPACE, control, workload)
    label = {"name": examples.NAMESPACE, "labels": {RESTRICTED: "restricted"}}
    workload.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": label})
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": examples.NAMESPACE}})
    with _watching(tenant) as watch:
        control.kubectl("apply", "-f", str(places.REPOSITORY / "examples" / "cache" / "qwen"))
        cache = tenant.ready("ModelCache", "qwen3-0.6b")
        workload.api.patch(
            workload.api.get("v1", "Namespace", examples.NAMESPACE), {"metadata": {"labels": {RESTRICTED: None}}}
        )
        tenant.ready("ModelDeployment", "qwen")
        assert {"0%", "100%"} <= {word for line in watch() for word in line.split()}
    staged = entry(cache)
    assert staged["bytesStaged"] == staged["bytesTotal"] > 2 << 20
    root = storage.of_claim(workload, examples.NAMESPACE, tenant.claim())
    assert (root / "trees" / staged["tree"] / ".modelplane-hydrated").is_file()
    assert not RELEASED & {row["spec"]["forProvider"]["manifest"]["kind"] for row in tenant.objects()}
    assert len(tenant.ours("ModelReplica")) == len(tenant.remote("v1", "Service")) == 2
    tenant.clear()
    assert (root / "trees" / staged["tree"] / "config.json").is_file(), "a retained volume keeps the model"


@pytest.mark.minutes(4)
def test_an_engine_serves_the_commit(tenant: Tenant) -> None:
    """The engine behind the Service answers from exactly the commit that the cache names, in a writable tree."""
    tenant.private_cache("rig/private")
    tenant.deployment()
    waiting = tenant.says("ModelReplica", tenant.replica(), "ModelAccepted", "WaitingForCache")
    assert "model" in waiting["message"]
    tenant.give_token()
    tenant.ready("ModelDeployment", "serve")
    cache = tenant.get("ModelCache", "model")
    answer = tenant.ask()["choices"][0]["message"]["content"]
    assert answer == f"rig/private@{cache['status']['revision']} heard 1 messages"


@pytest.mark.minutes(2)
def test_a_gang_serves_from_one_cache(tenant: Tenant) -> None:
    """A leader and a worker, made by LeaderWorkerSet's own controller, both mount the cache; the leader answers."""
    tenant.cache()
    tenant.apply("ModelDeployment", "serve", {"replicas": 1, "template": {"spec": gang()}})
    tenant.ready("ModelDeployment", "serve")
    pods = tenant.remote("v1", "Pod")
    mounted = [_mounted(pod) for pod in pods]
    assert len(pods) == 2
    assert mounted[0] == mounted[1]
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in mounted[0]] == [tenant.claim()]
    assert tenant.ask()["choices"][0]["message"]["content"].startswith("rig/tiny@")
    (worker,) = [pod for pod in pods if pod["metadata"]["labels"]["leaderworkerset.sigs.k8s.io/worker-index"] == "1"]
    logs = tenant.workload.api.log(worker["metadata"]["name"], namespace=tenant.namespace)
    assert "answers" in logs


def _mounted(pod: Manifest) -> list[Manifest]:
    return [volume for volume in pod["spec"]["volumes"] if "persistentVolumeClaim" in volume]


@contextlib.contextmanager
def _watching(tenant: Tenant) -> Generator[Callable[[], list[str]]]:
    """Watch the caches with kubectl, as a person would."""
    processes = layout.plane().processes
    argv = tenant.control.kubectl_argv("get", "modelcache", "-n", tenant.namespace, "--watch")
    watch = processes.start("watch", argv)
    start = watch.log.stat().st_size

    def lines() -> list[str]:
        return watch.log.read_text()[start:].splitlines()

    try:
        yield lines
    finally:
        processes.stop("watch")
