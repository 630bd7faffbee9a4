# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The Secrets by which a cluster is reached, and the provider configurations that name them."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelplane import clusters, names
from modelplane.paths import Manifest

KUBERNETES = "kubernetes-config"
HELM = "helm-config"
"""Composed-resource keys of the two configurations, wherever they are composed."""

VERSIONS = {KUBERNETES: "kubernetes.m.crossplane.io/v1alpha1", HELM: "helm.m.crossplane.io/v1beta1"}
_FIRST_SHAPE = {"GCPServiceAccountKey": clusters.GOOGLE_CREDENTIALS}
"""Types of identity as the first shape spelt them."""


@dataclass(frozen=True, slots=True)
class Access:
    """A Secret by which a cluster is reached."""

    type: str
    name: str
    key: str
    namespace: str


def stack_config(stack: str) -> str:
    """Return the name of the provider configurations that a ServingStack has of its own."""
    return names.child(stack, "stack", "config")


def configs(kind: str, metadata: Manifest, secrets: Sequence[Access]) -> dict[str, Manifest]:
    """Return both configurations by composed-resource key; none while it is not known how to reach the cluster."""
    kubeconfig = next((each for each in secrets if each.type == clusters.KUBECONFIG), None)
    if kubeconfig is None:
        return {}
    spec: Manifest = {"credentials": _source(kubeconfig)}
    identity = next((each for each in secrets if each.type != clusters.KUBECONFIG), None)
    if identity is not None:
        spec["identity"] = {"type": _FIRST_SHAPE.get(identity.type, identity.type), **_source(identity)}
    return {
        key: {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
        for key, version in VERSIONS.items()
    }


def _source(access: Access) -> Manifest:
    ref = {"namespace": access.namespace, "name": access.name, "key": access.key}
    return {"source": "Secret", "secretRef": ref}
