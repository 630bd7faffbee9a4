# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The replicas that there are: the deployment's own, and those of others, which only take nodes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import engines, labels, meta, paths
from modelplane.engines import TURNKEY_NAME, DeviceRequest

from compose_model_deployment import costs
from compose_model_deployment.costs import Cost
from compose_model_deployment.inputs import REPLICA, REPLICAS, Deployment

_KEY = "crossplane.io/composition-resource-name"
_ROLES = ("Standalone", "Leader", "Worker")


@dataclass(frozen=True, slots=True)
class Seated:
    """Where one engine of a replica sits: its pool, and what the pods of each role claim there."""

    pool: str
    claims: Mapping[str, tuple[DeviceRequest, ...]]
    digest: str


@dataclass(frozen=True, slots=True)
class Replica:
    """One of the deployment's own replicas as observed; `key` is its composed-resource key.

    One that is not `composed` was made by us and is not among what Crossplane says we composed.
    """

    key: str
    obj: Struct
    name: str
    cluster: str
    index: int
    ready: bool
    ever_ready: bool
    leaving: bool
    engines: Mapping[str, Seated]
    costs: tuple[Cost, ...]
    composed: bool = True

    @property
    def age(self) -> tuple[str, str, str]:
        """Return what sorts replicas of the fleet by age, the newest last."""
        return age(self.obj)


@dataclass(frozen=True, slots=True)
class Census:
    """All replicas: own ones in order, others by cluster, and a line for each that could not be read."""

    deployment: Deployment
    own: tuple[Replica, ...]
    others: Mapping[str, list[Struct]]
    skipped: tuple[str, ...]

    def taken(self, cluster: str) -> set[int]:
        """Return the indices that replicas of this deployment have on a cluster, those that are leaving included."""
        own = {replica.index for replica in self.own if replica.cluster == cluster}
        return own | {_index(obj) for obj in self.others.get(cluster, ()) if _labelled(obj, self.deployment)}


def age(obj: Struct) -> tuple[str, str, str]:
    """Return what sorts replicas of the fleet by age, the newest last."""
    return paths.text(obj, "metadata", "creationTimestamp"), meta.namespace(obj), paths.text(obj, "metadata", "name")


def ever_ready(obj: Struct) -> bool:
    """Return whether a replica serves, or has said that it once did."""
    return paths.flag(obj, "status", "everReady") or meta.statuses(obj).get("Ready") == "True"


def key(cluster: str, index: int | str) -> str:
    """Return the composed-resource key of a replica."""
    return f"replica-{cluster}-{index}"


def census(req: fnv1.RunFunctionRequest, deployment: Deployment) -> Census:
    """Return all replicas of the fleet."""
    own = [
        _own(resource.resource, composed_as)
        for composed_as, resource in req.observed.resources.items()
        if meta.kind(resource.resource) == REPLICA
    ]
    known, keys = {_identity(replica.obj) for replica in own}, {replica.key for replica in own}
    others: dict[str, list[Struct]] = {}
    skipped: list[str] = []
    for item in req.required_resources[REPLICAS.name].items:
        obj = item.resource
        if _identity(obj) in known:
            continue
        cluster = paths.text(obj, "spec", "clusterName")
        if not cluster:
            skipped.append(_unreadable(*_identity(obj)))
        elif _lost(obj, deployment) and meta.annotation(obj, _KEY) not in keys:
            own.append(_own(obj, meta.annotation(obj, _KEY), composed=False))
        else:
            others.setdefault(cluster, []).append(obj)
    own.sort(key=lambda replica: (replica.cluster, replica.index, replica.key))
    return Census(deployment, tuple(own), others, tuple(skipped))


def _identity(obj: Struct) -> tuple[str, str]:
    return meta.namespace(obj), paths.text(obj, "metadata", "name")


def _unreadable(namespace: str, name: str) -> str:
    return f"cannot read ModelReplica {name!r} in namespace {namespace!r}: spec.clusterName is not set"


def _lost(obj: Struct, deployment: Deployment) -> bool:
    """Return whether a replica is this deployment's own although Crossplane does not list it as composed."""
    if not _labelled(obj, deployment) or meta.deleting(obj) or not meta.annotation(obj, _KEY):
        return False
    owners = paths.children(obj, "metadata", "ownerReferences")
    uid = deployment.xr.uid
    return bool(uid) and any(paths.flag(o, "controller") and paths.text(o, "uid") == uid for o in owners)


def _labelled(obj: Struct, deployment: Deployment) -> bool:
    if meta.namespace(obj) != deployment.xr.namespace:
        return False
    return paths.text(obj, "metadata", "labels", labels.DEPLOYMENT) == deployment.xr.name


def _own(obj: Struct, composed_as: str, *, composed: bool = True) -> Replica:
    cluster, index = _place(obj, composed_as)
    return Replica(
        key=composed_as,
        obj=obj,
        name=paths.text(obj, "metadata", "name"),
        cluster=cluster,
        index=index,
        ready=meta.statuses(obj).get("Ready") == "True",
        ever_ready=ever_ready(obj),
        leaving=meta.deleting(obj),
        engines=_engines(obj),
        costs=costs.of(paths.child(obj, "spec")),
        composed=composed,
    )


def _place(obj: Struct, composed_as: str) -> tuple[str, int]:
    """Return the cluster and the index of an own replica: those in its key, which nobody edits by hand."""
    said = [paths.text(obj, "spec", "clusterName"), paths.text(obj, "metadata", "labels", labels.CLUSTER)]
    for cluster in said:
        number = composed_as.removeprefix(key(cluster, ""))
        if cluster and number != composed_as and _is_index(number):
            return cluster, int(number)
    return said[0] or said[1], _index(obj)


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < len("10000")


def _index(obj: Struct) -> int:
    found = paths.text(obj, "metadata", "labels", labels.REPLICA_INDEX)
    return int(found) if _is_index(found) else 0


def _engines(obj: Struct) -> dict[str, Seated]:
    digests = _digests(meta.annotation(obj, labels.DEVICE_REQUESTS))
    pool = paths.text(obj, "spec", "workers", "nodePoolName")
    if pool:
        claims = (engines.gpus(paths.whole(obj, "spec", "workers", "topology", "tensor", default=1)),)
        return {TURNKEY_NAME: Seated(pool, dict.fromkeys(_ROLES, claims), digests.get(TURNKEY_NAME, ""))}
    return {
        paths.text(engine, "name"): _seated(engine, digests.get(paths.text(engine, "name"), ""))
        for engine in paths.children(obj, "spec", "engines")
    }


def _seated(engine: Struct, digest: str) -> Seated:
    members = list(paths.children(engine, "members"))
    pool = next((found for found in (paths.text(member, "nodePoolName") for member in members) if found), "")
    claims = {
        paths.text(member, "role") or "Standalone": tuple(map(_claim, paths.children(member, "deviceRequests")))
        for member in members
    }
    return Seated(pool, claims, digest)


def _claim(obj: Struct) -> DeviceRequest:
    return DeviceRequest(
        name=paths.text(obj, "name"),
        count=paths.whole(obj, "count", default=1),
        selectors=tuple(paths.text(selector, "cel") for selector in paths.children(obj, "selectors")),
        device_class=paths.text(obj, "deviceClassName"),
        extended_resource=paths.text(obj, "extendedResourceName"),
    )


def digests(found: Iterable[tuple[str, str]]) -> str:
    """Return engines' names and hashes as the annotation that `Seated.digest` is read from."""
    return ",".join(f"{engine}={digest}" for engine, digest in found)


def _digests(annotation: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in annotation.split(",") if "=" in part)
