# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How a replica is reached on its cluster: a Service over its serving pods, and a route from the gateway."""

from modelplane import remote
from modelplane.backends import base
from modelplane.clusters import INFERENCE_GATEWAY
from modelplane.paths import Manifest

SERVICE_PORT = 80


def service(metadata: Manifest, replica: str) -> Manifest:
    """Return the Service of a replica's serving pods, of all engines."""
    port = {"name": "http", "port": SERVICE_PORT, "targetPort": base.ENGINE_PORT, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": base.serving_labels(replica), "ports": [port]},
    }


def http_route(metadata: Manifest, replica: str, *, namespace: str) -> Manifest:
    """Return the route of a replica: its own prefix, cut off for the engine; without a time limit, since it streams."""
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": f"/{namespace}/{replica}/"}}],
        "filters": [{"type": "URLRewrite", "urlRewrite": {"path": path}}],
        "backendRefs": [{"name": metadata["name"], "port": SERVICE_PORT}],
        "timeouts": {"request": "0s"},
    }
    parent = {"name": INFERENCE_GATEWAY, "namespace": remote.SYSTEM_NAMESPACE}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {"parentRefs": [parent], "rules": [rule]},
    }
