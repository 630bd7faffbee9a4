# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Parts of the system fail for a while: nothing is deleted, status is kept, and all goes on where it was."""

import contextlib
import time
from collections.abc import Generator

import pytest
from e2e.rig import clusters, crossplane, functions, kube, kubernetes, layout, load, models, node
from e2e.scenes import SERVE_SECONDS, STAGE_SECONDS, Tenant, condition, entry, phase

pytestmark = pytest.mark.alone
LONG_SECONDS = 3 * STAGE_SECONDS
MINUTE = 60
PUBLISHED = {"providerConfigRef", "gateway", "cache", "gpuPools", "namespace"}
"""What others read of an InferenceCluster."""


def test_containerd_restarts(tenant: Tenant) -> None:
    """The node's containerd restarts in mid hydration: the same pod goes on and the cache turns Ready."""
    tenant.cache(repo="rig/slow")
    pod = tenant.hydrating()
    layout.plane().processes.stop("containerd")
    time.sleep(5)
    node.start_containerd()
    assert tenant.hydrating() == pod
    tenant.ready("ModelCache", "model", seconds=LONG_SECONDS)


def test_crossplane_restarts(tenant: Tenant) -> None:
    """Crossplane restarts in mid hydration: the same Job goes on and the cache turns Ready."""
    tenant.cache(repo="rig/slow")
    tenant.hydrating()
    (job,) = tenant.remote("batch/v1", "Job")
    layout.plane().processes.stop("crossplane")
    time.sleep(5)
    crossplane.start(tenant.control)
    assert [row["metadata"]["uid"] for row in tenant.remote("batch/v1", "Job")] == [job["metadata"]["uid"]]
    tenant.ready("ModelCache", "model", seconds=LONG_SECONDS)


def test_a_function_is_down_for_a_minute(tenant: Tenant) -> None:
    """The cache's function is away while the Job ends: all stays, and the cache turns Ready once it is back."""
    tenant.cache(repo="rig/slow")
    tenant.hydrating()
    tenant.until("ModelCache", "model", lambda row: phase(row) == "Hydrating", seconds=STAGE_SECONDS)
    function = _function("compose-model-cache")
    functions.stop(function)
    try:
        before = _uids(tenant)
        time.sleep(MINUTE)
        assert _uids(tenant) == before
        assert phase(tenant.get("ModelCache", "model")) == "Hydrating"
    finally:
        functions.start(tenant.control, function)
    tenant.ready("ModelCache", "model", seconds=LONG_SECONDS)


def test_a_workload_cluster_is_away_for_a_minute(tenant: Tenant) -> None:
    """The workload API server is unreachable: nothing is deleted, the status stays, and the engine never stops."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve", seconds=SERVE_SECONDS)
    (engine,) = tenant.remote("v1", "Pod")
    before, staged = _uids(tenant), entry(tenant.get("ModelCache", "model"))
    processes = layout.plane().processes
    processes.stop(f"apiserver-{layout.WORKLOAD}")
    try:
        told = tenant.says("ModelCache", "model", "ObjectsSynced", "NotSynced", seconds=3 * MINUTE)
        assert layout.WORKLOAD in told["message"]
        assert _uids(tenant) == before
        assert entry(tenant.get("ModelCache", "model")) == staged
    finally:
        kubernetes.start_apiserver(tenant.workload)
        _restart_what_ended(tenant)
    tenant.ready("ModelDeployment", "serve", seconds=SERVE_SECONDS)
    assert [row["metadata"]["uid"] for row in tenant.remote("v1", "Pod")] == [engine["metadata"]["uid"]]


def test_a_clusters_status_is_blanked(tenant: Tenant) -> None:
    """A cluster whose status is blanked while its function is away loses no cache and no replica; it comes back."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve", seconds=SERVE_SECONDS)
    before, staged = _uids(tenant), entry(tenant.get("ModelCache", "model"))
    cluster = tenant.control.api.get(clusters.API, "InferenceCluster", layout.WORKLOAD)
    published = _published(tenant)
    function = _function("compose-inference-cluster")
    functions.stop(function)
    try:
        blank = dict.fromkeys((*PUBLISHED, "conditions"))
        tenant.control.api.patch(cluster, {"status": blank}, status=True)
        time.sleep(1.5 * MINUTE)
        assert not PUBLISHED & _published(tenant).keys()
        assert _uids(tenant) == before
        assert entry(tenant.get("ModelCache", "model")) == staged
        assert "rig/tiny" in str(tenant.ask())
    finally:
        functions.start(tenant.control, function)
    what = "the cluster is Ready again"
    kube.eventually(what, lambda: clusters.ready(tenant.control, layout.WORKLOAD), seconds=3 * MINUTE)
    assert _published(tenant) == published
    tenant.ready("ModelDeployment", "serve", seconds=SERVE_SECONDS)
    assert _uids(tenant) == before


def test_two_deployments_race_for_the_last_node(tenant: Tenant) -> None:
    """Two deployments and one free node: one is placed, the other says why not, and nothing is over-full."""
    with _nodes(tenant, 1):
        tenant.cache()
        for name in ("first", "second"):
            tenant.deployment(name)
        tenant.ready("ModelCache", "model", seconds=STAGE_SECONDS)
        kube.eventually(
            "one of them serves", lambda: sorted(_serving(tenant)) == ["False", "True"], seconds=SERVE_SECONDS
        )
        assert len(tenant.ours("ModelReplica")) == 1
        reasons = {condition(row, "ReplicasScheduled")["reason"] for row in tenant.ours("ModelDeployment")}
        assert "InsufficientCapacity" in reasons
        tenant.try_delete("ModelDeployment", "first")
        tenant.try_delete("ModelDeployment", "second")
        kube.eventually("no replica is left", lambda: not tenant.ours("ModelReplica"), seconds=SERVE_SECONDS)


@contextlib.contextmanager
def _nodes(tenant: Tenant, count: int) -> Generator[None]:
    """Give the workload cluster another number of nodes for the length of a block."""
    clusters.resize(tenant.control, layout.WORKLOAD, count)
    try:
        yield
    finally:
        clusters.resize(tenant.control, layout.WORKLOAD, clusters.NODES)


def _function(name: str) -> functions.Function:
    every = functions.installed(functions.Options(arguments=load.arguments(models.hydrator(print))))
    return next(function for function in every if function.name == name)


def _published(tenant: Tenant) -> kube.Manifest:
    """Return what the workload cluster publishes for others."""
    status = tenant.control.api.get(clusters.API, "InferenceCluster", layout.WORKLOAD)["status"]
    return {field: value for field, value in status.items() if field in PUBLISHED}


def _uids(tenant: Tenant) -> dict[str, str]:
    """Return what is composed for a tenant: each Object and replica, and which one it is."""
    found: list[kube.Manifest] = [*tenant.objects(), *tenant.ours("ModelReplica")]
    return {row["metadata"]["name"]: row["metadata"]["uid"] for row in found}


def _serving(tenant: Tenant) -> list[str]:
    return [condition(row, "Ready")["status"] for row in tenant.ours("ModelDeployment")]


def _restart_what_ended(tenant: Tenant) -> None:
    """Start again what gave up while its API server was away."""
    kubernetes.start_controllers(tenant.workload, port=layout.CONTROLLER_PORTS[layout.WORKLOAD])
    node.start_services(tenant.workload)
    node.start_kubelet(tenant.workload)
