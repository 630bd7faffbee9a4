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
    """Return the pools; one whose class is lost or does not fit any more stays as it was."""
    before = {paths.text(pool, "name"): pool for pool in paths.children(made, "spec", "nodePools")}
    shown = {paths.text(pool, "name"): pool for pool in paths.children(wanted.xr.obj, "status", "gpuPools")}
    asked: list[Manifest] = []
    published: list[Manifest] = []
    refused: list[str] = []
    for pool in wanted.pools:
        hardware = found.get(pool.class_name)
        why = _refusal(wanted, cloud, pool, hardware)
        if why:
            refused.append(f"nodePools[{pool.name}]: {why}")
        if hardware is not None and not why:
            asked.append(cloud.pool(pool, hardware))
            published.append({"name": pool.name, "nodes": pool.largest, "devices": list(hardware.devices)})
            continue
        asked += [paths.manifest(before[pool.name])] if pool.name in before else []
        published += [paths.manifest(shown[pool.name])] if pool.name in shown else []
    return Capacity(asked, published, tuple(refused))


def _refusal(wanted: Wanted, cloud: Cloud, pool: Pool, hardware: HardwareClass | None) -> str:
    if hardware is None:
        return f"className names no InferenceClass {pool.class_name!r} that can be read: create or mend it"
    return cloud.refuses(wanted, pool, hardware)
