# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cluster's ServingStack, and the guards that let it go before the cluster that it runs on."""

from collections.abc import Sequence

from google.protobuf.struct_pb2 import Struct
from modelplane import access, clusters, labels, names, paths, remote, usages
from modelplane.access import Access
from modelplane.paths import Manifest

from compose_inference_cluster.clouds.row import Cloud
from compose_inference_cluster.inputs import Wanted

API_VERSION = "infrastructure.modelplane.ai/v1alpha1"
KIND = "ServingStack"
KEY = "stack"
ORDER = "stack-first"


def stack(wanted: Wanted, cloud: Cloud, secrets: Sequence[Access]) -> Manifest:
    """Return the ServingStack, which reaches the cluster by the same Secrets."""
    name = wanted.xr.name
    given = [{"type": s.type, "name": s.name, "key": s.key, "namespace": s.namespace} for s in secrets]
    spec: Manifest = {"secrets": given, "nvidiaDriverRoot": cloud.driver_root}
    spec |= {
        key: paths.plain(value) for key, value in paths.child(wanted.xr.obj, "spec", "servingStack").fields.items()
    }
    metadata = {"name": name, "namespace": remote.SYSTEM_NAMESPACE, "labels": {labels.CLUSTER: name}}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def order(wanted: Wanted, cloud: Cloud, seen: Struct | None) -> dict[str, Manifest]:
    """Return the guards of the cloud's XR: what runs on the cluster is taken down while the cluster still answers.

    A stack is gone before all that it installed is; its provider configurations, each in use until then, are not.
    They replay an accepted teardown, and may carry `by`, since neither stack nor configuration is an owner.
    """
    name = wanted.xr.name
    config = access.stack_config(name)
    first = {ORDER: (API_VERSION, KIND, name)}
    if seen is not None or clusters.provider_config(wanted.xr.obj):
        first |= {f"{ORDER}-{key}": (version, "ProviderConfig", config) for key, version in access.VERSIONS.items()}
    return {
        key: usages.namespaced(
            name=names.child(name, key),
            namespace=remote.SYSTEM_NAMESPACE,
            of=(API_VERSION, cloud.kind, name),
            by=by,
            reason=f"the serving stack of InferenceCluster {name} goes first",
            replay=True,
        )
        for key, by in first.items()
    }


def address(wanted: Wanted, seen: Struct | None) -> str:
    """Return the gateway's address as the stack reports it; what was published before stays."""
    found = "" if seen is None else paths.text(seen, "status", "gateway", "address")
    return found or paths.text(wanted.xr.obj, "status", "gateway", "address")
