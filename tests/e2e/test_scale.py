# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Twenty workload API servers: one cache over all of them, one deployment with ten replicas, settled and then quiet."""

import os
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Generator

import pytest
from e2e.played import Player
from e2e.rig import clusters, kube, kubernetes, layout, load, storage
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant, condition

pytestmark = pytest.mark.alone
COUNT = int(os.environ.get("MODELPLANE_SCALE_CLUSTERS", "20"))
FIRST_PORT = 26600
REPORTS = 15
SETTLE_SECONDS = 600
QUIET_SECONDS = float(os.environ.get("MODELPLANE_SCALE_QUIET_SECONDS", "120"))
CALLS = re.compile(r'^function_run_function_request_total\{function_name="([^"]+)".*\} (\d+)', re.MULTILINE)
OPENED = re.compile(r'^circuit_breaker_opens_total\{controller="composite/modelcaches[^}]*\} (\d+)', re.MULTILINE)


@pytest.fixture
def fleet(control: Cluster) -> Generator[list[Cluster]]:
    """Yield many clusters, each an API server of its own on the one etcd, registered under one label."""
    made = [Cluster(f"scale-{i:02}", FIRST_PORT + i, layout.plane()) for i in range(COUNT)]
    try:
        for cluster in made:
            kubernetes.start_apiserver(cluster)
            load.gateway_kinds(cluster)
            storage.add_class(cluster)
            clusters.declare(control, cluster, nodes=1, label="scale")
        for cluster in made:
            clusters.settle(control, cluster, cluster.name)
        yield made
        clusters.forget(control, *(cluster.name for cluster in made))
    finally:
        for cluster in made:
            layout.plane().processes.stop(f"apiserver-{cluster.name}")


@pytest.fixture
def played(fleet: list[Cluster]) -> Generator[list[Cluster]]:
    """Yield the clusters while somebody plays their controllers, until the case has let go of all."""
    player = Player(fleet, REPORTS)
    thread = threading.Thread(target=player.run)
    thread.start()
    try:
        yield fleet
    finally:
        player.stopped.set()
        thread.join()


@pytest.mark.usefixtures("played")  # before the tenant, so that it ends after
def test_twenty_clusters(tenant: Tenant, record_property: Callable[[str, object], None]) -> None:
    """Fast reports open Crossplane's circuit breaker and it settles all the same; then no function writes any more."""
    before, opened, start = _calls(), _opened(), time.monotonic()
    tenant.cache(selector={"rig": "scale"})
    tenant.ready("ModelCache", "model", seconds=SETTLE_SECONDS)
    staged = time.monotonic() - start
    tenant.deployment(replicas=min(10, COUNT), clusterSelector={"matchLabels": {"rig": "scale"}})
    tenant.ready("ModelDeployment", "serve", seconds=SETTLE_SECONDS)
    served = time.monotonic() - start
    calls = {name: count - before.get(name, 0) for name, count in _calls().items()}
    record_property("figures", f"staged in {staged:.0f} s, served in {served:.0f} s, calls {calls}")
    assert condition(tenant.get("ModelCache", "model"), "ArtifactReady")["reason"] == "Staged"
    assert _opened() > opened, "the reports were too slow to open the circuit breaker"
    assert _quiet(tenant), "objects are still written after the fleet has settled"
    tenant.try_delete("ModelDeployment", "serve")
    kube.eventually("every replica is gone", lambda: not tenant.ours("ModelReplica"), seconds=SETTLE_SECONDS)
    kube.eventually("the cache is let go", lambda: tenant.try_delete("ModelCache", "model"))
    kube.eventually("every Object is gone", lambda: not tenant.objects(), seconds=SETTLE_SECONDS)


def _quiet(tenant: Tenant) -> bool:
    """Return whether there are two minutes without a write, soon after all is Ready."""
    deadline = time.monotonic() + SETTLE_SECONDS
    seen = _versions(tenant)
    while time.monotonic() < deadline:
        time.sleep(QUIET_SECONDS)
        now = _versions(tenant)
        if now == seen:
            return True
        seen = now
    return False


def _versions(tenant: Tenant) -> dict[str, str]:
    rows = [
        *tenant.objects(),
        *tenant.ours("ModelReplica"),
        *tenant.ours("ModelCache"),
        *tenant.ours("ModelDeployment"),
    ]
    return {row["metadata"]["uid"]: row["metadata"]["resourceVersion"] for row in rows}


def _metrics() -> str:
    url = f"http://127.0.0.1:{layout.CROSSPLANE_PORTS['metrics']}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def _calls() -> dict[str, int]:
    """Return how often Crossplane called each function so far."""
    return {name: int(count) for name, count in CALLS.findall(_metrics())}


def _opened() -> int:
    """Return how often the circuit breaker of caches opened so far."""
    found = OPENED.search(_metrics())
    return int(found.group(1)) if found else 0
