# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The composition function of ModelDeployment."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.composed import Composed
from modelplane.inputs import resolved

from compose_model_deployment import inputs, replicas, schedule, status
from compose_model_deployment.inputs import Deployment
from compose_model_deployment.view import View


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose the replicas of a deployment: those that it has where they are, new ones where there is room."""
    deployment = Deployment.read(req)
    if not resolved(req, deployment.needs):
        return Composed.waiting(req, deployment.needs, status.TYPES)
    cache = inputs.cache(req, deployment)
    view = View.read(req, deployment, cache)
    refusal = status.refused(deployment, cache)
    if refusal is not None:
        plan = schedule.frozen(view)
        verdicts = (refusal, status.halted(deployment, plan))
    else:
        plan = schedule.scheduled(view)
        verdicts = (status.accepted(), status.placement(view, plan))
    return Composed(
        needs=deployment.needs,
        resources=replicas.composed(deployment, plan),
        released=plan.released,
        status=status.status(plan),
        conditions=verdicts,
        ready=all(verdict.status == "True" for verdict in verdicts),
        empty_ok=deployment.replicas == 0,
        skipped=view.skipped,
    )
