# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The ModelReplicas of a schedule, each in the shape that its deployment was written in."""

from collections.abc import Iterable, Mapping

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, keep, labels, names
from modelplane.engines import Member
from modelplane.paths import Manifest

from compose_model_deployment import census, offers
from compose_model_deployment.inputs import REPLICA, Deployment
from compose_model_deployment.offers import Claims
from compose_model_deployment.schedule import Schedule
from compose_model_deployment.seats import Seat, Seats


def composed(deployment: Deployment, schedule: Schedule) -> dict[str, Manifest | Struct]:
    """Return every replica of a schedule by its key; one that stays as it is is left to the library to keep."""
    found: dict[str, Manifest | Struct] = {}
    for kept in schedule.kept:
        one = kept.replica
        if kept.seats is not None:
            found[one.key] = _replica(deployment, one.name, one.cluster, index=one.index, seats=kept.seats)
        elif not one.composed:
            found[one.key] = keep.kept(one.obj)
    for new in schedule.new:
        name = names.child(deployment.xr.name, new.cluster, str(new.index), deployment.xr.namespace)
        body = _replica(deployment, name, new.cluster, index=new.index, seats=new.seats)
        found[census.key(new.cluster, new.index)] = body
    return found


def _replica(deployment: Deployment, name: str, cluster: str, *, index: int, seats: Seats) -> Manifest:
    own = {labels.DEPLOYMENT: deployment.xr.name, labels.CLUSTER: cluster, labels.REPLICA_INDEX: str(index)}
    chosen_for = [(engine.name, offers.ask(engine).digest) for engine in deployment.engines]
    return {
        "apiVersion": clusters.API_VERSION,
        "kind": REPLICA,
        "metadata": {
            "name": name,
            "namespace": deployment.xr.namespace,
            "labels": {**deployment.labels, **own},
            "annotations": {labels.DEVICE_REQUESTS: census.digests(chosen_for)},
        },
        "spec": {"clusterName": cluster, **_spec(deployment, seats)},
    }


def _spec(deployment: Deployment, seats: Seats) -> Manifest:
    source = deployment.source
    shared = {field: source[field] for field in ("modelCacheRef", "serving") if field in source}
    if "workers" in source:
        return {**shared, "workers": {**source["workers"], "nodePoolName": seats[0].pool}}
    pairs = zip(source["engines"], deployment.engines, seats, strict=True)
    return {**shared, "engines": [_engine(written, read.members, seat) for written, read, seat in pairs]}


def _engine(written: Manifest, read: Iterable[Member], seat: Seat) -> Manifest:
    members = zip(written["members"], read, seat.offer.claims, strict=True)
    return {**written, "members": [_member(member, claims, seat.pool) for member, _, claims in members]}


def _member(written: Manifest, claims: Claims, pool: str) -> Manifest:
    asked = {"deviceRequests": [_request(claim) for claim in claims]} if claims else {}
    return {**_without(written, "nodeSelector"), "nodePoolName": pool, **asked}


def _request(claim: offers.DeviceRequest) -> Manifest:
    by_class = {"deviceClassName": claim.device_class} if claim.device_class else {}
    by_resource = {"extendedResourceName": claim.extended_resource} if claim.extended_resource else {}
    selectors = [{"cel": selector} for selector in claim.selectors]
    return {"name": claim.name, **by_class, **by_resource, "count": claim.count, "selectors": selectors}


def _without(source: Mapping[str, object], field: str) -> Manifest:
    return {key: value for key, value in source.items() if key != field}
