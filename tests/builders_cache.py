# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A ModelCache and its fleet, step by step: a request, the reply, and what clusters make of what was composed."""

import copy
import functools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import builders
import builders_faults
from compose_model_cache import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

C1 = "c1" * 20
C2 = "c2" * 20
TOTAL = 1000
_STATUS = {fnv1.STATUS_CONDITION_TRUE: "True", fnv1.STATUS_CONDITION_FALSE: "False"}
JobStatus = Callable[[Manifest], Manifest]
"""What a Job's annotation and status are, given its manifest: metadata.annotations and status."""


class Reply:
    """What the function answered, as a test reads it."""

    def __init__(self, rsp: fnv1.RunFunctionResponse) -> None:
        self.rsp = rsp
        self.objects = {key: paths.manifest(r.resource) for key, r in rsp.desired.resources.items()}
        self.status = paths.manifest(paths.child(rsp.desired.composite.resource, "status"))
        self.ready = rsp.desired.composite.ready == fnv1.READY_TRUE
        self.events = [(fnv1.Severity.Name(r.severity), r.reason, r.message) for r in rsp.results]

    @property
    def fatal(self) -> str:
        """Return the Fatal result's message, or the empty string."""
        return next((message for severity, _, message in self.events if severity == "SEVERITY_FATAL"), "")

    @property
    def warnings(self) -> list[str]:
        """Return the messages of all warnings."""
        return [message for severity, _, message in self.events if severity == "SEVERITY_WARNING"]

    def told(self, typ: str) -> tuple[str, str]:
        """Return status and reason of a condition."""
        found = next(c for c in self.rsp.conditions if c.type == typ)
        return _STATUS.get(found.status, "Unknown"), found.reason

    def message(self, typ: str) -> str:
        """Return the message of a condition."""
        return next(c.message for c in self.rsp.conditions if c.type == typ)

    def entry(self, cluster: str = "a") -> Manifest:
        """Return what is published of a cluster, empty where there is nothing."""
        return next((one for one in self.status.get("clusters", []) if one["name"] == cluster), {})

    def phases(self) -> dict[str, str]:
        """Return the phase of every cluster."""
        return {one["name"]: one["phase"] for one in self.status["clusters"]}

    def kinds(self, cluster: str = "a") -> set[str]:
        """Return the kinds of what is composed on a cluster."""
        return {m["kind"] for key, m in self._remote().items() if key.startswith(f"{cluster}/")}

    def remote(self, kind: str, cluster: str = "a") -> Manifest:
        """Return the one manifest of a kind on a cluster."""
        (found,) = [m for k, m in self._remote().items() if m["kind"] == kind and k.startswith(f"{cluster}/")]
        return found

    def keys(self, part: str) -> set[str]:
        """Return the composed-resource keys that hold a text."""
        return {key for key in self.objects if part in key}

    def args(self, cluster: str = "a") -> list[str]:
        """Return the hydrator's flags on a cluster."""
        return self.remote("Job", cluster)["spec"]["template"]["spec"]["containers"][0]["args"]

    def _remote(self) -> dict[str, Manifest]:
        return {key: obj["spec"]["forProvider"]["manifest"] for key, obj in self.objects.items()}


def tree_of(job: Manifest, commit: str) -> str:
    """Return the tree that the hydrator of a Job publishes a commit as."""
    args = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return next(arg for arg in args if arg.startswith("--tree=")).partition("=")[2] + f"-{commit[:12]}"


