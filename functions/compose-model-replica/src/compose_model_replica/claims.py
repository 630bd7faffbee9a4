# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How pods claim devices: as their pool offers them, by a ResourceClaimTemplate or by limits."""

import json
from dataclasses import dataclass, replace

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import names, paths, pools, remote
from modelplane.engines import NVIDIA_DRIVER, NVIDIA_RESOURCE, DeviceRequest, Engine, Member
from modelplane.paths import Manifest
from modelplane.pools import Device

KEY = "claim"


@dataclass(frozen=True, slots=True)
class Offer:
    """How a pool offers GPUs; both are empty where they are not claimed at all."""

    device_class: str = ""
    extended_resource: str = ""


LIMITS = Offer(extended_resource=NVIDIA_RESOURCE)


@dataclass(frozen=True, slots=True)
class Template:
    """A ResourceClaimTemplate. It is immutable: the hash of its content is part of its name and of its key."""

    key: str
    name: str
    spec: Manifest


def offer(req: fnv1.RunFunctionRequest, engines: tuple[Engine, ...], *, cluster: Struct) -> Offer:
    """Return how GPUs are claimed that a request asks for without saying how.

    An unknown pool changes nothing for pods that run; new ones get limits.
    """
    member = engines[0].members[0]
    asked = next((device for device in member.devices if _is_open(device)), None)
    if asked is None:
        return LIMITS
    pool = next((pool for pool in pools.read(cluster) if pool.name == member.pool), None)
    gpus = [device for device in pool.devices if _is_gpu(device)] if pool is not None else []
    if not gpus:
        return _as_composed(req)
    return _offer(max(gpus, key=lambda device: (device.claim != pools.SYNTHETIC, device.count >= asked.count)))


def resolved(member: Member, given: Offer) -> Member:
    """Return the member with every request saying how it is claimed."""
    if not any(map(_is_open, member.devices)):
        return member
    open_to = {"device_class": given.device_class, "extended_resource": given.extended_resource}
    return replace(member, devices=tuple(replace(d, **open_to) if _is_open(d) else d for d in member.devices))


def template(member: Member, engine: str, *owner: str) -> Template | None:
    """Return the claim of a member's devices by DRA, None where it makes none; equal claims of an engine are one."""
    requests = [_request(device) for device in member.devices if device.device_class]
    if not requests:
        return None
    spec = {"spec": {"devices": {"requests": requests}}}
    content = names.digest(json.dumps(spec, sort_keys=True))
    return Template(f"{KEY}-{engine}-{content}", names.child(*owner, engine, content), spec)


def engine_of(key: str) -> str:
    """Return the engine that a claim's composed-resource key names."""
    return key.removeprefix(f"{KEY}-").rpartition("-")[0]


def _is_open(device: DeviceRequest) -> bool:
    return not device.device_class and not device.extended_resource


def _is_gpu(device: Device) -> bool:
    """Return whether it is a GPU of which is known how it is claimed."""
    how = {pools.DRA: device.device_class, pools.EXTENDED_RESOURCE: device.extended_resource, pools.SYNTHETIC: "not"}
    return device.driver == NVIDIA_DRIVER and bool(how.get(device.claim))


def _offer(device: Device) -> Offer:
    if device.claim == pools.DRA:
        return Offer(device_class=device.device_class)
    return Offer(extended_resource=device.extended_resource if device.claim == pools.EXTENDED_RESOURCE else "")


def _as_composed(req: fnv1.RunFunctionRequest) -> Offer:
    for key in sorted(req.observed.resources):
        if key.startswith(f"{KEY}-"):
            manifest = remote.desired(req.observed.resources[key].resource)
            for asked in paths.children(manifest, "spec", "spec", "devices", "requests"):
                return Offer(device_class=paths.text(asked, "exactly", "deviceClassName") or NVIDIA_DRIVER)
    return LIMITS


def _request(device: DeviceRequest) -> Manifest:
    exactly: Manifest = {
        "deviceClassName": device.device_class,
        "allocationMode": "ExactCount",
        "count": device.count,
    }
    if device.selectors:
        exactly["selectors"] = [{"cel": {"expression": selector}} for selector in device.selectors]
    return {"name": device.name, "exactly": exactly}
