# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The composition function of ModelDeployment."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.composed import Composed
from modelplane.inputs import resolved

from compose_model_deployment import census, inputs, replicas, schedule, status
from compose_model_deployment.inputs import Deployment


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose the replicas of a deployment: those that it has where they are, new ones where there is room."""
    deployment = Deployment.read(req)
    if not resolved(req, deployment.needs):
        return Composed.waiting(req, deployment.needs, status.TYPES)
    cache, (sites, unread) = inputs.cache(req, deployment), inputs.sites(req)
    found = census.census(req, deployment)
    refusal = status.refused(deployment, cache)
    if refusal is not None or cache is None:
        plan = schedule.frozen(found, deployment, sites)
        verdicts = (refusal or status.accepted(), status.halted(deployment, plan))
    else:
        plan = schedule.scheduled(found, deployment, sites, cache)
        verdicts = (status.accepted(), status.placement(deployment, plan, cache, clusters=len(sites)))
    return Composed(
        needs=deployment.needs,
        resources=replicas.composed(deployment, plan),
        released=plan.released,
        status=status.status(plan),
        conditions=verdicts,
        ready=all(verdict.status == "True" for verdict in verdicts),
        empty_ok=deployment.replicas == 0,
        skipped=(*unread, *found.skipped),
    )
