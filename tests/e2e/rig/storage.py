# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Static ReadWriteMany volumes: folders of this machine, as the roots of a real class would be."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from e2e.rig import kube, layout, places
from e2e.rig.kubernetes import Cluster

VERSION = "storage.k8s.io/v1"
MODEL_USER = 1000
GROUP_WRITABLE = 0o2775
ROOT_ONLY = 0o755
SIZE = "100Gi"


def volumes() -> Path:
    """Return the folder of the volumes' roots."""
    return places.state() / "volumes"


def add_class(cluster: Cluster) -> None:
    """Add a storage class without a provisioner."""
    cluster.api.apply(
        {
            "apiVersion": VERSION,
            "kind": "StorageClass",
            "metadata": {"name": layout.STORAGE_CLASS},
            "provisioner": "kubernetes.io/no-provisioner",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": True,
        }
    )


def add_volume(cluster: Cluster, name: str) -> None:
    """Add a volume for any claim: its root is root's, and the pods' group's as kubelet's fsGroup would leave it."""
    folder = volumes() / cluster.name / name
    if not folder.exists():
        folder.mkdir(parents=True)
        os.chown(folder, 0, MODEL_USER)
        folder.chmod(GROUP_WRITABLE)
    cluster.api.apply(_volume(name, folder))


@contextlib.contextmanager
def unwritable(cluster: Cluster, namespace: str, claim: str) -> Generator[None]:
    """Keep a volume that only root may write for one claim, which gets no other."""
    name = f"{namespace}-unwritable"
    folder = volumes() / cluster.name / name
    folder.mkdir(parents=True, mode=ROOT_ONLY)
    volume = _volume(name, folder)
    volume["spec"]["claimRef"] = {"namespace": namespace, "name": claim}
    cluster.api.apply(volume)
    try:
        yield
    finally:
        cluster.api.delete(volume)
        folder.rmdir()


def _volume(name: str, folder: Path) -> kube.Manifest:
    spec = {
        "capacity": {"storage": SIZE},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": layout.STORAGE_CLASS,
        "hostPath": {"path": str(folder), "type": "Directory"},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def of_claim(cluster: Cluster, namespace: str, claim: str) -> Path:
    """Return the folder behind a bound claim."""
    found = cluster.api.get("v1", "PersistentVolumeClaim", claim, namespace=namespace)
    volume = cluster.api.get("v1", "PersistentVolume", found["spec"]["volumeName"])
    return Path(volume["spec"]["hostPath"]["path"])


def provide(cluster: Cluster, count: int) -> None:
    """Keep a number of volumes free, as a provisioner would."""
    free = [
        row
        for row in cluster.api.list("v1", "PersistentVolume")
        if row["status"].get("phase", "Available") == "Available"
        and row["spec"]["storageClassName"] == layout.STORAGE_CLASS
    ]
    made = len(cluster.api.list("v1", "PersistentVolume"))
    for i in range(max(0, count - len(free))):
        add_volume(cluster, f"{kube.MANAGER}-{made + i:03}")