def reports(commit: str = C1, *, staged: int = TOTAL // 2, reason: str = "", said: Manifest | None = None) -> JobStatus:
    """Return a Job that runs and has reported; `said` changes the report."""
    return functools.partial(_reported, commit=commit, staged=staged, reason=reason, said=said or {})


def _reported(job: Manifest, *, commit: str, staged: int, reason: str, said: Manifest) -> Manifest:
    report = {"percent": 100 * staged // TOTAL, "bytes": staged, "total": TOTAL, "rate": 0, "eta": -1, "commit": commit}
    report |= {"tree": tree_of(job, commit), "reason": reason, **said}
    return {"annotations": {"modelplane.ai/progress": json.dumps(report)}, "status": {"active": 1}}


def silent(_job: Manifest) -> Manifest:
    """Return a Job that runs and has reported nothing."""
    return {"annotations": {}, "status": {"active": 1, "startTime": builders.CREATED}}


def complete(commit: str = C1) -> JobStatus:
    """Return a Job that has done its work."""
    return lambda job: {
        **reports(commit, staged=TOTAL)(job),
        "status": {"conditions": [builders.condition("Complete", reason="CompletionsReached")]},
    }


def failed(code: int, *, reason: str = "") -> JobStatus:
    """Return a Job that its pod failure policy ended; `reason` is in the last report."""
    message = f"Container hydrate for pod ml-team/x-abcde failed with exit code {code} matching FailJob rule at index 1"
    return ended("PodFailurePolicy", message, reason=reason)


def ended(why: str, message: str = "", *, reason: str = "") -> JobStatus:
    """Return a Job that failed for a reason of Kubernetes' own."""
    condition = builders.condition("Failed", reason=why, message=message)
    return lambda job: {**reports(reason=reason)(job), "status": {"conditions": [condition]}}


@dataclass
class World:
    """A ModelCache, the fleet and what was composed so far; `jobs` says by cluster what its Job does, "" of all."""

    xr: Manifest = field(default_factory=builders.cache)
    clusters: list[Manifest] = field(default_factory=lambda: [builders.cluster("a")])
    replicas: list[Manifest] = field(default_factory=list)
    secrets: list[Manifest] = field(default_factory=lambda: [builders.secret()])
    jobs: dict[str, JobStatus] = field(default_factory=dict)
    settings: Manifest = field(default_factory=dict)
    observed: dict[str, Manifest] = field(default_factory=dict)
    volumes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Own what the test changes."""
        self.xr = copy.deepcopy(self.xr)

    def request(self) -> fnv1.RunFunctionRequest:
        """Return what Crossplane would send now."""
        required = {"clusters": self.clusters, "replicas": self.replicas}
        if "authSecret" in self.xr["spec"].get("huggingFace", {}):
            required["token"] = self.secrets
        return builders.request(self.xr, observed=self.observed, required=required)

    def answer(self, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        """Return what the function answers to a request."""
        return runtime.answer(functools.partial(fn.compose, **self.settings), req)

    def ask(self) -> Reply:
        """Return the reply to the world as it is."""
        return Reply(self.answer(self.request()))

    def step(self) -> Reply:
        """Return the reply, and let Crossplane and the clusters act on it."""
        reply = self.ask()
        assert not reply.fatal, reply.fatal
        xr = builders_faults.with_status(self.request(), reply.rsp).observed.composite.resource
        self.xr = {**self.xr, "status": paths.manifest(xr)["status"]}
        self.observed = {key: self._shown(key, obj) for key, obj in reply.objects.items()}
        return reply

    def steps(self, count: int = 6) -> Reply:
        """Return the last of several replies."""
        return [self.step() for _ in range(count)][-1]

    def staged(self, commit: str = C1) -> Reply:
        """Let every Job do its work, and return the reply once all is at rest."""
        self.jobs = {"": complete(commit)}
        reply = self.steps()
        assert reply.ready, reply.status
        return reply

    def hub(self, **changes: Any) -> None:  # noqa: ANN401  any field of huggingFace
        """Let the user change spec.huggingFace."""
        self.xr["spec"]["huggingFace"] |= changes

    def annotate(self, key: str, value: str) -> None:
        """Let the user set an annotation."""
        self.xr["metadata"].setdefault("annotations", {})[key] = value

    def _shown(self, key: str, obj: Manifest) -> Manifest:
        job = obj["spec"]["forProvider"]["manifest"]
        remote = {**job, "metadata": {**job["metadata"], "uid": self.volumes.get(key) or builders.uid(key)}}
        ready = True
        if job["kind"] == "PersistentVolumeClaim":
            remote["status"] = {"phase": "Bound"}
        if job["kind"] == "Job":
            does = self.jobs.get(key.partition("/")[0]) or self.jobs.get("", silent)
            told = does(job)
            remote["metadata"]["annotations"] = told["annotations"]
            remote["status"] = told["status"]
            ready = any(c["type"] == "Complete" for c in told["status"].get("conditions", []))
        return builders.observed(obj, key=key, owner=self.xr, ready=ready, remote=remote)


def fleet(*names: str, **more: Any) -> list[Manifest]:  # noqa: ANN401  passed on to cluster
    """Return clusters that differ in their names."""
    return [builders.cluster(name, **more) for name in names]


def using(name: str, cluster: str, *, tree: str = "", cache: str = "qwen") -> Manifest:
    """Return a ModelReplica that uses the cache on a cluster, and mounts a tree where one is given."""
    status = {"status": {"cache": {"name": cache, "tree": tree}}} if tree else {}
    return {**builders.replica(name, cluster=cluster, cache=cache), **status}


def names(objects: Iterable[Manifest]) -> list[str]:
    """Return the names of objects, sorted."""
    return sorted(obj["metadata"]["name"] for obj in objects)
