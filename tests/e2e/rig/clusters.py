# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The fleet as Modelplane sees it: an InferenceCluster per workload cluster, and what reaches it."""

from e2e.rig import kube, layout
from e2e.rig.kubernetes import Cluster

API = "modelplane.ai/v1alpha1"
SYSTEM = "modelplane-system"
CLASS = "rig-gpu"
NODES, GPUS_PER_NODE = 12, 2
GATEWAY_ADDRESS = "10.199.0.1"


def register(
    control: Cluster,
    workload: Cluster,
    *,
    name: str = "",
    nodes: int = NODES,
    storage: str = layout.STORAGE_CLASS,
    label: str = "",
) -> str:
    """Make a workload cluster known: its kubeconfig, its provider config, its InferenceCluster; return its name."""
    name = name or workload.name
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    control.api.apply(_secret(name, workload))
    control.api.apply(_provider_config(name))
    control.api.apply(_class())
    cluster = control.api.apply(_inference_cluster(name, nodes=nodes, storage=storage, label=label or name))
    publish(control, cluster, nodes=nodes, storage=storage)
    return name


def publish(control: Cluster, cluster: kube.Manifest, *, nodes: int, storage: str = layout.STORAGE_CLASS) -> None:
    """Publish what InferenceCluster's own function would, until that function is here: a stand-in."""
    gpu = {
        "name": "gpu",
        "claim": "ExtendedResource",
        "driver": "gpu.nvidia.com",
        "extendedResourceName": "nvidia.com/gpu",
        "count": GPUS_PER_NODE,
        "capacity": {"memory": {"value": "80Gi"}},
    }
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Available",
        "lastTransitionTime": cluster["metadata"]["creationTimestamp"],
    }
    status = {
        "providerConfigRef": {"name": cluster["metadata"]["name"]},
        "gateway": {"address": GATEWAY_ADDRESS},
        "cache": {"storageClassName": storage},
        "gpuPools": [{"name": layout.POOL, "nodes": nodes, "devices": [gpu]}],
        "namespace": SYSTEM,
        "conditions": [ready],
    }
    control.api.patch(cluster, {"status": status}, status=True)


def _secret(name: str, workload: Cluster) -> kube.Manifest:
    metadata = {"name": f"{name}-kubeconfig", "namespace": SYSTEM}
    data = {"kubeconfig": workload.kubeconfig.read_text()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _provider_config(name: str) -> kube.Manifest:
    secret = {"namespace": SYSTEM, "name": f"{name}-kubeconfig", "key": "kubeconfig"}
    return {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "ClusterProviderConfig",
        "metadata": {"name": name},
        "spec": {"credentials": {"source": "Secret", "secretRef": secret}},
    }


def _class() -> kube.Manifest:
    spec = {"resources": {"gpu": {"count": GPUS_PER_NODE, "memory": "80Gi"}}}
    return {"apiVersion": API, "kind": "InferenceClass", "metadata": {"name": CLASS}, "spec": spec}


def _inference_cluster(name: str, *, nodes: int, storage: str, label: str) -> kube.Manifest:
    existing = {"secretRef": {"name": f"{name}-kubeconfig"}, "cache": {"storageClassName": storage}}
    return {
        "apiVersion": API,
        "kind": "InferenceCluster",
        "metadata": {"name": name, "labels": {"modelplane.ai/cluster": "true", "rig": label}},
        "spec": {
            "cluster": {"source": "Existing", "existing": existing},
            "nodePools": [{"name": layout.POOL, "className": CLASS, "nodeCount": nodes}],
        },
    }


def forget(control: Cluster, name: str) -> None:
    """Remove what `register` made."""
    version = "kubernetes.m.crossplane.io/v1alpha1"
    for manifest in (
        {"apiVersion": API, "kind": "InferenceCluster", "metadata": {"name": name}},
        {"apiVersion": version, "kind": "ClusterProviderConfig", "metadata": {"name": name}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{name}-kubeconfig", "namespace": SYSTEM}},
    ):
        control.api.delete(manifest)
