# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The node pools that an InferenceCluster publishes as its capacity, in either shape of its status."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.struct_pb2 import ListValue, Struct

from modelplane import paths
from modelplane.engines import NVIDIA_DRIVER, NVIDIA_RESOURCE

DRA = "DRA"
"""Claimed by a ResourceClaim through the device's DeviceClass."""
EXTENDED_RESOURCE = "ExtendedResource"
"""Claimed by a container's limits under the device's extended resource."""
SYNTHETIC = "Synthetic"
"""Not claimed at all: it only describes the nodes to selectors."""

Attribute = str | bool | int


@dataclass(frozen=True, slots=True)
class Device:
    """One kind of device on each node of a pool, as DRA would describe it.

    `versions` are the attributes that are semantic versions, `attributes` all others; both live in the CEL domain of
    the driver. `capacity` values are Kubernetes quantities, as written.
    """

    name: str
    claim: str
    driver: str
    device_class: str
    extended_resource: str
    count: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    capacity: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Pool:
    """Alike nodes of one cluster; no nodes are an unknown number. Pools with equal devices share one `devices`."""

    name: str
    nodes: int
    devices: tuple[Device, ...]


def read(cluster: Struct) -> tuple[Pool, ...]:
    """Return the pools of an InferenceCluster by name; a pool without a name is no pool."""
    found = paths.find(cluster, "status", "gpuPools")
    if found is None:
        return _sorted(_first_shape(p) for p in paths.children(cluster, "status", "capacity", "gpuPools"))
    return _pools(found.list_value.SerializeToString(deterministic=True))


@functools.lru_cache(maxsize=2048)
def _pools(raw: bytes) -> tuple[Pool, ...]:
    """Read a list of pools from its bytes: what a cluster offers seldom changes."""
    return _sorted(_pool(v.struct_value) for v in ListValue.FromString(raw).values if v.HasField("struct_value"))


def _sorted(pools: Iterable[Pool]) -> tuple[Pool, ...]:
    return tuple(sorted((pool for pool in pools if pool.name), key=lambda pool: pool.name))


def _pool(obj: Struct) -> Pool:
    listed = paths.find(obj, "devices")
    raw = listed.list_value.SerializeToString(deterministic=True) if listed is not None else b""
    return Pool(paths.text(obj, "name"), max(0, paths.whole(obj, "nodes")), _devices(raw))


def _first_shape(obj: Struct) -> Pool:
    """Read a pool of the first shape: one kind of GPU, known by its accelerator type, which is also the pool's name."""
    gpu = Device(
        name="gpu",
        claim=EXTENDED_RESOURCE,
        driver=NVIDIA_DRIVER,
        device_class="",
        extended_resource=NVIDIA_RESOURCE,
        count=paths.whole(obj, "countPerNode"),
        capacity={"memory": paths.text(obj, "memory")} if paths.has(obj, "memory") else {},
    )
    return Pool(paths.text(obj, "acceleratorType"), max(0, paths.whole(obj, "nodes")), (gpu,))


@functools.lru_cache(maxsize=4096)
def _devices(raw: bytes) -> tuple[Device, ...]:
    """Read a list of devices from its bytes: fleets repeat few of them many times."""
    found = (v.struct_value for v in ListValue.FromString(raw).values if v.HasField("struct_value"))
    return tuple(sorted(map(_device, found), key=lambda device: device.name))


def _device(obj: Struct) -> Device:
    attributes: dict[str, Attribute] = {}
    versions: dict[str, str] = {}
    for key, value in paths.child(obj, "attributes").fields.items():
        for typ, given in value.struct_value.fields.items():
            if typ == "version":
                versions[key] = given.string_value
            elif typ in ("string", "bool", "int"):
                attributes[key] = paths.plain(given)
    capacity = paths.child(obj, "capacity").fields
    return Device(
        name=paths.text(obj, "name"),
        claim=paths.text(obj, "claim") or DRA,
        driver=paths.text(obj, "driver"),
        device_class=paths.text(obj, "deviceClassName"),
        extended_resource=paths.text(obj, "extendedResourceName"),
        count=paths.whole(obj, "count", default=1),
        attributes=attributes,
        versions=versions,
        capacity={key: paths.text(value.struct_value, "value") for key, value in capacity.items()},
    )
