# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Parts of the system fail for a while: nothing is deleted, status is kept, and all goes on where it was."""

import time

import pytest
from e2e.rig import clusters, crossplane, functions, kube, layout, load, node
from e2e.scenes import Tenant, entry, phase

pytestmark = pytest.mark.minutes(5)
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
    tenant.ready("ModelCache", "model")


def test_crossplane_restarts(tenant: Tenant) -> None:
    """Crossplane restarts in mid hydration: the same Job goes on and the cache turns Ready."""
    tenant.cache(repo="rig/slow")
    tenant.hydrating()
    (job,) = tenant.remote("batch/v1", "Job")
    crossplane.stop(tenant.control)
    time.sleep(5)
    crossplane.start(tenant.control)
    assert [row["metadata"]["uid"] for row in tenant.remote("batch/v1", "Job")] == [job["metadata"]["uid"]]
    tenant.ready("ModelCache", "model")


def test_a_function_is_down_for_a_minute(tenant: Tenant) -> None:
    """The cache's function is away while the Job ends: all stays, and the cache turns Ready once it is back."""
    tenant.cache(repo="rig/slow")
    tenant.hydrating()
    tenant.until("ModelCache", "model", lambda row: phase(row) == "Hydrating")
    function = _function(tenant, "compose-model-cache")
    functions.stop(function)
    try:
        before = tenant.composed()
        time.sleep(MINUTE)
        assert tenant.composed() == before
        assert phase(tenant.get("ModelCache", "model")) == "Hydrating"
    finally:
        functions.start(tenant.control, function)
    tenant.ready("ModelCache", "model")


def test_a_clusters_status_is_blanked(tenant: Tenant) -> None:
    """A cluster whose status is blanked while its function is away loses no cache and no replica; it comes back."""
    tenant.cache()
    tenant.deployment()
    tenant.ready("ModelDeployment", "serve")
    before, staged = tenant.composed(), entry(tenant.get("ModelCache", "model"))
    cluster = tenant.control.api.get(clusters.API, "InferenceCluster", layout.WORKLOAD)
    published = _published(tenant)
    function = _function(tenant, "compose-inference-cluster")
    functions.stop(function)
    try:
        kube.eventually("the status stays blank", lambda: _blanked(tenant, cluster))
        assert tenant.composed() == before
        assert entry(tenant.get("ModelCache", "model")) == staged
        assert "rig/tiny" in str(tenant.ask())
    finally:
        functions.start(tenant.control, function)
    what = "the cluster is Ready again"
    kube.eventually(what, lambda: clusters.ready(tenant.control, layout.WORKLOAD))
    assert _published(tenant) == published
    tenant.ready("ModelDeployment", "serve")
    assert tenant.composed() == before


def _function(tenant: Tenant, name: str) -> functions.Function:
    return next(function for function in load.installed(tenant.control) if function.name == name)


def _blanked(tenant: Tenant, cluster: kube.Manifest) -> bool:
    """Blank a cluster's status for a while, and return whether it stays so: what was under way may write once more."""
    blank = dict.fromkeys((*PUBLISHED, "conditions"))
    tenant.control.api.patch(cluster, {"status": blank}, status=True)
    time.sleep(1.5 * MINUTE)
    return not _published(tenant)


def _published(tenant: Tenant) -> kube.Manifest:
    """Return what the workload cluster publishes for others."""
    status = tenant.control.api.get(clusters.API, "InferenceCluster", layout.WORKLOAD)["status"]
    return {field: value for field, value in status.items() if field in PUBLISHED}
