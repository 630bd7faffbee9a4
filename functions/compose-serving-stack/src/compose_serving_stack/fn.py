# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Install what a cluster needs to serve: its components as Helm releases, then the gateway."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import managed
from modelplane.composed import Composed

from compose_serving_stack import access, components, gateway, guards, inputs, status


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose what is due; a component that its user set to External goes, and nothing else."""
    stack = inputs.read(req)
    parts = {**access.parts(stack), **components.parts(stack), **gateway.parts(stack)}
    told = (status.installed(req, stack, parts), status.addressed(req))
    gone = {components.key(component) for component in stack.external} | guards.released(stack)
    gone |= {gateway.CLASS} if components.ENVOY in stack.external else set()
    return Composed(
        resources={**guards.guards(stack), **managed.due(req, parts)},
        released=frozenset(gone & set(req.observed.resources)),
        status=status.published(req, stack),
        conditions=told,
        ready=all(condition.status == "True" for condition in told) and all(managed.ready(req, key) for key in parts),
    )
