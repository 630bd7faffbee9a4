# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A gang of pods is one copy of the engine: a LeaderWorkerSet."""

from google.protobuf.struct_pb2 import Struct

from modelplane import paths, remote
from modelplane.backends import base, pods, vllm
from modelplane.backends.base import Mount
from modelplane.backends.pods import Backend, Place
from modelplane.engines import Engine, Member
from modelplane.paths import Manifest

_READINESS = remote.cel(
    "has(object.status) && (!has(object.status.observedGeneration)"
    " || object.status.observedGeneration == object.metadata.generation)"
    " && has(object.status.updatedReplicas) && object.status.updatedReplicas == object.spec.replicas"
    " && has(object.status.readyReplicas) && object.status.readyReplicas == object.spec.replicas"
)

_RANK = (
    {"name": "MODELPLANE_LEADER_ADDRESS", "value": "$(LWS_LEADER_ADDRESS)"},
    {"name": "MODELPLANE_RANK", "value": "$(LWS_WORKER_INDEX)"},
)
"""Where a pod of an explicit gang finds its leader, and which one it is, under names of our own."""


def workload(engine: Engine, place: Place) -> Manifest:
    """Return the LeaderWorkerSet of an engine. A full GPU pool has no room to surge, so it rolls gang by gang."""
    leader = next(member for member in engine.members if member.role == "Leader")
    worker = next(member for member in engine.members if member.role == "Worker")
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": pods.metadata(place),
        "spec": {
            "replicas": engine.copies,
            "rolloutStrategy": {
                "type": "RollingUpdate",
                "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "leaderWorkerTemplate": {
                "size": leader.nodes + worker.nodes,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": pods.template(leader, place, **_container(engine, leader, mount=place.mount)),
                "workerTemplate": pods.template(worker, place, **_container(engine, worker, mount=place.mount)),
            },
        },
    }


def pod_specs(manifest: Struct) -> list[Struct]:
    """Return the specs of the pods that a LeaderWorkerSet makes; none where one cannot be read."""
    templates = ("leaderTemplate", "workerTemplate")
    specs = [paths.child(manifest, "spec", "leaderWorkerTemplate", name, "spec") for name in templates]
    return specs if all(spec.fields for spec in specs) else []


def _container(engine: Engine, member: Member, *, mount: Mount | None) -> Manifest:
    """Return what a member's container gets in place of what the user gave."""
    given = member.container
    if engine.turnkey and member.role == "Worker":
        return {"command": vllm.worker(), "args": []}
    args = base.apply_cache_args(given.get("args", ()), command=given.get("command", ()), mount=mount)
    if engine.turnkey:
        args = vllm.arguments(engine, args)
        return {"command": vllm.leader(args), "args": args}
    return {"args": args, "env": given.get("env", ()) if engine.pipeline > 1 else _env(given)}


def _env(container: Manifest) -> list[Manifest]:
    """Return a container's environment behind ours; a name that the user gives too stays the user's."""
    given = container.get("env", ())
    taken = {entry["name"] for entry in given}
    return [*(entry for entry in _RANK if entry["name"] not in taken), *given]


BACKEND = Backend(
    key="leaderworkerset", available="readyReplicas", readiness=_READINESS, workload=workload, pod_specs=pod_specs
)
