# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""ServingStacks that must be accepted, and those that must be refused."""

from admission.case import Case, bad, base, edited, ruled

SMALL = base("""
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: ServingStack
metadata: {name: iowa, namespace: modelplane-system}
spec:
  secrets:
  - {type: Kubeconfig, name: iowa, key: kubeconfig}
""")

_COMPONENTS = (
    "gatewayApi",
    "certManager",
    "envoyGateway",
    "prometheus",
    "leaderWorkerSet",
    "nodeFeatureDiscovery",
    "nvidiaDraDriver",
)

FULL = edited(
    SMALL,
    {
        "spec.secrets.0.namespace": "modelplane-system",
        "spec.nvidiaDriverRoot": "/home/kubernetes/bin/nvidia",
        "spec.versions": dict.fromkeys(_COMPONENTS, "v1.2.3"),
        "spec.components": dict.fromkeys(_COMPONENTS, "External"),
        "spec.gateway": {"className": "envoy", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    },
)

GOOD = (Case("smallest", SMALL, "a kubeconfig is enough"), Case("full", FULL, "every field"))

BAD = (
    ruled(
        "no-kubeconfig",
        SMALL,
        {"spec.secrets.0.type": "GoogleApplicationCredentials"},
        "spec",
        "spec.secrets needs an entry of type Kubeconfig",
        "nothing to reach the cluster with",
    ),
    bad("secretless", SMALL, {"spec.secrets": []}, "spec.secrets", "at least 1", "nothing to reach the cluster with"),
    bad(
        "component-word",
        SMALL,
        {"spec.components": {"prometheus": "Off"}},
        "spec.components.prometheus",
        "External",
        "two ways",
    ),
    bad(
        "version-spaced",
        SMALL,
        {"spec.versions": {"prometheus": "7 2"}},
        "spec.versions.prometheus",
        "not valid",
        "one",
    ),
)
