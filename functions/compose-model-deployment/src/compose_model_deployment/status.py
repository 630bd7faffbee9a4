# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a deployment reports, and why it cannot be placed at all."""

from collections.abc import Iterator
from typing import Literal

from modelplane import conditions, remote
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.engines import DeviceRequest
from modelplane.paths import Manifest

from compose_model_deployment import candidates, cel, retain
from compose_model_deployment.inputs import Cache, Deployment
from compose_model_deployment.schedule import Schedule
from compose_model_deployment.view import View

ACCEPTED = "ModelAccepted"
SCHEDULED = "ReplicasScheduled"
TYPES = (ACCEPTED, SCHEDULED)

Refusal = Literal["UnsupportedServingMode", "ReservedNamespace", "InvalidNodeSelector", "CacheNotFound"]
Shortfall = Literal["InsufficientCapacity", "NoClusters", "SelectorConflict"]


def refused(deployment: Deployment, cache: Cache | None) -> Condition | None:
    """Return why a deployment cannot be placed, or None."""
    namespace = deployment.xr.namespace
    if deployment.mode != "Unified":
        where = "spec.template.spec.serving.mode"
        return _refused("UnsupportedServingMode", f"{where} {deployment.mode} is not supported yet: set it to Unified")
    if remote.is_platform(namespace):
        return _refused("ReservedNamespace", f"namespace {namespace!r} belongs to the platform: use one of your own")
    problem = next(_bad_selectors(deployment), "")
    if problem:
        return _refused("InvalidNodeSelector", problem)
    if cache is None:
        ref = f"modelCacheRef.name {deployment.cache!r}"
        message = f"{ref} names no ModelCache in namespace {namespace!r}: create it, or correct the name"
        return _refused("CacheNotFound", message)
    return None


def accepted() -> Condition:
    """Return that the deployment can be placed."""
    return conditions.true(ACCEPTED, "Accepted")


def placement(view: View, schedule: Schedule) -> Condition:
    """Return whether every replica has a place, and what is in the way of those that have none."""
    deployment = view.deployment
    placed = f"placed {schedule.placed} of {deployment.replicas}"
    if schedule.placed == deployment.replicas and not schedule.held:
        if not deployment.replicas:
            return conditions.true(SCHEDULED, "ScaledToZero", "spec.replicas is 0", event="Scaled to zero.")
        return conditions.true(SCHEDULED, "Scheduled", placed, event=f"Placed all of {deployment.replicas} replicas.")
    reason, why = _shortfall(view, schedule)
    message = f"{placed}: {why}"
    return conditions.false(SCHEDULED, reason, message, warning=message)


def halted(deployment: Deployment, schedule: Schedule) -> Condition:
    """Return that nothing is placed while the deployment is refused."""
    message = f"placed {schedule.placed} of {deployment.replicas}: nothing changes until {ACCEPTED} is True"
    return conditions.false(SCHEDULED, "NotAccepted", message)


def status(schedule: Schedule) -> Manifest:
    """Return the XR's status."""
    ready = sum(kept.replica.ready for kept in schedule.kept)
    return {"replicas": {"total": schedule.placed, "ready": ready}}


def _refused(reason: Refusal, message: str) -> Condition:
    return conditions.false(ACCEPTED, reason, message, warning=message)


def _bad_selectors(deployment: Deployment) -> Iterator[str]:
    for engine in deployment.engines:
        for number, member in enumerate(engine.members):
            path = f"spec.template.spec.engines[{engine.name}].members[{number}].nodeSelector"
            yield from (f"{path}.{problem}" for device in member.devices for problem in _problems(device))


def _problems(device: DeviceRequest) -> Iterator[str]:
    for number, selector in enumerate(device.selectors):
        error = cel.program(selector).error
        if error:
            yield f"devices[{device.name}].selectors[{number}].cel: {error}"


def _shortfall(view: View, schedule: Schedule) -> tuple[Shortfall, str]:
    if not view.sites:
        return "NoClusters", "there is no InferenceCluster, create one"
    label = candidates.conflict(view)
    if label and schedule.placed < view.deployment.replicas:
        both = f"clusterSelector and ModelCache {view.deployment.cache!r}"
        return "SelectorConflict", f"{both} want different values of label {label!r}, correct one of them"
    why = [candidates.told(schedule.refusals)] if schedule.refusals else []
    held = schedule.held
    why += [says.format(listed(sorted(held[reason]))) for reason, says in retain.SAYS.items() if reason in held]
    return "InsufficientCapacity", "; ".join(why)
