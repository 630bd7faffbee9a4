# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Compose the cluster that a source makes, the way to it and its storage; publish what it can hold."""

import dataclasses
from collections.abc import Mapping

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, conditions, inputs, managed, remote
from modelplane.composed import Composed
from modelplane.paths import Manifest

from compose_inference_cluster import access, guards, reach, stack, status, storage
from compose_inference_cluster import inputs as given
from compose_inference_cluster.capacity import Capacity, capacity
from compose_inference_cluster.clouds import ROWS
from compose_inference_cluster.clouds.row import Cloud
from compose_inference_cluster.inputs import NEEDS, Wanted


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose all that is known to be right; whatever is missing or wrong leaves what is there as it is."""
    wanted = given.read(req)
    if not inputs.resolved(req, NEEDS):
        return Composed.waiting(req, NEEDS, status.TYPES)
    found, skipped = given.hardware(req)
    guarded, cloud = guards.guards(req, wanted, found), ROWS.get(wanted.source)
    if cloud is None:
        stands = conditions.stands(wanted.xr.obj, status.TYPES[:-1])
        told = (*stands, status.unsupported(wanted))
        return Composed(needs=NEEDS, resources=guarded, status=wanted.xr.published(), conditions=told, skipped=skipped)
    made = managed.observed(req, cluster_key(cloud)) or Struct()
    pools = capacity(wanted, cloud, found, made)
    resources = _resources(req, wanted, cloud, pools)
    told = (
        status.accepted(pools),
        reach.condition(managed.observed(req, reach.KEY), configured=access.KUBERNETES in resources),
        storage.condition(wanted, cloud, managed.observed(req, storage.KEY)),
    )
    ready = status.ready(req, resources, told)
    return Composed(
        needs=NEEDS,
        resources={**guarded, **resources},
        released=guards.released(req, wanted),
        status=status.published(req, wanted, pools),
        conditions=(*told, ready),
        ready=ready.status == "True",
        skipped=skipped,
    )


def cluster_key(cloud: Cloud) -> str:
    """Return the composed-resource key of the XR that makes the cluster: another source's stays another resource."""
    return f"cluster-{cloud.source.lower()}"


def _resources(req: fnv1.RunFunctionRequest, wanted: Wanted, cloud: Cloud, pools: Capacity) -> Mapping[str, Manifest]:
    """Return the cluster's own XR, and once it is known how to reach it, what we need on it."""
    name, made = wanted.xr.name, managed.observed(req, cluster_key(cloud)) or Struct()
    out: dict[str, Manifest] = {}
    if cloud.kind and (pools.asked or not wanted.pools):
        out[cluster_key(cloud)] = {
            "apiVersion": stack.API_VERSION,
            "kind": cloud.kind,
            "metadata": {"name": name, "namespace": remote.SYSTEM_NAMESPACE},
            "spec": cloud.spec(wanted, pools.asked),
        }
    secrets = cloud.secrets(wanted, made)
    configs = access.configs(name, secrets)
    if configs:
        out[stack.KEY] = stack.stack(wanted, cloud, secrets)
    if cluster_key(cloud) in out or (cloud.kind and made.fields):
        out |= stack.order(wanted, cloud, managed.observed(req, stack.KEY))
    if not configs:
        return out
    cluster = dataclasses.replace(clusters.read(wanted.xr.obj), provider_config=access.config_name(name))
    classes = storage.objects(wanted, cloud, cluster, made, managed.observed(req, storage.KEY))
    return {**out, **configs, reach.KEY: reach.probe(cluster), **classes}
