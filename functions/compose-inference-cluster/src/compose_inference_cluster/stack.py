# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cluster's ServingStack, and the guard that lets it go before the cluster that it runs on."""

from collections.abc import Sequence

from google.protobuf.struct_pb2 import Struct
from modelplane import labels, names, paths, remote, usages
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


def order(wanted: Wanted, cloud: Cloud) -> Manifest:
    """Return the guard of the cloud's XR: what runs on the cluster is taken down while the cluster still answers.

    It replays an accepted teardown, and may carry `by`, since the stack is a sibling and no owner.
    """
    name = wanted.xr.name
    return usages.namespaced(
        name=names.child(name, ORDER),
        namespace=remote.SYSTEM_NAMESPACE,
        of=(API_VERSION, cloud.kind, name),
        by=(API_VERSION, KIND, name),
        reason=f"the serving stack of InferenceCluster {name} goes first",
        replay=True,
    )


def address(wanted: Wanted, seen: Struct | None) -> str:
    """Return the gateway's address as the stack reports it; what was published before stays."""
    found = "" if seen is None else paths.text(seen, "status", "gateway", "address")
    return found or paths.text(wanted.xr.obj, "status", "gateway", "address")
