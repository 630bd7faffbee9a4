# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a ServingStack reports."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, managed
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_serving_stack import components, gateway
from compose_serving_stack.inputs import Stack

INSTALLED = "ComponentsInstalled"
ADDRESSED = "GatewayAddressed"
TYPES = (INSTALLED, ADDRESSED)


def installed(req: fnv1.RunFunctionRequest, stack: Stack, keys: Collection[str]) -> Condition:
    """Return whether every Managed component is installed."""
    refused = components.refused(stack)
    if refused:
        return conditions.false(INSTALLED, "UnsupportedVersion", refused, warning=refused)
    late = sorted(k.removeprefix(components.PREFIX) for k in keys if _is_release(k) and not managed.ready(req, k))
    if late:
        return conditions.false(INSTALLED, "Installing", f"Waiting for {listed(late)}.")
    return conditions.true(INSTALLED, "Installed", components.note(stack), event="Installed all components.")


def addressed(req: fnv1.RunFunctionRequest) -> Condition:
    """Return whether clients can reach the cluster's Gateway."""
    found = gateway.address(managed.observed(req, gateway.GATEWAY))
    if found and managed.ready(req, gateway.GATEWAY):
        return conditions.true(ADDRESSED, "Addressed", f"The gateway is at {found}.")
    return conditions.false(ADDRESSED, "NoAddress", "Waiting for the gateway's load balancer to get an address.")


def published(req: fnv1.RunFunctionRequest, stack: Stack) -> Manifest:
    """Return the status: the gateway's address once there is one, the one from before while there is none."""
    found = gateway.address(managed.observed(req, gateway.GATEWAY))
    out = stack.xr.published()
    return {**out, "gateway": {"address": found}} if found else out


def _is_release(key: str) -> bool:
    return key.startswith(components.PREFIX)
