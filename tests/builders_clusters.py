# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters of clouds, as a user or an InferenceCluster asks for them."""

from collections.abc import Sequence
from typing import Any

import builders
from modelplane.paths import Manifest

SYSTEM = "modelplane-system"
INFRASTRUCTURE = "infrastructure.modelplane.ai/v1alpha1"


def gke_pool(name: str = "h100", *, zones: Sequence[str] = ("us-central1-a",), **more: Any) -> Manifest:  # noqa: ANN401  any field of a pool
    """Return a GPU pool of a GKECluster."""
    gpu = {"acceleratorType": "nvidia-h100-80gb", "acceleratorCount": 8, "claim": "DRA"}
    counts = {"nodeCount": 2, "minNodeCount": 2, "maxNodeCount": 2}
    pool = {"name": name, "role": "GPU", "machineType": "a3-highgpu-8g", "diskSizeGb": 500, "gpu": gpu, **counts}
    return {**pool, "zones": list(zones), **more}


def gke(name: str = "a", *pools: Manifest, project: str = "acme-inference", **more: Any) -> Manifest:  # noqa: ANN401  any field of the spec
    """Return a GKECluster."""
    spec = {"region": "us-central1", "nodePools": list(pools or (gke_pool(),)), **more}
    spec |= {"project": project} if project else {}
    out = builders.xr("GKECluster", name, spec, namespace=SYSTEM)
    return {**out, "apiVersion": INFRASTRUCTURE}


def eks_pool(name: str = "h200", *, zones: Sequence[str] = ("us-east-1a",), **more: Any) -> Manifest:  # noqa: ANN401  any field of a pool
    """Return a GPU pool of an EKSCluster."""
    gpu = {"acceleratorType": "nvidia-h200", "claim": "DRA"}
    counts = {"nodeCount": 2, "minNodeCount": 2, "maxNodeCount": 2}
    pool = {"name": name, "role": "GPU", "instanceType": "p5en.48xlarge", "diskSizeGb": 500, "gpu": gpu, **counts}
    return {**pool, "zones": list(zones), **more}


def eks(name: str = "a", *pools: Manifest, zones: Sequence[str] = ("us-east-1b",), **more: Any) -> Manifest:  # noqa: ANN401  any field of the spec
    """Return an EKSCluster."""
    spec = {"region": "us-east-1", "nodePools": list(pools or (eks_pool(),)), **more}
    spec |= {"zones": list(zones)} if zones else {}
    out = builders.xr("EKSCluster", name, spec, namespace=SYSTEM)
    return {**out, "apiVersion": INFRASTRUCTURE}


def provider_config(project: str = "acme-inference", *, kind: str = "ClusterProviderConfig") -> Manifest:
    """Return the configuration of Google's provider."""
    namespace = "" if kind == "ClusterProviderConfig" else SYSTEM
    spec = {"projectID": project, "credentials": {"source": "Secret"}}
    return builders.obj("gcp.m.upbound.io/v1beta1", kind, "default", namespace=namespace, spec=spec)


def inference_pool(name: str = "h100", *, class_name: str = "h100", **more: Any) -> Manifest:  # noqa: ANN401  any field of a pool
    """Return a node pool of an InferenceCluster."""
    return {"name": name, "className": class_name, "nodeCount": 2, "zones": ["us-central1-a"], **more}


def inference(name: str = "a", *pools: Manifest, source: str = "GKE", **block: Any) -> Manifest:  # noqa: ANN401  any field of the block
    """Return an InferenceCluster that nobody has answered yet; `block` is its source's own."""
    if source == "GKE":
        block = {"region": "us-central1", "project": "acme-inference", **block}
    if source == "EKS":
        block = {"region": "us-east-1", "zones": ["us-east-1b"], **block}
    if source == "Existing":
        block = {"secretRef": {"name": "onprem"}, **block}
    pool = inference_pool("h200", class_name="h200", zones=["us-east-1a"]) if source == "EKS" else inference_pool()
    spec = {"cluster": {"source": source, source.lower(): block}, "nodePools": list(pools or (pool,))}
    return builders.xr("InferenceCluster", name, spec, namespace="")


GKE_RECIPE = {"machineType": "a3-highgpu-8g", "accelerator": {"type": "nvidia-h100-80gb", "count": 8}}
"""How Google makes nodes of eight H100."""


EKS_RECIPE = {"instanceType": "p5en.48xlarge", "accelerator": {"type": "nvidia-h200", "count": 8}}
"""How Amazon makes nodes of eight H200."""


def amazons(name: str = "h200", **more: Any) -> Manifest:  # noqa: ANN401  any keyword of builders.hardware
    """Return a class that EKS can make."""
    return builders.hardware(name, EKS=EKS_RECIPE, **more)


def hardware(name: str = "h100", **more: Any) -> Manifest:  # noqa: ANN401  any keyword of builders.hardware
    """Return a class that GKE can make."""
    return builders.hardware(name, GKE=GKE_RECIPE, **more)


def stack(name: str = "a", **spec: Any) -> Manifest:  # noqa: ANN401  any field of the spec
    """Return a ServingStack."""
    secrets = [
        {"type": "Kubeconfig", "name": "a-kubeconfig", "key": "kubeconfig"},
        {"type": "GCPServiceAccountKey", "name": "a-key", "key": "private_key", "namespace": "elsewhere"},
    ]
    out = builders.xr("ServingStack", name, {"secrets": secrets, **spec}, namespace=SYSTEM)
    return {**out, "apiVersion": INFRASTRUCTURE}
