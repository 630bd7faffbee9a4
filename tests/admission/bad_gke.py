# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""GKEClusters that must be accepted, and those that must be refused."""

from admission.case import GONE, Case, bad, base, edited, ruled

SMALL = base("""
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: GKECluster
metadata: {name: iowa, namespace: modelplane-system}
spec:
  region: us-central1
  nodePools:
  - name: h100
    role: GPU
    machineType: a3-highgpu-8g
    gpu: {acceleratorType: nvidia-h100-80gb}
    zones: [us-central1-a]
""")

_POOL = "spec.nodePools.0"
_FIRST = "spec.nodePools[0]"

FULL = edited(
    SMALL,
    {
        "spec.project": "acme-models",
        "spec.kubernetesVersion": "1.35",
        "spec.credentials": {"type": "ProviderConfig", "name": "team"},
        "spec.networking": {"podCidr": "10.1.0.0/16", "serviceCidr": "10.2.0.0/16", "nodeCidr": "10.0.0.0/24"},
        f"{_POOL}.diskSizeGb": 500,
        f"{_POOL}.nodeCount": 2,
        f"{_POOL}.minNodeCount": 1,
        f"{_POOL}.maxNodeCount": 4,
        f"{_POOL}.gpu": {"acceleratorType": "nvidia-l4", "acceleratorCount": 1, "claim": "ExtendedResource"},
    },
)

GOOD = (
    Case("smallest", SMALL, "a region and a pool are enough"),
    Case("full", FULL, "every field"),
    Case(
        "system-pool",
        edited(SMALL, {_POOL: {"name": "system", "role": "System", "machineType": "e2-standard-4"}}),
        "a pool for what serves beside the models needs no zones",
    ),
)

BAD = (
    ruled("gpu-absent", SMALL, {f"{_POOL}.gpu": GONE}, _FIRST, "gpu is required when role is GPU", "which GPU"),
    ruled("gpu-on-system", SMALL, {f"{_POOL}.role": "System"}, _FIRST, "gpu goes with role GPU", "it would be ignored"),
    ruled("zoneless", SMALL, {f"{_POOL}.zones": GONE}, _FIRST, "zones is required when role is GPU", "GPUs are zonal"),
    ruled("below-least", SMALL, {f"{_POOL}.minNodeCount": 2}, _FIRST, "is below minNodeCount", "never reached"),
    ruled("above-most", SMALL, {f"{_POOL}.nodeCount": 9}, _FIRST, "is above maxNodeCount", "never reached"),
    ruled("dotted-pool", SMALL, {f"{_POOL}.name": "h.100"}, f"{_FIRST}.name", "must be a DNS label", "part of names"),
    bad("poolless", SMALL, {"spec.nodePools": []}, "spec.nodePools", "at least 1", "a cluster of no nodes"),
    bad(
        "range-word", SMALL, {"spec.networking": {"podCidr": "pods"}}, "spec.networking.podCidr", "not valid", "a CIDR"
    ),
)
