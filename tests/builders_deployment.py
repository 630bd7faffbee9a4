# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A deployment among a fleet: what it composes, shown back to it as Crossplane would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import builders
from compose_model_deployment import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

LATER = "2026-06-02T10:00:00Z"


@dataclass(frozen=True)
class Answer:
    """What a deployment answered, as a test asks for it."""

    rsp: fnv1.RunFunctionResponse

    @property
    def replicas(self) -> dict[str, Manifest]:
        """Return the desired replicas by key."""
        return {key: paths.manifest(resource.resource) for key, resource in sorted(self.rsp.desired.resources.items())}

    @property
    def clusters(self) -> list[str]:
        """Return the clusters of the desired replicas, sorted, one entry for each replica."""
        return sorted(one["spec"]["clusterName"] for one in self.replicas.values())

    @property
    def pools(self) -> dict[str, list[str]]:
        """Return the pools of the desired replicas' engines, by key."""
        return {key: pools(one) for key, one in self.replicas.items()}

    @property
    def ready(self) -> bool:
        """Return whether the deployment calls itself ready."""
        return self.rsp.desired.composite.ready == fnv1.READY_TRUE

    @property
    def status(self) -> Manifest:
        """Return the status that it publishes."""
        return paths.manifest(self.rsp.desired.composite.resource)["status"]

    @property
    def warnings(self) -> list[str]:
        """Return the messages of its warnings."""
        return [result.message for result in self.rsp.results if result.severity == fnv1.SEVERITY_WARNING]

    @property
    def fatal(self) -> str:
        """Return the message of its Fatal result, or the empty string."""
        return next((r.message for r in self.rsp.results if r.severity == fnv1.SEVERITY_FATAL), "")

    def said(self, typ: str) -> tuple[str, str]:
        """Return reason and message of a condition."""
        return next((c.reason, c.message) for c in self.rsp.conditions if c.type == typ)

    def holds(self, typ: str) -> bool:
        """Return whether a condition is True."""
        return any(c.type == typ and c.status == fnv1.STATUS_CONDITION_TRUE for c in self.rsp.conditions)


def pools(replica: Manifest) -> list[str]:
    """Return the pool of each engine of a replica."""
    spec = replica["spec"]
    if "workers" in spec:
        return [spec["workers"].get("nodePoolName", "")]
    return [engine["members"][0]["nodePoolName"] for engine in spec["engines"]]


@dataclass(frozen=True)
class World:
    """A deployment with what is around it. `own` are its replicas by key, `others` those of other deployments."""

    xr: Manifest
    clusters: Sequence[Manifest] = ()
    own: Mapping[str, Manifest] = field(default_factory=dict)
    others: Sequence[Manifest] = ()
    cache: Manifest | None = None
    unresolved: Sequence[str] = ()
    unlisted: Sequence[str] = ()

    def request(self) -> fnv1.RunFunctionRequest:
        """Return Crossplane's request; `unresolved` needs lack, `unlisted` own replicas are not among the fleet's."""
        listed = [replica for key, replica in self.own.items() if key not in self.unlisted]
        required: dict[str, Any] = {
            "clusters": self.clusters,
            "replicas": [*listed, *self.others],
            "cache": [self.cache] if self.cache else [],
        }
        required |= dict.fromkeys(self.unresolved)
        return builders.request(self.xr, observed=self.own, required=required)

    def answer(self) -> Answer:
        """Return what the deployment answers."""
        return Answer(runtime.answer(fn.compose, self.request()))

    def next(self, *, ready: bool | None = True, created: str = builders.CREATED, **changes: Any) -> "World":  # noqa: ANN401  fields of a world
        """Return the world after what was answered is observed, and something changed."""
        desired = self.answer().replicas
        shown = {key: self._shown(key, one, ready=ready, created=created) for key, one in desired.items()}
        return replace(self, own=shown, **changes)

    def _shown(self, key: str, manifest: Manifest, *, ready: bool | None, created: str) -> Manifest:
        if key in self.own:
            before = self.own[key]
            metadata = {**before["metadata"], "labels": manifest["metadata"].get("labels", {})}
            return {**before, "metadata": metadata, "spec": manifest["spec"]}
        out = builders.observed(manifest, key=key, owner=self.xr, ready=ready)
        out["metadata"]["creationTimestamp"] = created
        if ready:
            out["status"]["everReady"] = True
        return out


def settled(xr: Manifest, clusters: Sequence[Manifest], **more: Any) -> World:  # noqa: ANN401  fields of a world
    """Return a world whose deployment has placed its replicas, all ready."""
    return World(xr, clusters, **more).next()


def gpus(count: int = 8, *selectors: str) -> list[Manifest]:
    """Return the devices of a member that asks for GPUs of some kind."""
    found = [{"cel": selector} for selector in selectors or (builders.ANY_GPU,)]
    return [{"name": "gpu", "count": count, "selectors": found}]


def memory(least: str) -> str:
    """Return a selector of GPUs with at least so much memory."""
    return f'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("{least}")) >= 0'


def explicit(
    name: str = "qwen",
    *,
    replicas: int = 1,
    devices: Sequence[Manifest] | None = None,
    **more: Any,  # noqa: ANN401  passed on to deployment
) -> Manifest:
    """Return a deployment of the second shape with one Standalone engine that asks for these devices."""
    engine = builders.engine("main", builders.member(devices=devices))
    return builders.deployment(name, replicas=replicas, engines=[engine], **more)
