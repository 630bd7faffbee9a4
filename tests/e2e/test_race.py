# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Two deployments that see the same free node."""

from collections.abc import Generator

import pytest
from e2e.played import playing
from e2e.rig import kube, layout
from e2e.rig.kubernetes import Cluster
from e2e.scenes import SERVE_SECONDS, STAGE_SECONDS, Tenant, condition

pytestmark = pytest.mark.second
NAME, PORT = "race", 26650


@pytest.fixture(scope="module", name="control")
def _control(second: Cluster) -> Cluster:
    """Return the control plane that knows the cluster with one node."""
    return second


@pytest.fixture
def cluster(control: Cluster) -> Generator[Cluster]:
    """Yield a cluster of one node, whose controllers are played."""
    made = Cluster(NAME, PORT, layout.plane())
    with playing(control, [made], label=NAME):
        yield made


@pytest.mark.usefixtures("cluster")
def test_two_deployments_race_for_the_last_node(tenant: Tenant) -> None:
    """Two deployments and one free node: one is placed, the other says why not, and nothing is over-full."""
    tenant.cache(selector={"rig": NAME})
    for name in ("first", "second"):
        tenant.deployment(name, clusterSelector={"matchLabels": {"rig": NAME}})
    tenant.ready("ModelCache", "model", seconds=STAGE_SECONDS)
    kube.eventually("one of them serves", lambda: _serving(tenant) == ["False", "True"], seconds=SERVE_SECONDS)
    assert len(tenant.ours("ModelReplica")) == 1
    reasons = {condition(row, "ReplicasScheduled")["reason"] for row in tenant.ours("ModelDeployment")}
    assert "InsufficientCapacity" in reasons


def _serving(tenant: Tenant) -> list[str]:
    return sorted(condition(row, "Ready")["status"] for row in tenant.ours("ModelDeployment"))
