# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The fleet as Modelplane sees it: an InferenceCluster per workload cluster, made ready by our own functions."""

from collections.abc import Sequence

from e2e.rig import kube, layout
from e2e.rig.kubernetes import Cluster

API = "modelplane.ai/v1alpha1"
INFRASTRUCTURE = "infrastructure.modelplane.ai/v1alpha1"
OBJECTS = "kubernetes.m.crossplane.io/v1alpha1"
GATEWAYS = "gateway.networking.k8s.io/v1"
SYSTEM = "modelplane-system"
GATEWAY = "inference-gateway"
CLASS = "rig-gpu"
NODES, GPUS_PER_NODE = 12, 2
GATEWAY_ADDRESS = "10.199.0.1"
EXTERNAL = (
    "gatewayApi",
    "certManager",
    "envoyGateway",
    "prometheus",
    "leaderWorkerSet",
    "nodeFeatureDiscovery",
    "nvidiaDraDriver",
)
"""What the rig's clusters bring themselves, or do without: provider-helm installs nothing here."""


def register(control: Cluster, workload: Cluster) -> None:
    """Make a workload cluster known as a platform team would, and wait until it is Ready."""
    declare(control, workload)
    settle(control, [workload])


def declare(control: Cluster, workload: Cluster, *, nodes: int = NODES, label: str = "") -> None:
    """Apply a cluster's kubeconfig, its class and its InferenceCluster of the same name."""
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    control.api.apply(_secret(workload))
    control.api.apply(_class())
    control.api.apply(_inference_cluster(workload.name, nodes=nodes, label=label or workload.name))


def settle(control: Cluster, workloads: Sequence[Cluster]) -> None:
    """Give the gateways of clusters their addresses, and wait until every cluster is Ready."""
    for workload in workloads:
        address(control, workload, workload.name)
    for workload in workloads:
        what = f"InferenceCluster {workload.name} is Ready"
        kube.eventually(what, lambda name=workload.name: ready(control, name))


def address(control: Cluster, workload: Cluster, name: str) -> None:
    """Report the address that a load balancer would give to the Gateway: a stand-in for the gateway's controller."""
    gateway = kube.eventually(
        f"cluster {name} has its Gateway",
        lambda: workload.api.find(GATEWAYS, "Gateway", GATEWAY, namespace=SYSTEM),
    )
    status = {"addresses": [{"type": "IPAddress", "value": GATEWAY_ADDRESS}]}
    if gateway.get("status", {}).get("addresses") != status["addresses"]:
        workload.api.patch(gateway, {"status": status}, status=True)
        for wrapped in of_cluster(control, name):
            if wrapped["spec"]["forProvider"]["manifest"]["kind"] == "Gateway":
                # The provider looks at once, not at its next poll.
                control.api.patch(wrapped, {"metadata": {"annotations": {"rig": "addressed"}}})


def ready(control: Cluster, name: str) -> bool:
    """Return whether a cluster is Ready, and has published what others read."""
    status = control.api.get(API, "InferenceCluster", name).get("status", {})
    states = {row["type"]: row["status"] for row in status.get("conditions", [])}
    wanted = ("providerConfigRef", "gateway", "cache", "gpuPools")
    return states.get("Ready") == "True" and all(status.get(field) for field in wanted)


def of_cluster(control: Cluster, name: str) -> list[kube.Manifest]:
    """Return the Objects that the platform itself keeps on a cluster."""
    return control.api.list(OBJECTS, "Object", namespace=SYSTEM, labels=f"modelplane.ai/cluster={name}")


def forget(control: Cluster, *names: str) -> None:
    """Delete clusters as soon as nothing uses them, and see that all that was composed for them goes."""
    kube.eventually("the clusters are deleted", lambda: _deleted(control, names))
    kube.eventually("all of the clusters is gone", lambda: not left(control, names))
    for name in names:
        metadata = {"name": f"{name}-kubeconfig", "namespace": SYSTEM}
        control.api.delete({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})


def left(control: Cluster, names: tuple[str, ...]) -> list[str]:
    """Return what of clusters is still there: their stacks, and what these and they themselves compose."""
    stacks = control.api.list(INFRASTRUCTURE, "ServingStack", namespace=SYSTEM)
    found = [f"ServingStack {row['metadata']['name']}" for row in stacks if row["metadata"]["name"] in names]
    return found + [f"Object {row['metadata']['name']}" for name in names for row in of_cluster(control, name)]


def _deleted(control: Cluster, names: tuple[str, ...]) -> bool:
    """Ask for deletion, which a guard refuses while replicas or caches are there; return whether all are gone."""
    there = [row for row in control.api.list(API, "InferenceCluster") if row["metadata"]["name"] in names]
    for row in there:
        control.api.try_delete(row)
    return not there


def _secret(workload: Cluster) -> kube.Manifest:
    metadata = {"name": f"{workload.name}-kubeconfig", "namespace": SYSTEM}
    data = {"kubeconfig": workload.kubeconfig.read_text()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def _class() -> kube.Manifest:
    spec = {"resources": {"gpu": {"count": GPUS_PER_NODE, "memory": "80Gi"}}}
    return {"apiVersion": API, "kind": "InferenceClass", "metadata": {"name": CLASS}, "spec": spec}


def _inference_cluster(name: str, *, nodes: int, label: str) -> kube.Manifest:
    cache = {"storageClassName": layout.STORAGE_CLASS}
    existing = {"secretRef": {"name": f"{name}-kubeconfig"}, "cache": cache}
    return {
        "apiVersion": API,
        "kind": "InferenceCluster",
        "metadata": {"name": name, "labels": {"modelplane.ai/cluster": "true", "rig": label}},
        "spec": {
            "cluster": {"source": "Existing", "existing": existing},
            "nodePools": [{"name": layout.POOL, "className": CLASS, "nodeCount": nodes}],
            "servingStack": {"components": dict.fromkeys(EXTERNAL, "External")},
        },
    }
