# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A tenant of the fleet for one case: what it applies, what it sees, and that nothing of it stays behind."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.rig import hub, kube, layout, models, storage
from e2e.rig.kube import ApiError, Manifest
from e2e.rig.kubernetes import Cluster

API = "modelplane.ai/v1alpha1"
PROTECTION = "protection.crossplane.io/v1beta1"
OBJECTS = "kubernetes.m.crossplane.io/v1alpha1"
AUTH = {"name": "hub", "key": "token"}
ANSWER_SECONDS = 20
"""The node's proxy may hear of an engine after the API server; an engine that was replaced takes 30 s at least."""


@dataclass(frozen=True)
class Tenant:
    """One namespace of the control plane, and the same on the workload cluster."""

    namespace: str
    control: Cluster
    workload: Cluster

    def apply(self, kind: str, name: str, spec: Manifest, **metadata: object) -> Manifest:
        """Apply one of our kinds."""
        place = {"name": name, "namespace": self.namespace, **metadata}
        return self.control.api.apply({"apiVersion": API, "kind": kind, "metadata": place, "spec": spec})

    def cache(
        self, name: str = "model", *, repo: str = "rig/tiny", selector: Manifest | None = None, **more: object
    ) -> Manifest:
        """Apply a ModelCache, for the cluster with the node unless told otherwise."""
        labels = {"rig": layout.WORKLOAD} if selector is None else selector
        spec: Manifest = {"source": "HuggingFace", "clusterSelector": {"matchLabels": labels}}
        spec["huggingFace"] = {"repo": repo, "sizeGiB": 1, **more}
        return self.apply("ModelCache", name, spec)

    def deployment(self, name: str = "serve", *, cache: str = "model", replicas: int = 1, **more: object) -> Manifest:
        """Apply a turnkey ModelDeployment of the rig's engine."""
        containers = [{"name": "engine", "image": models.engine(print)}]
        workers = {"topology": {"tensor": 1}, "template": {"spec": {"containers": containers}}}
        spec: Manifest = {"replicas": replicas, "modelCacheRef": {"name": cache}, "workers": workers, **more}
        return self.apply("ModelDeployment", name, spec)

    def private_cache(self, repo: str) -> Manifest:
        """Apply a ModelCache whose token is in a Secret, and which waits for that."""
        return self.cache(repo=repo, authSecret=AUTH)

    def give_token(self) -> Manifest:
        """Apply the Secret with the Hub's token."""
        metadata = {"name": AUTH["name"], "namespace": self.namespace}
        data = {AUTH["key"]: hub.TOKEN}
        return self.control.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})

    def get(self, kind: str, name: str) -> Manifest:
        """Return one of our objects."""
        return self.control.api.get(API, kind, name, namespace=self.namespace)

    def ours(self, kind: str) -> list[Manifest]:
        """Return our objects of a kind."""
        return self.control.api.list(API, kind, namespace=self.namespace)

    def objects(self, kind: str = "") -> list[Manifest]:
        """Return the provider's Objects, of one remote kind or of all."""
        found = self.control.api.list(OBJECTS, "Object", namespace=self.namespace)
        return [row for row in found if not kind or row["spec"]["forProvider"]["manifest"]["kind"] == kind]

    def composed(self) -> dict[str, str]:
        """Return what is composed for the tenant: each Object and replica, and which one it is."""
        found: list[Manifest] = [*self.objects(), *self.ours("ModelReplica")]
        return {row["metadata"]["name"]: row["metadata"]["uid"] for row in found}

    def remote(self, version: str, kind: str) -> list[Manifest]:
        """Return what is in the tenant's namespace of the workload cluster."""
        return self.workload.api.list(version, kind, namespace=self.namespace)

    def ready(self, kind: str, name: str) -> Manifest:
        """Return an object of ours once it is Ready."""
        return self.until(kind, name, lambda found: condition(found, "Ready")["status"] == "True")

    def until(self, kind: str, name: str, done: Callable[[Manifest], Any]) -> Manifest:
        """Return an object of ours once it is as wanted, or fail with its status."""
        last: Manifest = {}

        def look() -> bool:
            last.update(self.get(kind, name))
            return bool(done(last))

        try:
            kube.eventually(f"{kind} {name} is as wanted", look)
        except AssertionError as err:
            status = json.dumps(last.get("status", {}), indent=1)
            raise AssertionError(f"{err}; its status: {status}") from err
        return last

    def says(self, kind: str, name: str, typ: str, reason: str) -> Manifest:
        """Return a condition once it has a reason."""
        found = self.until(kind, name, lambda row: condition(row, typ)["reason"] == reason)
        return condition(found, typ)

    def replica(self) -> str:
        """Return the name of the tenant's one replica, once it is there."""
        (found,) = kube.eventually("a replica", lambda: self.ours("ModelReplica"))
        return found["metadata"]["name"]

    def claim(self) -> str:
        """Return the name of the tenant's one claim."""
        (found,) = self.remote("v1", "PersistentVolumeClaim")
        return found["metadata"]["name"]

    def volume(self) -> Path:
        """Return the folder behind the tenant's one claim."""
        return storage.of_claim(self.workload, self.namespace, self.claim())

    def trees(self) -> list[str]:
        """Return the published trees on the tenant's one volume."""
        return sorted(path.parent.name for path in (self.volume() / "trees").glob("*/.modelplane-hydrated"))

    def hydrating(self) -> str:
        """Return the name of the tenant's one hydration pod, once it fetches."""
        (pod,) = kube.eventually("a hydration pod runs", self._fetching)
        return pod["metadata"]["name"]

    def _fetching(self) -> list[Manifest]:
        running = [row for row in self.remote("v1", "Pod") if row["status"].get("phase") == "Running"]
        pods = [row for row in running if "batch.kubernetes.io/job-name" in row["metadata"].get("labels", {})]
        return pods if pods and any(self.volume().glob(".modelplane/*/*/tree/*")) else []

    def ask(self) -> Manifest:
        """Ask the engine behind the tenant's Service for a completion, and return the answer."""
        found = [row for row in self.remote("v1", "Service") if row["spec"]["clusterIP"] != "None"]
        (service,) = found  # a gang has a headless one beside it
        url = f"http://{service['spec']['clusterIP']}/v1/chat/completions"
        body = json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode()
        request = urllib.request.Request(url, data=body, method="POST")

        def answer() -> Manifest:
            with urllib.request.urlopen(request, timeout=10) as said:  # noqa: S310 - as above
                return json.loads(said.read())

        return kube.eventually("the engine answers", answer, seconds=ANSWER_SECONDS)

    def clear(self) -> None:
        """Delete everything, as a person would, and see that all of it goes on both clusters."""
        for kind in ("ModelDeployment", "ModelCache"):
            kube.eventually(f"every {kind} is gone", lambda k=kind: self._deleted(k))
        kube.eventually("every Object is gone", lambda: not self.objects())
        left = kube.eventually("the workload namespace is empty", self._empty)
        assert left == "empty"
        self.workload.api.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.control.api.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})

    def try_delete(self, kind: str, name: str, *, propagation: str = "Background") -> bool:
        """Ask for deletion and return whether it was accepted; a guard may refuse it while something is in use."""
        found = self.control.api.find(API, kind, name, namespace=self.namespace)
        return found is not None and self.control.api.try_delete(found, propagation=propagation)

    def refusal(self, kind: str, name: str) -> str:
        """Return why a deletion is refused, once it is guarded; Crossplane's webhook may be away for a while."""
        found = self.get(kind, name)
        kube.eventually(f"{kind} {name} is guarded", lambda: self._guards(kind, name))

        def refused() -> str:
            try:
                self.control.api.delete(found)
            except ApiError as err:
                if err.code != kube.CONFLICT:
                    raise
                return err.message
            raise AssertionError(f"the deletion of {kind} {name} was accepted")

        return kube.eventually("the deletion is refused", refused)

    def _guards(self, kind: str, name: str) -> list[Manifest]:
        """Return the usages of one of our objects that Crossplane enforces."""
        found = self.control.api.list(PROTECTION, "Usage", namespace=self.namespace)
        of = [(row, row["spec"]["of"]) for row in found if condition(row, "Ready")["status"] == "True"]
        return [row for row, used in of if used["kind"] == kind and used["resourceRef"]["name"] == name]

    def delete(self, kind: str, name: str, *, propagation: str = "Background") -> None:
        """Delete one of our objects; while Crossplane's webhook is away there is no answer yet."""
        what = f"the deletion of {kind} {name} is accepted"
        kube.eventually(what, lambda: self.try_delete(kind, name, propagation=propagation))

    def _deleted(self, kind: str) -> bool:
        """Ask for deletion as long as something is there, and return whether nothing is."""
        found = self.ours(kind)
        for row in found:
            self.try_delete(kind, row["metadata"]["name"])
        return not found and not (kind == "ModelDeployment" and self.ours("ModelReplica"))

    def _empty(self) -> str:
        kinds = (
            ("batch/v1", "Job"),
            ("v1", "Pod"),
            ("v1", "PersistentVolumeClaim"),
            ("v1", "Secret"),
            ("v1", "Service"),
        )
        left = [row["metadata"]["name"] for version, kind in kinds for row in self.remote(version, kind)]
        return "" if left else "empty"


