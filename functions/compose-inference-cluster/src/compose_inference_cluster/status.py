# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an InferenceCluster reports."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, managed, remote
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_inference_cluster import access, reach, stack, storage
from compose_inference_cluster.capacity import Capacity
from compose_inference_cluster.clouds import ROWS
from compose_inference_cluster.inputs import Wanted

ACCEPTED = "NodePoolsAccepted"
READY = "ClusterReady"
TYPES = (ACCEPTED, reach.REACHABLE, storage.STORAGE, READY)


def accepted(capacity: Capacity) -> Condition:
    """Return whether every pool can be as its user wants it."""
    if not capacity.refused:
        return conditions.true(ACCEPTED, "Accepted")
    message = listed(capacity.refused)
    return conditions.false(ACCEPTED, "InvalidNodePool", message, warning=message)


def ready(req: fnv1.RunFunctionRequest, keys: Collection[str], others: Collection[Condition]) -> Condition:
    """Return whether the cluster can take models: all that is composed is there, and nothing else is amiss."""
    amiss = [condition.type for condition in others if condition.status != "True"]
    if amiss:
        return conditions.false(READY, "NotReady", f"Not ready yet: the condition {' and '.join(amiss)} says why.")
    late = sorted(key for key in keys if not managed.ready(req, key))
    if late:
        return conditions.false(READY, "Creating", f"Waiting for {listed(late)}.")
    return conditions.true(READY, "Available", event="Became ready for models.")


def unsupported(wanted: Wanted) -> Condition:
    """Return that nobody makes clusters of this source yet."""
    message = f"spec.cluster.source {wanted.source} is not built yet: use {' or '.join(sorted(ROWS))}"
    return conditions.false(READY, "UnsupportedSource", message, warning=message)


def published(req: fnv1.RunFunctionRequest, wanted: Wanted, capacity: Capacity) -> Manifest:
    """Return the status: what is known now, and for the rest what was published before."""
    out = {**wanted.xr.published(), "namespace": remote.SYSTEM_NAMESPACE, "gpuPools": capacity.shown}
    if managed.observed(req, access.KUBERNETES) is not None:
        out["providerConfigRef"] = {"name": access.config_name(wanted.xr.name)}
    address = stack.address(wanted, managed.observed(req, stack.KEY))
    out |= {"gateway": {"address": address}} if address else {}
    name = storage.published(wanted, managed.observed(req, storage.KEY))
    return {**out, "cache": {"storageClassName": name}} if name else out
