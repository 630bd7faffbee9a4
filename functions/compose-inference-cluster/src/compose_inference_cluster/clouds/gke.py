# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters on Google Kubernetes Engine."""

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, pools
from modelplane.classes import HardwareClass
from modelplane.paths import Manifest, text

from compose_inference_cluster.clouds.row import Cloud, refuses_class, refuses_size, reported
from compose_inference_cluster.inputs import Pool, Wanted


def _spec(wanted: Wanted, given: list[Manifest]) -> Manifest:
    passed = ("region", "project", "kubernetesVersion", "credentials")
    system = {"name": clusters.SYSTEM_POOL, "role": "System", "machineType": clusters.SYSTEM_MACHINE["GKE"]}
    block = {key: wanted.block[key] for key in passed if key in wanted.block}
    return {**block, "nodePools": given or [system]}


def _pool(pool: Pool, hardware: HardwareClass) -> Manifest:
    recipe: Manifest = dict(hardware.recipe)
    accelerator = recipe["accelerator"]
    return {
        "name": pool.name,
        "role": "GPU",
        "machineType": recipe["machineType"],
        "diskSizeGb": recipe.get("diskSizeGb", 100),
        "gpu": {
            "acceleratorType": accelerator["type"],
            "acceleratorCount": accelerator["count"],
            "claim": pools.EXTENDED_RESOURCE if hardware.extended else pools.DRA,
        },
        "zones": list(pool.zones),
        **pool.counts,
    }


def _refuses(wanted: Wanted, pool: Pool, hardware: HardwareClass) -> str:
    lacks = refuses_class(hardware, "GKE", "machineType", ("type", "count"))
    return lacks or _refuses_zones(wanted, pool) or refuses_size(pool)


def _refuses_zones(wanted: Wanted, pool: Pool) -> str:
    region = wanted.block.get("region")
    elsewhere = [zone for zone in pool.zones if not zone.startswith(f"{region}-")]
    if not pool.zones:
        return f"zones is missing: name zones of region {region!r}, as {region}-a"
    if elsewhere:
        return f"zones {list(pool.zones)} are not all in region {region!r}: name zones of it, as {region}-a"
    return ""


def _storage(made: Struct) -> Manifest | None:
    """Return the Filestore class pinned to the cluster's VPC: without a network it would use `default`."""
    network = text(made, "status", "network", "name")
    if not network:
        return None
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": clusters.DEFAULT_STORAGE_CLASS["GKE"]},
        "provisioner": "filestore.csi.storage.gke.io",
        "parameters": {"tier": "standard", "network": network},
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
    }


CLOUD = Cloud(
    source="GKE",
    kind="GKECluster",
    spec=_spec,
    pool=_pool,
    refuses=_refuses,
    secrets=reported,
    storage=_storage,
    driver_root="/home/kubernetes/bin/nvidia",
    storage_note="Filestore's basic HDD tier makes, and bills, at least 1 TiB for each volume, whatever is asked.",
)
