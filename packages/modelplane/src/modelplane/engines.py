# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The one internal form of an engine, whichever shape of the API a manifest has.

The first shape (`workers`) is turnkey: Modelplane knows vLLM, and GPUs are all it asks for. The second (`engines`) is
explicit: members with containers and device requests of their own. Nothing below this module asks which it was.
"""

from dataclasses import dataclass
from typing import Literal

from modelplane.paths import Manifest

Role = Literal["Standalone", "Leader", "Worker"]

TURNKEY_NAME = "engine"
"""The name of the one engine of a turnkey deployment; also what every engine's container is called."""

NVIDIA_DRIVER = "gpu.nvidia.com"
"""The DRA driver of NVIDIA GPUs, and the CEL domain of their attributes."""
NVIDIA_RESOURCE = "nvidia.com/gpu"
"""The extended resource under which NVIDIA's device plugin offers whole GPUs."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """Devices that each pod of a member asks for.

    A deployment's request has CEL selectors in DRA's dialect, which decide the pool. A replica's carries how its pool
    offers the device: a DRA DeviceClass, or an extended resource; both are empty until the pool is known.
    """

    name: str
    count: int
    selectors: tuple[str, ...] = ()
    device_class: str = ""
    extended_resource: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One kind of pod of an engine; `nodes` pods of it belong to one copy of the engine."""

    role: Role
    nodes: int
    container: Manifest
    labels: Manifest
    annotations: Manifest
    pull_secrets: tuple[str, ...]
    devices: tuple[DeviceRequest, ...]
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """What serves: one Standalone member, or a gang of a Leader and its Workers, `copies` times.

    `turnkey` engines are vLLM without a command of the user's own: Modelplane adds its flags and, for a gang, Ray.
    """

    name: str
    copies: int
    phase: str
    members: tuple[Member, ...]
    turnkey: bool = False
    tensor: int = 1
    pipeline: int = 1

    @property
    def gang(self) -> bool:
        """Return whether the engine spans several pods."""
        return len(self.members) > 1


def gpus(count: int) -> DeviceRequest:
    """Return what each pod of a turnkey engine asks for: whole NVIDIA GPUs, whichever."""
    return DeviceRequest("gpu", count, (f'device.driver == "{NVIDIA_DRIVER}"',))


def read(spec: Manifest) -> tuple[Engine, ...]:
    """Return the engines of a ModelReplica's spec, or of a ModelDeployment's spec (turnkey) or template spec."""
    if "workers" in spec:
        return (_turnkey(spec["workers"]),)
    return tuple(_engine(engine) for engine in spec.get("engines", ()))


def _turnkey(workers: Manifest) -> Engine:
    topology = workers["topology"]
    tensor, pipeline = topology["tensor"], topology.get("pipeline", 1)
    devices = (gpus(tensor),)
    pool = workers.get("nodePoolName", "")
    if pipeline == 1:
        members = (_member(workers["template"], "Standalone", 1, devices, pool),)
    else:
        roles: tuple[tuple[Role, int], ...] = (("Leader", 1), ("Worker", pipeline - 1))
        members = tuple(_member(workers["template"], role, nodes, devices, pool) for role, nodes in roles)
    return Engine(
        name=TURNKEY_NAME,
        copies=workers.get("count", 1),
        phase="",
        members=members,
        turnkey=not members[0].container.get("command"),
        tensor=tensor,
        pipeline=pipeline,
    )


def _engine(engine: Manifest) -> Engine:
    return Engine(
        name=engine["name"],
        copies=engine.get("copies", 1),
        phase=engine.get("phase", ""),
        members=tuple(_explicit(member) for member in engine["members"]),
    )


def _explicit(member: Manifest) -> Member:
    asked = member.get("deviceRequests") or member.get("nodeSelector", {}).get("devices", ())
    nodes = member.get("worker", {}).get("nodes", 1)
    devices = tuple(_request(device) for device in asked)
    role = member.get("role", "Standalone")
    return _member(member["template"], role, nodes, devices, member.get("nodePoolName", ""))


def _request(device: Manifest) -> DeviceRequest:
    return DeviceRequest(
        name=device["name"],
        count=device.get("count", 1),
        selectors=tuple(selector["cel"] for selector in device.get("selectors", ()) if "cel" in selector),
        device_class=device.get("deviceClassName", ""),
        extended_resource=device.get("extendedResourceName", ""),
    )


def _member(template: Manifest, role: Role, nodes: int, devices: tuple[DeviceRequest, ...], pool: str) -> Member:
    metadata, pod = template.get("metadata", {}), template["spec"]
    return Member(
        role=role,
        nodes=nodes,
        container=pod["containers"][0],
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        pull_secrets=tuple(secret["name"] for secret in pod.get("imagePullSecrets", ())),
        devices=devices,
        pool=pool,
    )
