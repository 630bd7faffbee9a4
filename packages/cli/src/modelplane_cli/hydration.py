# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Playing a hydration Job: started when its claim and token are there, reporting as the hydrator does, then complete.

Commit and sizes are made up: the commit is a hash of repository and revision, the model fills most of its claim.
"""

import json
from collections.abc import Iterator, Sequence

from modelplane import labels, names
from modelplane.paths import Manifest

from modelplane_cli.fleet import Cluster
from modelplane_cli.objects import Ref, ref, value_at

GIB = 1024**3
FILLED = 0.75
"""How much of its claim a made-up model fills."""
RATE = 400 * 1024**2
"""Bytes a second that a made-up download reports."""

MADE_UP = "facade"
"""What every made-up commit begins with, so that nobody takes it for a real one."""

_COMMIT_LENGTH = 40


def job(obj: Manifest, cluster: Cluster) -> Manifest:
    """Answer one step's work of a Job: wait for what its pod mounts, start, report, complete."""
    pod = value_at(obj, "spec", "template", "spec") or {}
    namespace = ref(obj).namespace
    lacks_token = any(Ref("v1", "Secret", namespace, name) not in cluster.objects for name in _secrets(pod))
    if lacks_token or unbound(pod, namespace, cluster) or value_at(obj, "status", "succeeded"):
        return obj
    started = value_at(obj, "status", "active")
    percent = _percent(obj) + -(-100 // (cluster.pace + 1)) if started else 0
    now = reported(obj, pod, cluster, percent=min(percent, 100))
    return {**now, "status": _running(obj) if percent < 100 else _complete(obj)}  # noqa: PLR2004  percent


def unbound(pod: Manifest, namespace: str, cluster: Cluster) -> bool:
    """Return whether a claim that a pod mounts is not bound, so that the pod cannot start."""
    keys = (Ref("v1", "PersistentVolumeClaim", namespace, name) for name in claims(pod))
    return any(value_at(cluster.objects.get(key), "status", "phase") != "Bound" for key in keys)


def claims(pod: Manifest) -> Iterator[str]:
    """Yield the names of the claims that a pod mounts."""
    for volume in pod.get("volumes", ()):
        name = value_at(volume, "persistentVolumeClaim", "claimName")
        if name:
            yield name


def reported(obj: Manifest, pod: Manifest, cluster: Cluster, *, percent: int) -> Manifest:
    """Return a hydration Job with its progress annotation; any other Job as it is."""
    args = value_at(pod, "containers")[0].get("args", [])
    tree = flag(args, "--tree")
    if not tree:
        return obj
    commit = flag(args, "--commit") or _commit(flag(args, "--repo"), flag(args, "--revision"))
    total = int(_size(pod, ref(obj).namespace, cluster) * FILLED)
    here = -(-total * percent // 100)
    progress = {
        "percent": percent,
        "bytes": here,
        "total": total,
        "rate": RATE,
        "eta": (total - here) // RATE,
        "commit": commit,
        "tree": f"{tree}-{commit[:12]}",
        "reason": "",
        "time": obj["metadata"]["creationTimestamp"],
    }
    annotations = {
        **obj["metadata"].get("annotations", {}),
        labels.PROGRESS: json.dumps(progress, separators=(",", ":")),
    }
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def progress(obj: Manifest) -> Manifest:
    """Return what a Job's progress annotation says, empty where it has none."""
    annotations = value_at(obj, "metadata", "annotations") or {}
    return json.loads(annotations.get(labels.PROGRESS, "{}"))


def flag(args: Sequence[str], name: str) -> str:
    """Return the value of a flag in an argument vector, in either spelling, or the empty string."""
    for index, arg in enumerate(args):
        if arg.startswith(f"{name}="):
            return arg.partition("=")[2]
        if arg == name and index + 1 < len(args):
            return args[index + 1]
    return ""


def _commit(repo: str, revision: str) -> str:
    return MADE_UP + names.digest(repo, revision, length=_COMMIT_LENGTH - len(MADE_UP))


def _percent(obj: Manifest) -> int:
    return progress(obj).get("percent", 0)


def _size(pod: Manifest, namespace: str, cluster: Cluster) -> int:
    for name in claims(pod):
        found = cluster.objects.get(Ref("v1", "PersistentVolumeClaim", namespace, name))
        storage = value_at(found, "spec", "resources", "requests", "storage") or ""
        if storage.endswith("Gi"):
            return int(storage.removesuffix("Gi")) * GIB
    return GIB


def _secrets(pod: Manifest) -> Iterator[str]:
    for env in pod["containers"][0].get("env", ()):
        wanted = value_at(env, "valueFrom", "secretKeyRef") or {}
        if wanted.get("name") and not wanted.get("optional"):
            yield wanted["name"]


def _running(obj: Manifest) -> Manifest:
    return {"active": 1, "ready": 1, **_begun(obj)}


def _complete(obj: Manifest) -> Manifest:
    verdict = {"status": "True", "reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
    conditions = [{"type": kind, **verdict} for kind in ("SuccessCriteriaMet", "Complete")]
    return {"succeeded": 1, "ready": 0, **_begun(obj), "conditions": conditions}


def _begun(obj: Manifest) -> Manifest:
    return {"startTime": obj["metadata"]["creationTimestamp"], "terminating": 0, "uncountedTerminatedPods": {}}
