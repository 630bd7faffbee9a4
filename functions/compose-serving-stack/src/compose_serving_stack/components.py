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


ENVOY = "envoyGateway"
GATEWAY_API = "gatewayApi"
_ENVOY_CHARTS = "oci://docker.io/envoyproxy"
_BRINGS = {"v1.8.1": "v1.5.1"}
"""The Gateway API's version in Envoy Gateway's chart, by its version. It has no chart of its own: as a release, its
CRDs would be larger than the Secret that Helm keeps a release in."""


def _nothing(_stack: Stack) -> Manifest:
    return {}


@dataclass(frozen=True, slots=True)
class Component:
    """A row: its key in spec.components and spec.versions, where its chart is, and what to tell it.

    `bare` charts are versioned without the v.
    """

    key: str
    chart: str
    repository: str
    namespace: str
    values: Callable[[Stack], Manifest] = _nothing
    bare: bool = False


def _cert_manager(_stack: Stack) -> Manifest:
    return {"crds": {"enabled": True}}


def _envoy(stack: Stack) -> Manifest:
    """Return what leaves a Gateway API of the cluster's own alone: Helm does so with CRDs, not with their policy."""
    own = {"crds": {"gatewayAPI": {"safeUpgradePolicy": {"enabled": False}}}}
    return own if GATEWAY_API in stack.external else {}


def _prometheus(_stack: Stack) -> Manifest:
    return {"grafana": {"enabled": False}, "alertmanager": {"enabled": False}}


def _dra_driver(stack: Stack) -> Manifest:
    return {
        "nvidiaDriverRoot": stack.driver_root,
        "gpuResourcesEnabledOverride": True,
        "resources": {"gpus": {"enabled": True}, "computeDomains": {"enabled": False}},
        # GPU nodes are tainted; Google allows system priorities in its own namespaces only.
        "kubeletPlugin": {
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "priorityClassName": "",
        },
    }


ROWS = (
    Component("certManager", "cert-manager", "https://charts.jetstack.io", "cert-manager", values=_cert_manager),
    Component(ENVOY, "gateway-helm", _ENVOY_CHARTS, "envoy-gateway-system", values=_envoy),
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


def name(stack: Stack, component: str) -> str:
    """Return the name of a component's release."""
    (row,) = (row for row in ROWS if row.key == component)
    return stack.name(row.chart)


def parts(stack: Stack) -> dict[str, Part]:
    """Return the releases of all that is Managed and can be had, by composed-resource key."""
    wanted = [row for row in ROWS if row.key not in stack.external and not (row.key == ENVOY and refused(stack))]
    return {key(row.key): Part(_release(stack, row), (access.HELM,)) for row in wanted}


def refused(stack: Stack) -> str:
    """Return why the Gateway API cannot have its version, or the empty string."""
    envoy, asked = stack.versions[ENVOY], stack.versions[GATEWAY_API]
    brings = _BRINGS.get(envoy, asked)
    if asked == brings or stack.external & {ENVOY, GATEWAY_API}:
        return ""
    return (
        f"spec.versions.{GATEWAY_API} {asked} cannot be had: Envoy Gateway {envoy} brings {brings}; ask for that, or "
        f"install yours and set spec.components.{GATEWAY_API} to External"
    )


def note(stack: Stack) -> str:
    """Return what is not known of the Gateway API's version, or the empty string."""
    envoy = stack.versions[ENVOY]
    if envoy in _BRINGS or stack.external & {ENVOY, GATEWAY_API}:
        return ""
    return f"Envoy Gateway {envoy} brings its own version of the Gateway API."


def _release(stack: Stack, row: Component) -> Manifest:
    version = stack.versions[row.key]
    chart = {
        "name": row.chart,
        "repository": row.repository,
        "version": version.removeprefix("v") if row.bare else version,
    }
    # Waiting keeps a release from being Ready before its pods are; the name is Helm's own, so it never changes.
    wanted: Manifest = {"chart": chart, "namespace": row.namespace, "wait": True}
    values = row.values(stack)
    metadata = {
        "name": name(stack, row.key),
        "namespace": stack.xr.namespace,
        "labels": {labels.CLUSTER: stack.cluster},
        "annotations": {managed.EXTERNAL_NAME: row.chart},
    }
    spec: Manifest = {
        "forProvider": {**wanted, "values": values} if values else wanted,
        "providerConfigRef": {"kind": "ProviderConfig", "name": stack.config},
        "rollbackLimit": 3,
    }
    return {"apiVersion": "helm.m.crossplane.io/v1beta1", "kind": "Release", "metadata": metadata, "spec": spec}
