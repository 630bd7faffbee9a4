# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the controllers of a healthy cluster answer, kind by kind: the facts that a preview makes up.

Volumes bind, Jobs run at the cluster's pace and complete, workloads become available once what they mount is there.
"""

from collections.abc import Mapping

from modelplane import names
from modelplane.paths import Manifest

from modelplane_cli import hydration
from modelplane_cli.fleet import Answer, Cluster
from modelplane_cli.objects import ref, value_at


def namespace(obj: Manifest, _cluster: Cluster) -> Manifest:
    """Answer that a namespace is active."""
    return {**obj, "status": {"phase": "Active"}}


def claim(obj: Manifest, _cluster: Cluster) -> Manifest:
    """Answer that a claim is bound to a volume of the size that it asks for."""
    storage = value_at(obj, "spec", "resources", "requests", "storage")
    status = {"phase": "Bound", "accessModes": value_at(obj, "spec", "accessModes"), "capacity": {"storage": storage}}
    spec = {**obj["spec"], "volumeName": f"pvc-{obj['metadata']['uid']}"}
    return {**obj, "spec": spec, "status": status}


def deployment(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer that a Deployment's pods are created, then that they are available."""
    return _workload(obj, (value_at(obj, "spec", "template", "spec"),), cluster)


def leader_worker_set(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer that the groups of a LeaderWorkerSet are created, then that they are available."""
    templates = value_at(obj, "spec", "leaderWorkerTemplate")
    return _workload(obj, tuple(value_at(templates, r, "spec") for r in ("leaderTemplate", "workerTemplate")), cluster)


def route(obj: Manifest, _cluster: Cluster) -> Manifest:
    """Answer that every parent gateway accepted a route."""
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    parents = [{"parentRef": parent, "conditions": [accepted]} for parent in value_at(obj, "spec", "parentRefs") or ()]
    return {**obj, "status": {"parents": parents}}


def gateway(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer that a load balancer gave the gateway an address, one of those that are kept for examples."""
    value = f"203.0.113.{1 + int(names.digest(cluster.name, length=4), 16) % 254}"
    return {**obj, "status": {"addresses": [{"type": "IPAddress", "value": value}]}}


def _workload(obj: Manifest, pods: tuple[Manifest | None, ...], cluster: Cluster) -> Manifest:
    """Return a workload one step further: pods created once their claims are bound, then ready."""
    if any(hydration.unbound(pod or {}, ref(obj).namespace, cluster) for pod in pods):
        return obj
    generation = obj["metadata"]["generation"]
    asked = value_at(obj, "spec", "replicas")
    replicas = 1 if asked is None else asked
    status: Manifest = {"observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas}
    started = value_at(obj, "status", "observedGeneration") == generation
    if started:
        status |= {"readyReplicas": replicas, "availableReplicas": replicas}
    verdict = {"status": "True", "reason": "AllReady"} if started else {"status": "False", "reason": "Starting"}
    return {**obj, "status": {**status, "conditions": [{"type": "Available", **verdict}]}}


ANSWERS: Mapping[str, Answer] = {
    "Namespace": namespace,
    "PersistentVolumeClaim": claim,
    "Job": hydration.job,
    "Deployment": deployment,
    "LeaderWorkerSet": leader_worker_set,
    "HTTPRoute": route,
    "Gateway": gateway,
}
"""Kinds that a controller answers; anything else is only created."""
