# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Guards of the gateway's controller: it frees the load balancer, and takes its finalizer off the class."""

from modelplane import names, remote, usages
from modelplane.paths import Manifest

from compose_serving_stack import components, gateway
from compose_serving_stack.inputs import Stack

_RELEASE = ("helm.m.crossplane.io/v1beta1", "Release")


def key(part: str) -> str:
    """Return the composed-resource key of the guard that waits for a part."""
    return f"{part}-first"


def guards(stack: Stack) -> dict[str, Manifest]:
    """Return the guards by composed-resource key; none where the controller is the cluster's own.

    They replay an accepted teardown, and may carry `by`, since all are siblings and none an owner.
    """
    if components.ENVOY in stack.external:
        return {}
    return {
        key(part): usages.namespaced(
            name=names.child(stack.xr.name, key(part)),
            namespace=stack.xr.namespace,
            of=(*_RELEASE, components.name(stack, components.ENVOY)),
            by=(remote.API_VERSION, remote.KIND, stack.name(part)),
            reason=f"the controller of the {part} takes it down",
            replay=True,
        )
        for part in (gateway.GATEWAY, gateway.CLASS)
    }


def released(stack: Stack) -> frozenset[str]:
    """Return the keys of guards that guard nothing any more."""
    parts = (gateway.GATEWAY, gateway.CLASS) if components.ENVOY in stack.external else ()
    return frozenset(map(key, parts))
