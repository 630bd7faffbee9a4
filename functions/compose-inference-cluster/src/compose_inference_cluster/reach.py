# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether the cluster answers: one observe-only Object of what every cluster has."""

from google.protobuf.struct_pb2 import Struct
from modelplane import conditions, meta, names, remote
from modelplane.clusters import Cluster
from modelplane.conditions import Condition
from modelplane.paths import Manifest

KEY = "reachable"
REACHABLE = "ClusterReachable"

_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}


def probe(cluster: Cluster) -> Manifest:
    """Return the Object of the Namespace kube-system."""
    return remote.wrap(
        _NAMESPACE,
        name=names.child(cluster.name, KEY, limit=remote.NAME_LIMIT),
        namespace=remote.SYSTEM_NAMESPACE,
        cluster=cluster,
        policies=remote.OBSERVE_ONLY,
    )


def condition(seen: Struct | None, *, configured: bool) -> Condition:
    """Return whether the cluster answered, and what it or its credentials said where it did not."""
    if seen is None:
        what = "the first answer of the cluster" if configured else "credentials of the cluster"
        return conditions.false(REACHABLE, "Connecting", f"Waiting for {what}.")
    synced = meta.statuses(seen).get("Synced")
    if synced == "True":
        return conditions.true(REACHABLE, "Reachable", event="Reached the cluster.")
    if synced != "False":
        return conditions.false(REACHABLE, "Connecting", "Waiting for the first answer of the cluster.")
    message = f"cannot reach the cluster, check its credentials: {meta.said(seen, 'Synced') or 'no message'}"
    return conditions.false(REACHABLE, "Unreachable", message, warning=message)
