# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The provider configurations by which everything else of ours reaches the cluster."""

from collections.abc import Sequence

from modelplane import clusters, names, remote
from modelplane.paths import Manifest

from compose_inference_cluster.clouds.row import Access

KUBERNETES = "kubernetes-config"
HELM = "helm-config"
_KINDS = {KUBERNETES: "kubernetes.m.crossplane.io/v1alpha1", HELM: "helm.m.crossplane.io/v1beta1"}


def config_name(cluster: str) -> str:
    """Return the name of a cluster's provider configurations; it can be no other's."""
    return names.child("cluster", cluster)


def configs(cluster: str, secrets: Sequence[Access]) -> dict[str, Manifest]:
    """Return both configurations by composed-resource key; none while it is not known how to reach the cluster."""
    kubeconfig = next((each for each in secrets if each.type == clusters.KUBECONFIG), None)
    if kubeconfig is None:
        return {}
    spec: Manifest = {"credentials": _source(kubeconfig)}
    identity = next((each for each in secrets if each.type != clusters.KUBECONFIG), None)
    if identity is not None:
        spec["identity"] = {"type": identity.type, **_source(identity)}
    metadata = {"name": config_name(cluster)}
    return {
        key: {"apiVersion": version, "kind": "ClusterProviderConfig", "metadata": metadata, "spec": spec}
        for key, version in _KINDS.items()
    }


def _source(access: Access) -> Manifest:
    ref = {"namespace": remote.SYSTEM_NAMESPACE, "name": access.name, "key": access.key}
    return {"source": "Secret", "secretRef": ref}
