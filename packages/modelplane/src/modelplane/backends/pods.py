# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The pod of a member, the same under every backend."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from google.protobuf.struct_pb2 import Struct

from modelplane import engines, labels, paths
from modelplane.backends import base
from modelplane.backends.base import Mount
from modelplane.engines import Engine, Member
from modelplane.paths import Manifest
from modelplane.remote import Readiness

_CLAIM = "devices"
_PROBE = {
    "httpGet": {"path": "/health", "port": base.ENGINE_PORT},
    "initialDelaySeconds": 30,
    "periodSeconds": 10,
    "timeoutSeconds": 5,
}
_TOLERATION = {"key": engines.NVIDIA_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose pods they are, what they mount, and the ResourceClaimTemplate of each role that claims devices."""

    workload: str
    namespace: str
    replica: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    mount: Mount | None = None
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """How an engine becomes one kind of workload, and how that is read back.

    key        prefix of the composed-resource key: another kind of workload is another object
    available  the status field that counts the copies that serve
    pod_specs  the specs of the pods of an observed workload; none where one cannot be read
    """

    key: str
    available: str
    readiness: Readiness
    workload: Callable[[Engine, Place], Manifest]
    pod_specs: Callable[[Struct], list[Struct]]


def metadata(place: Place) -> Manifest:
    """Return the metadata of a workload."""
    return {"name": place.workload, "namespace": place.namespace, "labels": dict(place.metadata)}


def selector(place: Place) -> dict[str, str]:
    """Return the labels by which a workload knows its pods."""
    return {labels.WORKLOAD: place.workload}


def template(member: Member, place: Place, **overrides: object) -> Manifest:
    """Return the pod template of a member; `overrides` replace fields of its container, an empty one removes it."""
    volumes, mounts = base.cache_mounts(place.mount)
    given = {**member.container, **overrides}
    container = {key: value for key, value in given.items() if value}
    container["volumeMounts"] = [{"name": "dshm", "mountPath": "/dev/shm"}, *mounts]  # noqa: S108  every pod's own
    container["resources"] = _resources(member, place)
    if serves(member):
        container["ports"] = [{"name": "http", "containerPort": base.ENGINE_PORT, "protocol": "TCP"}]
        container["readinessProbe"] = _PROBE
    spec: Manifest = {
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}, *volumes],
        "tolerations": [_TOLERATION],
    }
    return {"metadata": _metadata(member, place), "spec": {**spec, **_optional(member, place)}}


def serves(member: Member) -> bool:
    """Return whether the member's pods answer the OpenAI API."""
    return member.role != "Worker"


def claimed(pod: Struct) -> Iterator[str]:
    """Yield the ResourceClaimTemplates that a pod's spec names."""
    for claim in paths.children(pod, "resourceClaims"):
        yield paths.text(claim, "resourceClaimTemplateName")


def _metadata(member: Member, place: Place) -> Manifest:
    own = {labels.REPLICA: place.replica, **selector(place)}
    if member.role != "Standalone":
        own[labels.LWS_ROLE] = member.role.lower()
    if serves(member):
        own |= base.serving_labels(place.replica)
    out: Manifest = {"labels": {**member.labels, **own}}
    return {**out, "annotations": member.annotations} if member.annotations else out


def _resources(member: Member, place: Place) -> Manifest:
    limits: dict[str, int] = {}
    for device in member.devices:
        if device.extended_resource:
            limits[device.extended_resource] = limits.get(device.extended_resource, 0) + device.count
    out: Manifest = {"limits": {name: str(count) for name, count in limits.items()}} if limits else {}
    return {**out, "claims": [{"name": _CLAIM}]} if member.role in place.claims else out


def _optional(member: Member, place: Place) -> Manifest:
    out: Manifest = {}
    if member.pool:
        out["nodeSelector"] = {labels.POOL: member.pool}
    if member.pull_secrets:
        out["imagePullSecrets"] = [{"name": name} for name in member.pull_secrets]
    if member.role in place.claims:
        out["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": place.claims[member.role]}]
    return out
