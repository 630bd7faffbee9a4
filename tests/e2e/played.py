# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A stand-in for the controllers of clusters without any: volumes bind, Jobs report fast and end, workloads serve."""

import contextlib
import datetime as dt
import json
import logging
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from e2e.rig import clusters as registry
from e2e.rig import etcd, kubernetes, layout, load, storage
from e2e.rig.kube import ApiError, Manifest
from e2e.rig.kubernetes import Cluster
from modelplane_cli import hydration

COMMIT = "5ca1e" * 8
TOTAL = 1 << 30
PAUSE_SECONDS, IDLE_SECONDS = 1, 5
"""Between two rounds, and after one in which there was nothing to do."""
PROGRESS = "modelplane.ai/progress"
LOG = logging.getLogger(__name__)


AT_ONCE = 4
REPORTS = 15
"""How often a Job reports before it ends."""


@contextlib.contextmanager
def started(made: list[Cluster]) -> Generator[None]:
    """Run the API servers of clusters that no control plane knows yet."""
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(_start, made))
        yield
    finally:
        for cluster in made:
            layout.plane().processes.stop(f"apiserver-{cluster.name}", kill=True)


@contextlib.contextmanager
def playing(control: Cluster, made: list[Cluster], *, label: str) -> Generator[None]:
    """Register started clusters of one node each under a label, and play their controllers until all is let go."""
    player = Player(made)
    thread = threading.Thread(target=player.run)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda cluster: registry.declare(control, cluster, nodes=1, label=label), made))
        thread.start()
        registry.settle(control, made)
        yield
        registry.forget(control, *(cluster.name for cluster in made))
    finally:
        player.stopped.set()
        if thread.is_alive():
            thread.join()


def _start(cluster: Cluster) -> None:
    kubernetes.start_apiserver(cluster)
    load.gateway_kinds(cluster)
    storage.add_class(cluster)


@dataclass
class Player:
    """Plays every cluster in turn until it is stopped."""

    clusters: list[Cluster]
    stopped: threading.Event = field(default_factory=threading.Event)
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: dict[str, etcd.Versions] = field(default_factory=dict)

    def run(self) -> None:
        """Play until stopped."""
        while not self.stopped.is_set():
            done = sum(self._try(cluster) for cluster in self.clusters)
            self.stopped.wait(PAUSE_SECONDS if done else IDLE_SECONDS)

    def _try(self, cluster: Cluster) -> int:
        """Play one cluster where it changed, and return how many objects there was something to do for."""
        try:
            now = etcd.versions(cluster)
            if now == self.seen.get(cluster.name):
                return 0
            done = self._claims(cluster) + self._jobs(cluster) + self._deployments(cluster)
        except (ApiError, OSError) as err:
            LOG.warning("%s: %s", cluster.name, err)
            return 1
        self.seen[cluster.name] = now
        return done

    def _claims(self, cluster: Cluster) -> int:
        claims = cluster.api.list("v1", "PersistentVolumeClaim")
        going = [claim for claim in claims if "deletionTimestamp" in claim["metadata"]]
        unbound = [claim for claim in claims if claim not in going and claim["status"].get("phase") != "Bound"]
        for claim in going:
            _let_go(cluster, claim)
        for claim in unbound:
            cluster.api.patch(claim, {"status": {"phase": "Bound"}}, status=True)
        return len(going) + len(unbound)

    def _jobs(self, cluster: Cluster) -> int:
        jobs = cluster.api.list("batch/v1", "Job")
        going = [job for job in jobs if "deletionTimestamp" in job["metadata"]]
        running = [job for job in jobs if job not in going and not job.get("status", {}).get("succeeded")]
        for job in going:
            _let_go(cluster, job)
        for job in running:
            self._report(cluster, job)
        return len(going) + len(running)

    def _deployments(self, cluster: Cluster) -> int:
        found = cluster.api.list("apps/v1", "Deployment")
        waiting = [workload for workload in found if not workload.get("status", {}).get("availableReplicas")]
        for workload in waiting:
            cluster.api.patch(workload, {"status": _available(workload)}, status=True)
        return len(waiting)

    def _report(self, cluster: Cluster, job: Manifest) -> None:
        """Report once more, or end."""
        key = cluster.name, job["metadata"]["uid"]
        count = self.told[key] = self.told.get(key, 0) + 1
        percent = min(100, 100 * count // REPORTS)
        tree = hydration.flag(job["spec"]["template"]["spec"]["containers"][0]["args"], "--tree")
        progress = {
            "percent": percent,
            "bytes": TOTAL * percent // 100,
            "total": TOTAL,
            "rate": 1 << 28,
            "eta": 1,
            "commit": COMMIT,
            "tree": f"{tree}-{COMMIT[:12]}",
            "reason": "",
        }
        cluster.api.patch(job, {"metadata": {"annotations": {PROGRESS: json.dumps(progress)}}})
        if percent == 100:
            cluster.api.patch(job, {"status": _complete()}, status=True)


def _let_go(cluster: Cluster, found: Manifest) -> None:
    """Let an object go, as the controller would whose finalizer holds it."""
    cluster.api.patch(found, {"metadata": {"finalizers": None}})


def _complete() -> Manifest:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": typ, "status": "True", "reason": "CompletionsReached", "lastTransitionTime": now}
        for typ in ("SuccessCriteriaMet", "Complete")
    ]
    return {"succeeded": 1, "startTime": now, "completionTime": now, "conditions": conditions}


def _available(workload: Manifest) -> Manifest:
    replicas = workload["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    return {**counts, "observedGeneration": workload["metadata"]["generation"]}
