# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The composition function of ModelCache."""

import time
from collections.abc import Callable

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.composed import Composed
from modelplane.inputs import resolved

from compose_model_cache import jobs, objects, phases, sites, status
from compose_model_cache.inputs import Cache
from compose_model_cache.settings import HYDRATOR_IMAGE
from compose_model_cache.staging import stagings


def compose(
    req: fnv1.RunFunctionRequest,
    *,
    hydrator_image: str = HYDRATOR_IMAGE,
    allow_http_endpoints: bool = False,
    clock: Callable[[], float] = time.time,
) -> Composed:
    """Compose a claim on every selected cluster, and a Job that fills it until that cluster is ready."""
    cache = Cache.read(req)
    if not resolved(req, cache.needs):
        return Composed.waiting(req, cache.needs, status.TYPES)
    token, users = cache.token(req), cache.users(req)
    fleet = sites.fleet(req, cache, users)
    commit, staged = stagings(cache, fleet)
    refused = jobs.refusal(cache, token, allow_http=allow_http_endpoints)
    plan = jobs.plan(cache, staged, commit=commit, token=token, refused=refused, clock=clock)
    made = objects.compose(cache, staged, plan, token=token, users=users, image=hydrator_image)
    entries = {one.site.name: phases.entry(cache, one, plan) for one in staged}
    return Composed(
        needs=cache.needs,
        resources=made.resources,
        released=made.released,
        status=status.published(cache, fleet, entries, commit=commit),
        conditions=status.told(cache, fleet, entries, plan),
        ready=status.ready(fleet, entries),
        awaiting=any(site.role != "matched" for site in fleet.sites),
        skipped=fleet.skipped,
    )
