# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One pod is one copy of the engine: a Deployment."""

from google.protobuf.struct_pb2 import Struct

from modelplane import paths, remote
from modelplane.backends import base, pods, vllm
from modelplane.backends.pods import Backend, Place
from modelplane.engines import Engine
from modelplane.paths import Manifest

_READINESS = remote.cel(
    "has(object.status) && has(object.status.observedGeneration)"
    " && object.status.observedGeneration == object.metadata.generation"
    " && has(object.status.updatedReplicas) && object.status.updatedReplicas == object.spec.replicas"
    " && has(object.status.availableReplicas) && object.status.availableReplicas == object.spec.replicas"
)


def workload(engine: Engine, place: Place) -> Manifest:
    """Return the Deployment of an engine. A full GPU pool has no room to surge, so it rolls pod by pod."""
    (member,) = engine.members
    args = base.apply_cache_args(
        member.container.get("args", ()), command=member.container.get("command", ()), mount=place.mount
    )
    if engine.turnkey:
        args = vllm.arguments(engine, args)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": pods.metadata(place),
        "spec": {
            "replicas": engine.copies,
            "selector": {"matchLabels": pods.selector(place)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "template": pods.template(member, place, args=args),
        },
    }


def pod_specs(manifest: Struct) -> list[Struct]:
    """Return the specs of the pods that a Deployment makes; none where it cannot be read."""
    spec = paths.child(manifest, "spec", "template", "spec")
    return [spec] if spec.fields else []


BACKEND = Backend(
    key="deployment", available="availableReplicas", readiness=_READINESS, workload=workload, pod_specs=pod_specs
)
