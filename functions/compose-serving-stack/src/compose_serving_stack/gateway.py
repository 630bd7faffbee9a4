# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cluster's Gateway, to which replicas attach their routes; its address gates readiness."""

import dataclasses

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, paths, remote
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_serving_stack import access, components
from compose_serving_stack.inputs import Stack

NAMESPACE = "namespace"
CLASS = "gateway-class"
GATEWAY = "gateway"

_API = "gateway.networking.k8s.io/v1"
_ADDRESSED = remote.cel("has(object.status) && has(object.status.addresses) && size(object.status.addresses) > 0")


def parts(stack: Stack) -> dict[str, Part]:
    """Return namespace, class and Gateway by composed-resource key; the class of another's controller is theirs."""
    installed = () if components.ENVOY in stack.external else (components.key(components.ENVOY),)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": remote.SYSTEM_NAMESPACE}}
    gateway = {
        "apiVersion": _API,
        "kind": "Gateway",
        "metadata": {"name": clusters.INFERENCE_GATEWAY, "namespace": remote.SYSTEM_NAMESPACE},
        "spec": {"gatewayClassName": stack.gateway_class, "listeners": [_listener(each) for each in stack.listeners]},
    }
    out = {
        # Never deleted: more than the stack lives there.
        NAMESPACE: Part(_object(stack, NAMESPACE, namespace, policies=remote.WITHOUT_DELETE), (access.KUBERNETES,)),
        GATEWAY: Part(_object(stack, GATEWAY, gateway, readiness=_ADDRESSED), (NAMESPACE, *installed)),
    }
    if components.ENVOY in stack.external:
        return out
    made = {
        "apiVersion": _API,
        "kind": "GatewayClass",
        "metadata": {"name": stack.gateway_class},
        "spec": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
    }
    out[CLASS] = Part(_object(stack, CLASS, made), (access.KUBERNETES, *installed))
    return out


def address(seen: Struct | None) -> str:
    """Return the address of the Gateway as the cluster reports it, empty until it has one."""
    if seen is None:
        return ""
    found = (paths.text(each, "value") for each in paths.children(remote.reported(seen), "status", "addresses"))
    return next((value for value in found if value), "")


def _listener(listener: Manifest) -> Manifest:
    return {**listener, "allowedRoutes": {"namespaces": {"from": "All"}}}


def _object(
    stack: Stack,
    key: str,
    manifest: Manifest,
    *,
    readiness: remote.Readiness = remote.CREATED,
    policies: tuple[str, ...] = (),
) -> Manifest:
    """Return the Object of a manifest, reached by the stack's own configuration."""
    body = remote.wrap(
        manifest,
        name=stack.name(key),
        namespace=stack.xr.namespace,
        cluster=dataclasses.replace(clusters.read(stack.xr.obj), name=stack.cluster),
        readiness=readiness,
        policies=policies,
    )
    body["spec"]["providerConfigRef"] = {"kind": "ProviderConfig", "name": stack.config}
    return body
