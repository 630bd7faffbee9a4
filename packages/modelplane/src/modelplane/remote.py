# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Reaching a workload cluster: the namespace there, wrapping a manifest in an Object, reading its status back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from google.protobuf.struct_pb2 import Struct

from modelplane import labels, names, paths
from modelplane.clusters import Cluster
from modelplane.paths import Manifest

API_VERSION = "kubernetes.m.crossplane.io/v1alpha1"
KIND = "Object"

NAME_LIMIT = 63
"""provider-kubernetes puts an Object's name into its field manager, which holds 128 characters."""

SYSTEM_NAMESPACE = "modelplane-system"
PLATFORM_NAMESPACES = frozenset(
    {
        "default-http-backend",
        SYSTEM_NAMESPACE,
        "cert-manager",
        "envoy-gateway-system",
        "lws-system",
        "modelplane-monitoring",
        "node-feature-discovery",
        "nvidia-dra-driver-gpu",
    }
)
"""Where the platform, and what a serving stack installs, lives on a workload cluster."""


@dataclass(frozen=True)
class Readiness:
    """When an Object counts as Ready: a policy of provider-kubernetes, with its CEL query over `object`."""

    policy: str
    query: str = ""

    def manifest(self) -> Manifest:
        """Return it as spec.readiness."""
        return {"policy": self.policy, "celQuery": self.query} if self.query else {"policy": self.policy}


CREATED = Readiness("SuccessfulCreate")

WITHOUT_DELETE = ("Observe", "Create", "Update", "LateInitialize")
"""Management policies of what must outlive its Object."""
OBSERVE_ONLY = ("Observe",)


def cel(query: str) -> Readiness:
    """Return readiness by a CEL query."""
    return Readiness("DeriveFromCelQuery", query)


def remote_namespace(namespace: str) -> str:
    """Return a tenant's namespace on every workload cluster: the same (namespace sameness, SIG Multicluster)."""
    return namespace


def is_platform(namespace: str) -> bool:
    """Return whether a namespace belongs to the platform, so that no tenant may place anything in it."""
    return namespace.startswith("kube-") or namespace in PLATFORM_NAMESPACES


def wrap(
    manifest: Manifest,
    *,
    name: str,
    namespace: str,
    cluster: Cluster,
    readiness: Readiness = CREATED,
    policies: tuple[str, ...] = (),
) -> Manifest:
    """Return the Object that keeps a manifest on a cluster; `namespace` is the XR's own, on the control plane."""
    spec: Manifest = {
        "forProvider": {"manifest": manifest},
        "providerConfigRef": {"kind": "ClusterProviderConfig", "name": cluster.provider_config},
        "readiness": readiness.manifest(),
    }
    if policies:
        spec["managementPolicies"] = list(policies)
    metadata = {"name": name, "namespace": namespace, "labels": {labels.CLUSTER: cluster.name}}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def stamped(
    template: Struct, *, name: str, cluster: str, provider_config: str, manifest: Struct | None = None
) -> Callable[[Struct], None]:
    """Return what writes a template's Object with the strings that differ between clusters, straight into a reply.

    `manifest` stands in the template's place where there is one.
    """
    return partial(_stamp, template, name, cluster, provider_config, manifest)


def _stamp(
    template: Struct, name: str, cluster: str, provider_config: str, manifest: Struct | None, target: Struct
) -> None:
    target.CopyFrom(template)
    metadata = target.fields["metadata"].struct_value.fields
    metadata["name"].string_value = name
    metadata["labels"].struct_value.fields[labels.CLUSTER].string_value = cluster
    spec = target.fields["spec"].struct_value.fields
    spec["providerConfigRef"].struct_value.fields["name"].string_value = provider_config
    if manifest is not None:
        spec["forProvider"].struct_value.fields["manifest"].struct_value.CopyFrom(manifest)


def namespace_object(namespace: str, *, owner: tuple[str, ...], cluster: Cluster) -> Manifest:
    """Return the Object of a tenant's Namespace on a cluster. It is never deleted: others may share it."""
    remote = remote_namespace(namespace)
    return wrap(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": remote}},
        name=names.child(*owner, cluster.name, "namespace", limit=NAME_LIMIT),
        namespace=namespace,
        cluster=cluster,
        policies=WITHOUT_DELETE,
    )


def cluster_of(observed: Struct) -> str:
    """Return the name of the cluster that an observed Object is on, or the empty string."""
    return paths.text(observed, "metadata", "labels", labels.CLUSTER)


def desired(observed: Struct) -> Struct:
    """Return the manifest that an observed Object was given."""
    return paths.child(observed, "spec", "forProvider", "manifest")


def reported(observed: Struct) -> Struct:
    """Return the remote object as an observed Object last saw it, empty where it has not."""
    return paths.child(observed, "status", "atProvider", "manifest")
