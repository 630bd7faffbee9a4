# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters on Amazon's Elastic Kubernetes Service."""

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, pools
from modelplane.classes import HardwareClass
from modelplane.composed import listed
from modelplane.paths import Manifest, text

from compose_inference_cluster.clouds.row import Cloud, refuses_class, refuses_size, reported
from compose_inference_cluster.inputs import Pool, Wanted

_FIXED = ("diskSizeGb", "fabric", "instanceType", "zones")


def _spec(wanted: Wanted, given: list[Manifest]) -> Manifest:
    passed = ("region", "kubernetesVersion", "credentials")
    system = {"name": clusters.SYSTEM_POOL, "role": "System", "instanceType": clusters.SYSTEM_MACHINE["EKS"]}
    block = {key: wanted.block[key] for key in passed if key in wanted.block}
    elsewhere = clusters.elsewhere(_beside(wanted), _region(wanted))
    beside = [zone for zone in _beside(wanted) if zone not in elsewhere]
    block |= {"zones": beside} if beside else {}
    # An owner's class needs no file system of ours; one that is there stays.
    files = "Managed" if wanted.makes_class else "External"
    return {**block, "fileSystem": files, "nodePools": given or [system]}


def _pool(pool: Pool, hardware: HardwareClass) -> Manifest:
    recipe: Manifest = dict(hardware.recipe)
    block = {"capacityBlock": {"capacityReservationId": pool.reservation}} if pool.reservation else {}
    return {
        "name": pool.name,
        "role": "GPU",
        "instanceType": recipe["instanceType"],
        "diskSizeGb": recipe.get("diskSizeGb", 100),
        "gpu": {
            "acceleratorType": recipe["accelerator"]["type"],
            "claim": pools.EXTENDED_RESOURCE if hardware.extended else pools.DRA,
        },
        "zones": list(pool.zones),
        "fabric": pool.fabric,
        **block,
        **pool.counts,
    }


def _refuses(wanted: Wanted, pool: Pool, hardware: HardwareClass) -> str:
    lacks = refuses_class(hardware, "EKS", "instanceType", ("type",))
    return lacks or _refuses_zones(wanted, pool) or refuses_size(pool) or _refuses_none(pool)


def _refuses_zones(wanted: Wanted, pool: Pool) -> str:
    region = _region(wanted)
    elsewhere = clusters.elsewhere(pool.zones, region)
    if not pool.zones:
        return f"zones is missing: name zones of region {region!r}, as {region}a"
    if elsewhere:
        return f"zones {elsewhere} are not in region {region!r}: name zones of it, as {region}a"
    if pool.reservation and len(pool.zones) > 1:
        return f"capacityBlock is of one zone, not of {list(pool.zones)}: name that zone alone"
    return ""


def _refuses_none(pool: Pool) -> str:
    return "" if pool.largest else "EKS makes no pool that stays without nodes: raise nodeCount, or set maxNodeCount"


def _fixed(pool: Manifest) -> Manifest:
    return {"capacityBlock": "capacityBlock" in pool, **{key: pool.get(key) for key in _FIXED}}


def _lacks(wanted: Wanted, given: list[Manifest], made: Struct) -> str:
    """Return what is wrong with the zones of all; how many a cluster has that is made, it knows itself."""
    region, beside = _region(wanted), _beside(wanted)
    elsewhere = clusters.elsewhere(beside, region)
    if elsewhere:
        where = f"spec.cluster.eks.zones {elsewhere} are not in region {region!r}"
        return f"{where}: name zones of it, as {region}a"
    if made.fields or not given:
        return ""
    every = {*beside, *(zone for pool in given for zone in pool["zones"])}
    if len(every) >= clusters.EKS_LEAST_ZONES:
        return ""
    least, only = clusters.EKS_LEAST_ZONES, listed(sorted(every))
    return f"EKS needs {least} zones or more, and only {only} is named: add others to spec.cluster.eks.zones"


def _region(wanted: Wanted) -> str:
    return str(wanted.block.get("region"))


def _beside(wanted: Wanted) -> list[str]:
    """Return the zones that are named beside those of the pools."""
    found = wanted.block.get("zones")
    return [zone for zone in found if isinstance(zone, str)] if isinstance(found, list) else []


def _storage(made: Struct) -> Manifest | None:
    """Return the class of EFS on the cluster's own file system: an access point for each volume, owned by uid 1000."""
    system = text(made, "status", "fileSystem", "id")
    if not system:
        return None
    owner = {"uid": "1000", "gid": "1000", "directoryPerms": "700"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": clusters.DEFAULT_STORAGE_CLASS["EKS"]},
        "provisioner": "efs.csi.aws.com",
        "parameters": {"provisioningMode": "efs-ap", "fileSystemId": system, **owner},
        "volumeBindingMode": "Immediate",
        # EFS has no sizes to expand, but without it the API server would refuse a cache that asks for more.
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
    }


CLOUD = Cloud(
    source="EKS",
    kind="EKSCluster",
    spec=_spec,
    pool=_pool,
    refuses=_refuses,
    fixed=_fixed,
    lacks=_lacks,
    secrets=reported,
    storage=_storage,
    storage_note="EFS bills what is stored, and each gigabyte that is read or written, whatever size is asked.",
)
