# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a replica reports."""

from collections.abc import Collection
from typing import Literal

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, conditions, remote
from modelplane.backends.base import Mount
from modelplane.caches import Staged
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_model_replica import staging
from compose_model_replica.inputs import Replica
from compose_model_replica.observed import Workload

ACCEPTED = "ModelAccepted"
SERVES = "ModelReady"
TYPES = (ACCEPTED, SERVES)

Acceptance = Literal[
    "Accepted",
    "CacheNotFound",
    "ClusterChanged",
    "ClusterNotFound",
    "ReservedNamespace",
    "UnsupportedServingMode",
    "WaitingForCache",
    "WaitingForCluster",
]
Service = Literal["Serving", "Starting", "Degraded", "NotStarted"]

_GIB = 1 << 30


def refused(replica: Replica, cluster: Struct | None, *, existing: Collection[Workload]) -> Condition | None:
    """Return why nothing can be composed on the cluster, or None."""
    spec, namespace = replica.spec, replica.xr.namespace
    if spec.mode != "Unified":
        return _wrong("UnsupportedServingMode", f"spec.serving.mode {spec.mode} is not built yet: set it to Unified")
    if remote.is_platform(namespace):
        return _wrong("ReservedNamespace", f"namespace {namespace!r} belongs to the platform: use one of your own")
    elsewhere = {w.cluster for w in existing if w.cluster} - {spec.cluster}
    if elsewhere:
        moved = f"spec.clusterName moved from {min(elsewhere)!r} to {spec.cluster!r}"
        return _wrong("ClusterChanged", f"{moved}, but a replica stays where it is: delete it and create another")
    if cluster is None:
        return _wrong("ClusterNotFound", f"spec.clusterName names no InferenceCluster {spec.cluster!r}: create it")
    if not (clusters.provider_config(cluster) or any(w.provider_config for w in existing)):
        message = f"Waiting for InferenceCluster {spec.cluster!r} to publish its provider config."
        return _waits("WaitingForCluster", message)
    return None


def accepted(replica: Replica, entry: Staged | None, *, waits: bool, found: bool) -> Condition:
    """Return whether all that the spec asks for is composed, or which cache it waits for."""
    if not waits:
        reason: Acceptance = "Accepted"
        return conditions.true(ACCEPTED, reason)
    cache, namespace = replica.spec.cache, replica.xr.namespace
    if not found:
        message = f"spec.modelCacheRef names no ModelCache {cache!r} in namespace {namespace!r}: create it"
        return _wrong("CacheNotFound", message)
    return _waits("WaitingForCache", _progress(entry, cache=cache, cluster=replica.spec.cluster))


def serves(replica: Replica, workloads: Collection[Workload | None]) -> Condition:
    """Return whether every workload serves; None is one that is not observed yet."""
    cluster = replica.spec.cluster
    late = [w for w in workloads if w is None or not w.ready]
    if not late:
        return _serving("Serving", f"Serving on cluster {cluster!r}.")
    message = f"Not all engines are ready on cluster {cluster!r}{_counts(replica, late)}."
    return _serving("Degraded" if replica.ever_ready else "Starting", message)


def not_started(replica: Replica, accepted: Condition) -> Condition:
    """Return why nothing is composed yet that could serve."""
    if accepted.status != "True":
        return _serving("NotStarted", f"No engine is composed yet: the condition {ACCEPTED} says why.")
    namespace, cluster = remote.remote_namespace(replica.xr.namespace), replica.spec.cluster
    return _serving("NotStarted", f"Waiting for namespace {namespace!r} on cluster {cluster!r}.")


def published(replica: Replica, mount: Mount | None, *, serves: Condition, settled: bool) -> Manifest:
    """Return the XR's status: what its pods mount, and whether it ever served."""
    cache = staging.published(replica, mount, settled=settled)
    return {"cache": cache, "everReady": replica.ever_ready or serves.status == "True"}


def _wrong(reason: Acceptance, message: str) -> Condition:
    """Return what the user has to change, and warn of it once."""
    return conditions.false(ACCEPTED, reason, message, warning=message)


def _waits(reason: Acceptance, message: str) -> Condition:
    return conditions.false(ACCEPTED, reason, message)


def _serving(reason: Service, message: str) -> Condition:
    if reason == "Serving":
        return conditions.true(SERVES, reason, message, event=message.replace("Serving", "Started to serve", 1))
    return conditions.false(SERVES, reason, message)


def _counts(replica: Replica, late: Collection[Workload | None]) -> str:
    copies = {engine.name: engine.copies for engine in replica.spec.engines}
    known = [w for w in late if w is not None]
    lines = [f"engine {w.engine!r} has {w.available} of {copies.get(w.engine, 0)}" for w in known]
    return f": {', '.join(lines)}" if lines else ""


def _progress(entry: Staged | None, *, cache: str, cluster: str) -> str:
    if entry is None:
        return (
            f"Waiting for ModelCache {cache!r}: it names no cluster {cluster!r}, "
            "either not yet or because its spec.clusterSelector leaves it out."
        )
    staged = f", {entry.bytes_staged / _GIB:.1f} of {entry.bytes_total / _GIB:.1f} GiB" if entry.bytes_total else ""
    why = f": {entry.message}" if entry.message else ""
    return f"Waiting for ModelCache {cache!r}: {entry.phase or 'Pending'} on cluster {cluster!r}{staged}{why}"