def gang() -> Manifest:
    """Return the spec of an explicit deployment: a leader and one worker, a GPU each."""
    template = {"spec": {"containers": [{"name": "engine", "image": models.engine(print)}]}}
    devices = {"devices": [{"name": "gpu", "count": 1, "selectors": [{"cel": "true"}]}]}
    members = [
        {"role": "Leader", "nodeSelector": devices, "template": template},
        {"role": "Worker", "worker": {"nodes": 1}, "nodeSelector": devices, "template": template},
    ]
    return {"modelCacheRef": {"name": "model"}, "engines": [{"name": "main", "members": members}]}


def condition(found: Manifest, typ: str) -> Manifest:
    """Return a condition of an object; one that is not there yet is Unknown."""
    rows = found.get("status", {}).get("conditions", [])
    return next((row for row in rows if row["type"] == typ), {"status": "Unknown", "reason": "", "message": ""})


def entry(cache: Manifest, cluster: str = layout.WORKLOAD) -> Manifest:
    """Return what a ModelCache says of one cluster."""
    rows = cache.get("status", {}).get("clusters", [])
    return next((row for row in rows if row["name"] == cluster), {"phase": "", "reason": "", "message": ""})


def phase(cache: Manifest, cluster: str = layout.WORKLOAD) -> str:
    """Return a ModelCache's phase on one cluster."""
    return entry(cache, cluster).get("phase", "")
