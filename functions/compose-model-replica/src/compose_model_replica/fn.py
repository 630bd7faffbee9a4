# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Compose what serves a model on one cluster, once its cache is staged there."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, conditions, inputs
from modelplane.composed import Composed
from modelplane.conditions import Condition

from compose_model_replica import claims, guards, manifests, observed, releases, staging, status
from compose_model_replica.inputs import Replica, cached, cluster_of
from compose_model_replica.manifests import NAMESPACE, Serving, Site
from compose_model_replica.observed import Workload
from compose_model_replica.staging import Staging


@dataclass(frozen=True, slots=True)
class Seen:
    """A replica, the guards that every reply has, and the workloads that are composed already."""

    replica: Replica
    guarded: Mapping[str, Struct]
    existing: Mapping[str, Workload]


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose the namespace, then workloads and the way to them; what runs is kept whatever input is missing."""
    replica = Replica.read(req)
    guarded = guards.guards(replica)
    if not inputs.resolved(req, replica.needs):
        return Composed.waiting(req, replica.needs, status.TYPES, resources=guarded)
    seen = Seen(replica, guarded, observed.workloads(req))
    cluster, skipped = cluster_of(req, replica)
    refusal = None if skipped else status.refused(replica, cluster, existing=seen.existing.values())
    if refusal is not None or cluster is None:
        return _unchanged(seen, refusal=refusal, skipped=skipped)
    found, entry = cached(req, replica)
    staged = staging.decide(replica, entry, existing=seen.existing.values())
    site = _site(req, seen, cluster=cluster, staged=staged)
    accepted = status.accepted(replica, entry, waits=staged.waits, found=found)
    resources = {**guarded, NAMESPACE: manifests.namespace(site)}
    if not _may_serve(req, seen, staged=staged):
        return _not_yet(seen, resources=resources, accepted=accepted)
    return _served(req, seen, resources=resources, accepted=accepted, serving=manifests.serving(site))


def _site(req: fnv1.RunFunctionRequest, seen: Seen, *, cluster: Struct, staged: Staging) -> Site:
    replica = seen.replica
    return Site(
        raw=replica.raw,
        name=replica.xr.name,
        namespace=replica.xr.namespace,
        deployment=replica.deployment,
        cluster=replica.spec.cluster,
        provider_config=clusters.provider_config(cluster) or observed.provider_config(seen.existing.values()),
        offer=claims.offer(req, replica.spec.engines, cluster=cluster),
        mount=staged.mount,
    )


def _may_serve(req: fnv1.RunFunctionRequest, seen: Seen, *, staged: Staging) -> bool:
    """Return whether to compose workloads: new ones wait for cache and namespace, others go on as they are."""
    if seen.existing:
        return staged.known
    return not staged.waits and observed.ready(req, NAMESPACE)


def _unchanged(seen: Seen, *, refusal: Condition | None, skipped: tuple[str, ...]) -> Composed:
    """Return an answer that changes nothing and says why; what has no reason of its own stands as observed."""
    obj = seen.replica.xr.obj
    accepted = conditions.stands(obj, (status.ACCEPTED,))[0] if refusal is None else refusal
    stands = conditions.stands(obj, (status.SERVES,))[0]
    return Composed(
        needs=seen.replica.needs,
        resources=seen.guarded,
        status=seen.replica.xr.published(),
        conditions=(accepted, stands if seen.existing else status.not_started(seen.replica, accepted)),
        skipped=skipped,
    )


def _not_yet(seen: Seen, *, resources: Mapping[str, Struct], accepted: Condition) -> Composed:
    """Return an answer with the namespace alone; workloads whose mount cannot be told are kept as they are."""
    serves = (
        status.serves(seen.replica, seen.existing.values())
        if seen.existing
        else status.not_started(seen.replica, accepted)
    )
    return Composed(
        needs=seen.replica.needs,
        resources=resources,
        status=seen.replica.xr.published(),
        conditions=(accepted, serves),
    )


def _served(
    req: fnv1.RunFunctionRequest,
    seen: Seen,
    *,
    resources: Mapping[str, Struct],
    accepted: Condition,
    serving: Serving,
) -> Composed:
    """Return the whole answer. It is Ready while every engine serves, even where a newer cache is awaited."""
    replica = seen.replica
    serves = status.serves(replica, [seen.existing.get(key) for key in serving.pods])
    settled = observed.settled(seen.existing, serving.pods)
    desired = {**resources, **serving.objects}
    return Composed(
        needs=replica.needs,
        resources=desired,
        released=releases.released(req, replica, desired=desired, settled=settled),
        status=status.published(replica, serving.mount, serves=serves, settled=len(settled) == len(serving.pods)),
        conditions=(accepted, serves),
        ready=serves.status == "True",
        awaiting=accepted.status != "True",
    )
