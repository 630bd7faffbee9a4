# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The rig itself is real: a node that runs pods, names that resolve, logs that can be read, volumes that hold."""

from collections.abc import Generator

import pytest
from e2e.rig import fleet, kube, layout, models, storage
from e2e.rig.kubernetes import Cluster

MOST = 40
FLEET = (
    "etcd",
    "apiserver-control",
    "apiserver-workload",
    "containerd",
    "kubelet",
    "crossplane",
    "provider-kubernetes",
)
RESTRICTED = {
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "fsGroup": 1000,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
LOCKED = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}


@pytest.fixture
def namespace(request: pytest.FixtureRequest, workload: Cluster) -> Generator[str]:
    """Yield a namespace of the workload cluster under Pod Security `restricted`."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:MOST]
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    workload.api.apply(manifest)
    yield name
    workload.api.delete(manifest)
    kube.eventually("the namespace is gone", lambda: workload.api.find("v1", "Namespace", name) is None)


@pytest.mark.last  # others stop and start these programs
def test_a_second_up_changes_nothing() -> None:
    """A second `up` keeps every program of the fleet; those of other cases come and go."""
    before = dict(fleet.status())
    fleet.up(print)
    after = dict(fleet.status())
    assert {name: after.get(name) for name in FLEET} == {name: before[name] for name in FLEET}


def test_pods_resolve_names_and_reach_the_api_server(workload: Cluster, namespace: str) -> None:
    """A pod finds the API server by its name, through cluster DNS and the Service's address."""
    script = (
        "import socket, ssl; s = socket.create_connection(('kubernetes.default', 443), 10); "
        "print('reached', s.getpeername()[0])"
    )
    pod = _pod("dns", namespace, image=models.engine(print), command=["python3", "-c", script])
    workload.api.create(pod)
    _succeeds(workload, "dns", namespace)
    assert workload.api.log("dns", namespace=namespace).strip() == "reached 10.96.0.1"


def test_the_hydrator_fetches_into_a_volume(workload: Cluster, namespace: str) -> None:
    """The hydrator's image, without rights and on a read-only root, publishes a tree on an RWX volume."""
    storage.provide(workload, 2)
    workload.api.create(_claim("models", namespace))
    flags = ["--repo=rig/tiny", "--volume=/volume", "--tree=base", f"--endpoint={layout.HUB}"]
    volume = {"name": "volume", "persistentVolumeClaim": {"claimName": "models"}}
    pod = _pod("hydrate", namespace, image=models.hydrator(print), args=flags, volume=volume)
    workload.api.create(pod)
    _succeeds(workload, "hydrate", namespace)
    root = storage.of_claim(workload, namespace, "models")
    trees = [path for path in (root / "trees").iterdir() if (path / ".modelplane-hydrated").is_file()]
    assert [path.name.rpartition("-")[0] for path in trees] == ["base"]


def test_the_engine_refuses_an_empty_volume(workload: Cluster, namespace: str) -> None:
    """The engine ends at once where the commit's files are not."""
    pod = _pod("engine", namespace, image=models.engine(print), args=["--model=/mnt/models"])
    workload.api.create(pod)
    kube.eventually("the engine fails", lambda: _phase(workload, "engine", namespace) == "Failed")
    assert "has no .modelplane-hydrated" in workload.api.log("engine", namespace=namespace)


def _pod(
    name: str, namespace: str, *, image: str, volume: kube.Manifest | None = None, **container: object
) -> kube.Manifest:
    mounts = [{"name": volume["name"], "mountPath": "/volume"}] if volume else []
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "securityContext": RESTRICTED,
        "containers": [
            {"name": "main", "image": image, "securityContext": LOCKED, "volumeMounts": mounts, **container}
        ],
        "volumes": [volume] if volume else [],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _claim(name: str, namespace: str) -> kube.Manifest:
    spec = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": layout.STORAGE_CLASS,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def _phase(workload: Cluster, name: str, namespace: str) -> str:
    return workload.api.get("v1", "Pod", name, namespace=namespace)["status"].get("phase", "")


def _succeeds(workload: Cluster, name: str, namespace: str) -> None:
    ended = ("Succeeded", "Failed")
    kube.eventually(f"pod {name} ends", lambda: _phase(workload, name, namespace) in ended)
    assert _phase(workload, name, namespace) == "Succeeded", workload.api.log(name, namespace=namespace)
