# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters of one node that are played: what happens around the last free node, and while the API server is away."""

import time
from collections.abc import Generator

import pytest
from e2e.played import playing, started
from e2e.rig import kube, kubernetes, layout
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant, condition, entry

pytestmark = [pytest.mark.second, pytest.mark.minutes(5)]
NAME, PORT = "one-node", layout.CASE_PORTS[50]
MINUTE = 60


@pytest.fixture(scope="module", name="control")
def _control(second: Cluster) -> Cluster:
    """Return the control plane that knows the cluster."""
    return second


@pytest.fixture(scope="module")
def cluster(control: Cluster) -> Generator[Cluster]:
    """Yield a cluster of one node, whose controllers are played."""
    made = layout.case_cluster(NAME, PORT)
    with started([made]), playing(control, [made], label=NAME):
        yield made


@pytest.mark.usefixtures("cluster")
def test_two_deployments_race_for_the_last_node(tenant: Tenant) -> None:
    """Two deployments and one free node: one is placed, the other says why not, and nothing is over-full."""
    tenant.cache(selector={"rig": NAME})
    for name in ("first", "second"):
        tenant.deployment(name, clusterSelector={"matchLabels": {"rig": NAME}})
    tenant.ready("ModelCache", "model")
    kube.eventually("one of them serves", lambda: _serving(tenant) == ["False", "True"])
    assert len(tenant.ours("ModelReplica")) == 1
    reasons = {condition(row, "ReplicasScheduled")["reason"] for row in tenant.ours("ModelDeployment")}
    assert "InsufficientCapacity" in reasons


def test_a_workload_cluster_is_away_for_a_minute(cluster: Cluster, tenant: Tenant) -> None:
    """The workload API server cannot be reached: nothing is deleted, the status stays, and all goes on afterwards."""
    tenant.cache(selector={"rig": NAME})
    tenant.deployment(clusterSelector={"matchLabels": {"rig": NAME}})
    tenant.ready("ModelDeployment", "serve")
    before, staged = tenant.composed(), entry(tenant.get("ModelCache", "model"), NAME)
    layout.plane().processes.stop(f"apiserver-{NAME}")
    try:
        told = tenant.says("ModelCache", "model", "ObjectsSynced", "NotSynced")
        assert NAME in told["message"]
        time.sleep(MINUTE)
        assert tenant.composed() == before
        assert entry(tenant.get("ModelCache", "model"), NAME) == staged
    finally:
        kubernetes.start_apiserver(cluster)
    for kind, name in (("ModelCache", "model"), ("ModelDeployment", "serve")):
        tenant.says(kind, name, "ObjectsSynced", "Synced")
        tenant.ready(kind, name)
    assert tenant.composed() == before


def _serving(tenant: Tenant) -> list[str]:
    return sorted(condition(row, "Ready")["status"] for row in tenant.ours("ModelDeployment"))
