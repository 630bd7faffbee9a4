# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What is composed already: the workloads, what their pods mount and claim, on which cluster they are."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import meta, paths, readiness, remote
from modelplane.backends import base, llmd, native, pods
from modelplane.backends.base import Mount
from modelplane.backends.pods import Backend

BACKENDS = {backend.key: backend for backend in (native.BACKEND, llmd.BACKEND)}
"""Backends by the prefix of their composed-resource keys."""


@dataclass(frozen=True, slots=True)
class Pods:
    """What the pods of a workload mount and claim."""

    mount: Mount | None
    claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class Workload:
    """An observed workload: what it was `asked` to run and what is `reported`, each None where it cannot be read."""

    key: str
    engine: str
    cluster: str
    provider_config: str
    ready: bool
    available: int
    asked: Pods | None
    reported: Pods | None


def workloads(req: fnv1.RunFunctionRequest) -> dict[str, Workload]:
    """Return the observed workloads by composed-resource key, in the keys' order."""
    out: dict[str, Workload] = {}
    for key in sorted(req.observed.resources):
        prefix, _, engine = key.partition("-")
        if prefix in BACKENDS:
            out[key] = _workload(req.observed.resources[key].resource, BACKENDS[prefix], key=key, engine=engine)
    return out


def ready(req: fnv1.RunFunctionRequest, key: str) -> bool:
    """Return whether a composed resource is observed and ready."""
    if key not in req.observed.resources:
        return False
    obj = req.observed.resources[key].resource
    return readiness.ready(obj, meta.statuses(obj))


def settled(existing: Mapping[str, Workload], wanted: Mapping[str, Pods]) -> frozenset[str]:
    """Return the engines whose pods have all become as wanted, the last old one gone."""
    found = ((existing.get(key), pods) for key, pods in wanted.items())
    return frozenset(w.engine for w, pods in found if w is not None and w.ready and w.reported == pods)


def provider_config(found: Iterable[Workload]) -> str:
    """Return the provider config that the workloads have, or the empty string."""
    return next((w.provider_config for w in found if w.provider_config), "")


def mount(found: Iterable[Workload]) -> Mount | None:
    """Return what the workloads mount, None where none of them mounts anything."""
    return next((w.asked.mount for w in found if w.asked is not None and w.asked.mount is not None), None)


def _workload(obj: Struct, backend: Backend, *, key: str, engine: str) -> Workload:
    reported = remote.reported(obj)
    return Workload(
        key=key,
        engine=engine,
        cluster=remote.cluster_of(obj),
        provider_config=paths.text(obj, "spec", "providerConfigRef", "name"),
        ready=readiness.ready(obj, meta.statuses(obj)),
        available=paths.whole(reported, "status", backend.available),
        asked=_pods(tuple(map(_raw, backend.pod_specs(remote.desired(obj))))),
        reported=_pods(tuple(map(_raw, backend.pod_specs(reported)))),
    )


def _raw(spec: Struct) -> bytes:
    return spec.SerializeToString(deterministic=True)


@functools.lru_cache(maxsize=512)
def _pods(raw: tuple[bytes, ...]) -> Pods | None:
    """Read the specs of a workload's pods from their bytes; pods that mount different models cannot be told."""
    specs = [Struct.FromString(spec) for spec in raw]
    claims = frozenset(claim for spec in specs for claim in pods.claimed(spec))
    mounts = {base.mounted(spec) for spec in specs}
    return Pods(mounts.pop(), claims) if len(mounts) == 1 else None
