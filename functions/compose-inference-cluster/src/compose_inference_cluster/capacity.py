# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The node pools: what the cloud is asked for, what is published, and which of them cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.struct_pb2 import Struct
from modelplane import paths
from modelplane.classes import HardwareClass
from modelplane.paths import Manifest

from compose_inference_cluster.clouds.row import Cloud
from compose_inference_cluster.inputs import Pool, Wanted


@dataclass(frozen=True)
class Capacity:
    """The pools as the cloud's XR has them and as the status shows them, and a line for each that is refused."""

    asked: list[Manifest] = field(default_factory=list)
    shown: list[Manifest] = field(default_factory=list)
    refused: tuple[str, ...] = ()


def capacity(wanted: Wanted, cloud: Cloud, found: Mapping[str, HardwareClass], made: Struct) -> Capacity:
    """Return the pools; one that cannot be what it is asked to be stays as it was."""
    before = {paths.text(pool, "name"): paths.manifest(pool) for pool in paths.children(made, "spec", "nodePools")}
    shown = {paths.text(pool, "name"): pool for pool in paths.children(wanted.xr.obj, "status", "gpuPools")}
    asked: list[Manifest] = []
    published: list[Manifest] = []
    refused: list[str] = []
    for pool in wanted.pools:
        hardware, was = found.get(pool.class_name), before.get(pool.name)
        why = _refusal(wanted, cloud, pool, hardware)
        asks = cloud.pool(pool, hardware) if hardware is not None and not why else None
        why = why or _moved(cloud, was, asks)
        if why:
            refused.append(f"nodePools[{pool.name}]: {why}")
        if hardware is not None and asks is not None and not why:
            asked.append(asks)
            published.append({"name": pool.name, "nodes": pool.largest, "devices": list(hardware.devices)})
            continue
        asked += [was] if was is not None else []
        published += [paths.manifest(shown[pool.name])] if pool.name in shown else []
    lacks = cloud.lacks(wanted, asked, made)
    if lacks and not made.fields:
        asked, published = [], []
    return Capacity(asked, published, (*refused, lacks) if lacks else tuple(refused))


def _refusal(wanted: Wanted, cloud: Cloud, pool: Pool, hardware: HardwareClass | None) -> str:
    if hardware is None:
        return f"className names no InferenceClass {pool.class_name!r} that can be read: create or mend it"
    return cloud.refuses(wanted, pool, hardware)


def _moved(cloud: Cloud, was: Manifest | None, asks: Manifest | None) -> str:
    """Return what a pool that stands is asked to become and cannot, or the empty string."""
    if was is None or asks is None:
        return ""
    before, after = cloud.fixed(was), cloud.fixed(asks)
    moved = " and ".join(sorted(key for key in after if after[key] != before[key]))
    return f"{moved} cannot change in a pool that stands: undo that, or make a pool of another name" if moved else ""
