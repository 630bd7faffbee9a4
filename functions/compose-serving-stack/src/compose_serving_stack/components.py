# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a cluster needs to serve: one row a component, each a Helm release."""

from collections.abc import Callable
from dataclasses import dataclass

from modelplane import labels, managed
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_serving_stack import access
from compose_serving_stack.inputs import Stack

PREFIX = "release-"
"""Of the composed-resource key of every release."""


def _nothing(_stack: Stack) -> Manifest:
    return {}


@dataclass(frozen=True, slots=True)
class Component:
    """A row: its key in spec.components, the key of its version, where its chart is, and what to tell it.

    `after` are the components that it uses; `bare` charts are versioned without the v.
    """

    key: str
    chart: str
    repository: str
    namespace: str
    version: str = ""
    values: Callable[[Stack], Manifest] = _nothing
    after: tuple[str, ...] = ()
    bare: bool = False


def _cert_manager(_stack: Stack) -> Manifest:
    return {"crds": {"enabled": True}}


def _gateway_api(_stack: Stack) -> Manifest:
    return {"crds": {"gatewayAPI": {"enabled": True, "channel": "standard"}, "envoyGateway": {"enabled": False}}}


def _prometheus(_stack: Stack) -> Manifest:
    return {"grafana": {"enabled": False}, "alertmanager": {"enabled": False}}


def _dra_driver(stack: Stack) -> Manifest:
    return {
        "nvidiaDriverRoot": stack.driver_root,
        "gpuResourcesEnabledOverride": True,
        "resources": {"gpus": {"enabled": True}, "computeDomains": {"enabled": False}},
    }


ENVOY = "envoyGateway"
GATEWAY_API = "gatewayApi"
_ENVOY_CHARTS = "oci://docker.io/envoyproxy"

ROWS = (
    Component("certManager", "cert-manager", "https://charts.jetstack.io", "cert-manager", values=_cert_manager),
    # The Gateway API has no chart of its own; Envoy Gateway's carries the version that it was tested with.
    Component(
        GATEWAY_API, "gateway-crds-helm", _ENVOY_CHARTS, "envoy-gateway-system", version=ENVOY, values=_gateway_api
    ),
    Component(ENVOY, "gateway-helm", _ENVOY_CHARTS, "envoy-gateway-system", after=(GATEWAY_API,)),
    Component("leaderWorkerSet", "lws", "oci://registry.k8s.io/lws/charts", "lws-system", bare=True),
    Component(
        "nodeFeatureDiscovery",
        "node-feature-discovery",
        "oci://registry.k8s.io/nfd/charts",
        "node-feature-discovery",
    ),
    Component(
        "nvidiaDraDriver",
        "dra-driver-nvidia-gpu",
        "oci://registry.k8s.io/dra-driver-nvidia/charts",
        "nvidia-dra-driver-gpu",
        values=_dra_driver,
    ),
    Component(
        "prometheus",
        "kube-prometheus-stack",
        "https://prometheus-community.github.io/helm-charts",
        "modelplane-monitoring",
        values=_prometheus,
    ),
)


def key(component: str) -> str:
    """Return the composed-resource key of a component's release."""
    return f"{PREFIX}{component}"


def parts(stack: Stack) -> dict[str, Part]:
    """Return the releases of all that is Managed, by composed-resource key."""
    wanted = [row for row in ROWS if row.key not in stack.external]
    return {key(row.key): Part(_release(stack, row), _after(stack, row)) for row in wanted}


def _after(stack: Stack, row: Component) -> tuple[str, ...]:
    return (access.HELM, *(key(other) for other in row.after if other not in stack.external))


def _release(stack: Stack, row: Component) -> Manifest:
    version = stack.versions[row.version or row.key]
    chart = {
        "name": row.chart,
        "repository": row.repository,
        "version": version.removeprefix("v") if row.bare else version,
    }
    # Waiting keeps a release from being Ready before its pods are; the name is Helm's own, so it never changes.
    wanted: Manifest = {"chart": chart, "namespace": row.namespace, "wait": True}
    values = row.values(stack)
    metadata = {
        "name": stack.name(row.chart),
        "namespace": stack.xr.namespace,
        "labels": {labels.CLUSTER: stack.cluster},
        "annotations": {managed.EXTERNAL_NAME: row.chart},
    }
    spec: Manifest = {
        "forProvider": {**wanted, "values": values} if values else wanted,
        "providerConfigRef": {"kind": "ProviderConfig", "name": stack.name("config")},
        "rollbackLimit": 3,
    }
    return {"apiVersion": "helm.m.crossplane.io/v1beta1", "kind": "Release", "metadata": metadata, "spec": spec}
