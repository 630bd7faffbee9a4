# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an InferenceClass says of a node, in either shape of its spec."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from google.protobuf.struct_pb2 import Struct

from modelplane import meta, paths, pools
from modelplane.engines import NVIDIA_DRIVER, NVIDIA_RESOURCE
from modelplane.errors import Unreadable
from modelplane.inputs import Need
from modelplane.paths import Manifest

API_VERSION = "modelplane.ai/v1alpha1"
KIND = "InferenceClass"

EVERY = Need(name="classes", api_version=API_VERSION, kind=KIND)


@dataclass(frozen=True, slots=True)
class HardwareClass:
    """The recipe of a node: its devices as a pool publishes them, and how a provider makes it.

    `provider` is empty where nobody can make such nodes, `recipe` is that provider's own block.
    """

    name: str
    provider: str
    recipe: Mapping[str, object] = field(hash=False)
    devices: tuple[Manifest, ...] = field(hash=False)

    @property
    def extended(self) -> bool:
        """Return whether pods take its GPUs as an extended resource, so that the nodes need the device plugin."""
        return any(device.get("claim") == pools.EXTENDED_RESOURCE for device in self.devices)


def read(obj: Struct) -> HardwareClass:
    """Read an InferenceClass by path; raise Unreadable where it names no device."""
    spec = paths.child(obj, "spec")
    provider = paths.text(spec, "provisioning", "provider")
    name, devices = meta.name(obj), tuple(_devices(spec))
    if not devices:
        raise Unreadable(f"cannot read InferenceClass {name!r}: it names no device")
    return HardwareClass(name, provider, paths.manifest(paths.child(spec, "provisioning", provider.lower())), devices)


def _devices(spec: Struct) -> list[Manifest]:
    explicit = [paths.manifest(obj) for obj in paths.children(spec, "devices")]
    named = [d for d in explicit if isinstance(d.get("name"), str) and isinstance(d.get("driver"), str)]
    if named or not paths.has(spec, "resources", "gpu"):
        return sorted(named, key=lambda device: device["name"])
    return [gpus(paths.whole(spec, "resources", "gpu", "count"), paths.text(spec, "resources", "gpu", "memory"))]


def gpus(count: int, memory: str) -> Manifest:
    """Return the device that the first shape's resources.gpu stands for."""
    out: Manifest = {
        "name": "gpu",
        "claim": pools.EXTENDED_RESOURCE,
        "driver": NVIDIA_DRIVER,
        "extendedResourceName": NVIDIA_RESOURCE,
        "count": count,
    }
    return {**out, "capacity": {"memory": {"value": memory}}} if memory else out
