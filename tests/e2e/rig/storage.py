# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Static ReadWriteMany volumes: folders of this machine, as the roots of a real class would be."""

import os
from pathlib import Path

from e2e.rig import kube, layout, places
from e2e.rig.kubernetes import Cluster

VERSION = "storage.k8s.io/v1"
MODEL_USER = 1000
GROUP_WRITABLE = 0o2775
ROOT_ONLY = 0o755
UNWRITABLE_CLASS = "modelplane-rwx-unwritable"
SIZE = "100Gi"


def volumes() -> Path:
    """Return the folder of the volumes' roots."""
    return places.state() / "volumes"


def add_class(cluster: Cluster, *, name: str = layout.STORAGE_CLASS) -> None:
    """Add a storage class without a provisioner."""
    cluster.api.apply(
        {
            "apiVersion": VERSION,
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": "kubernetes.io/no-provisioner",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": True,
        }
    )


def add_volume(cluster: Cluster, name: str, *, storage_class: str = layout.STORAGE_CLASS) -> Path:
    """Add a volume and return its folder: root's, and of the pods' group as kubelet's fsGroup would leave it."""
    folder = volumes() / cluster.name / name
    writable = storage_class == layout.STORAGE_CLASS
    if not folder.exists():
        folder.mkdir(parents=True)
        os.chown(folder, 0, MODEL_USER if writable else 0)
        folder.chmod(GROUP_WRITABLE if writable else ROOT_ONLY)
    spec = {
        "capacity": {"storage": SIZE},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": storage_class,
        "hostPath": {"path": str(folder), "type": "Directory"},
    }
    metadata = {"name": name}
    cluster.api.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec})
    return folder


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
