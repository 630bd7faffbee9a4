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
    if _lacks_volume(obj, (value_at(obj, "spec", "template", "spec"),), cluster):
        return obj
    wanted, spare = _replicas(obj), value_at(obj, "spec", "strategy", "rollingUpdate", "maxUnavailable") or 0
    status: Manifest = {**_counted(obj), "terminatingReplicas": 0}
    if not _started(obj):
        enough = _available(enough=wanted <= spare)
        status |= {"unavailableReplicas": wanted, "conditions": [enough, _progressing(obj, done=False)]}
    else:
        status |= {"readyReplicas": wanted, "availableReplicas": wanted}
        status["conditions"] = [_available(enough=True), _progressing(obj, done=True)]
    return {**obj, "status": status}


def _available(*, enough: bool) -> Manifest:
    """Return a Deployment's condition: enough pods are there, where those that an update may take away count too."""
    if enough:
        verdict = {"status": "True", "reason": "MinimumReplicasAvailable"}
        return {"type": "Available", **verdict, "message": "Deployment has minimum availability."}
    verdict = {"status": "False", "reason": "MinimumReplicasUnavailable"}
    return {"type": "Available", **verdict, "message": "Deployment does not have minimum availability."}


def _progressing(obj: Manifest, *, done: bool) -> Manifest:
    replicas = f"{obj['metadata']['name']}-{names.digest(obj['metadata']['uid'])}"
    told = f'ReplicaSet "{replicas}" ' + ("has successfully progressed." if done else "is progressing.")
    reason = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    return {"type": "Progressing", "status": "True", "reason": reason, "message": told}


def leader_worker_set(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer that the groups of a LeaderWorkerSet are created, then that they are ready."""
    templates = value_at(obj, "spec", "leaderWorkerTemplate")
    pods = tuple(value_at(templates, role, "spec") for role in ("leaderTemplate", "workerTemplate"))
    if _lacks_volume(obj, pods, cluster):
        return obj
    done, generation, name = _started(obj), obj["metadata"]["generation"], obj["metadata"]["name"]
    leaders = "leaderworkerset.sigs.k8s.io/name={},leaderworkerset.sigs.k8s.io/worker-index=0"
    status: Manifest = {**_counted(obj), "hpaPodSelector": leaders.format(name)}
    going: Manifest = {"type": "Progressing", "reason": "GroupsProgressing", "message": "Replicas are progressing"}
    told = [{**going, "status": "False" if done else "True", "observedGeneration": generation}]
    if done:
        status["readyReplicas"] = _replicas(obj)
        ready = {"type": "Available", "status": "True", "reason": "AllGroupsReady", "message": "All replicas are ready"}
        told.append({**ready, "observedGeneration": generation})
    return {**obj, "status": {**status, "conditions": told}}


def route(obj: Manifest, _cluster: Cluster) -> Manifest:
    """Answer that every parent gateway accepted a route."""
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    parents = [{"parentRef": parent, "conditions": [accepted]} for parent in value_at(obj, "spec", "parentRefs") or ()]
    return {**obj, "status": {"parents": parents}}


def gateway(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer that a load balancer gave the gateway an address, one of those that are kept for examples."""
    value = f"203.0.113.{1 + int(names.digest(cluster.name, length=4), 16) % 254}"
    return {**obj, "status": {"addresses": [{"type": "IPAddress", "value": value}]}}


def _lacks_volume(obj: Manifest, pods: tuple[Manifest | None, ...], cluster: Cluster) -> bool:
    """Return whether no pod can start: a claim that it mounts is not bound."""
    return any(hydration.unbound(pod or {}, ref(obj).namespace, cluster) for pod in pods)


def _started(obj: Manifest) -> bool:
    """Return whether the pods of what is asked for are created."""
    return value_at(obj, "status", "observedGeneration") == obj["metadata"]["generation"]


def _replicas(obj: Manifest) -> int:
    asked = value_at(obj, "spec", "replicas")
    return 1 if asked is None else asked


def _counted(obj: Manifest) -> Manifest:
    """Return what a workload's controller says once the pods are created."""
    wanted = _replicas(obj)
    return {"observedGeneration": obj["metadata"]["generation"], "replicas": wanted, "updatedReplicas": wanted}


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
