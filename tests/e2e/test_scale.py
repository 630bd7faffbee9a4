# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Twenty workload API servers on a control plane of their own: one cache over all of them, ten replicas, then quiet."""

import os
import re
import time
import urllib.request
from collections.abc import Callable, Generator

import pytest
from e2e import quiet
from e2e.played import playing, started
from e2e.rig import layout
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant, condition

pytestmark = pytest.mark.second
COUNT = int(os.environ.get("MODELPLANE_SCALE_CLUSTERS", "20"))
PREFIX = "scale-"
CALLS = re.compile(r'^function_run_function_request_total\{function_name="([^"]+)".*\} (\d+)', re.MULTILINE)
OPENED = re.compile(r'^circuit_breaker_opens_total\{controller="composite/modelcaches[^}]*\} (\d+)', re.MULTILINE)


@pytest.fixture(scope="module")
def servers() -> Generator[list[Cluster]]:
    """Yield many clusters, each an API server of its own."""
    made = [layout.case_cluster(f"{PREFIX}{i:02}", layout.CASE_PORTS[i]) for i in range(COUNT)]
    with started(made):
        yield made


@pytest.fixture(scope="module", name="control")
def _control(servers: list[Cluster], request: pytest.FixtureRequest) -> Cluster:
    """Return the control plane that knows these clusters, asked for once they run: another case starts it meanwhile."""
    assert servers
    second: Cluster = request.getfixturevalue("second")  # a parameter would come first, as its scope is wider
    return second


@pytest.fixture
def played(control: Cluster, servers: list[Cluster]) -> Generator[list[Cluster]]:
    """Yield the clusters, registered under one label, whose controllers are played."""
    with playing(control, servers, label="scale"):
        yield servers


@pytest.mark.minutes(12)
def test_twenty_clusters(played: list[Cluster], tenant: Tenant, record_property: Callable[[str, object], None]) -> None:
    """Fast reports open Crossplane's circuit breaker and it settles all the same; then no object moves any more."""
    before, opened, start = _calls(), _opened(), time.monotonic()
    tenant.cache(selector={"rig": "scale"})
    tenant.ready("ModelCache", "model")
    staged = time.monotonic() - start
    tenant.deployment(replicas=min(10, COUNT), clusterSelector={"matchLabels": {"rig": "scale"}})
    tenant.ready("ModelDeployment", "serve")
    served = time.monotonic() - start
    calls = {name: count - before.get(name, 0) for name, count in _calls().items()}
    record_property("figures", f"staged in {staged:.0f} s, served in {served:.0f} s, calls {calls}")
    assert condition(tenant.get("ModelCache", "model"), "ArtifactReady")["reason"] == "Staged"
    assert _opened() > opened, "the reports were too slow to open the circuit breaker"
    quiet.check({**dict.fromkeys(played, bool), tenant.control: lambda key: _of_fleet(key, tenant.namespace)})


def _of_fleet(key: str, namespace: str) -> bool:
    """Return whether a key is of these clusters or of the case: the control plane has others, who write theirs."""
    *places, name = key.split("/")
    return namespace in places or PREFIX in name


def _metrics() -> str:
    url = f"http://127.0.0.1:{layout.crossplane_ports(layout.SECOND)['metrics']}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def _calls() -> dict[str, int]:
    """Return how often Crossplane called each function so far."""
    return {name: int(count) for name, count in CALLS.findall(_metrics())}


def _opened() -> int:
    """Return how often the circuit breaker of caches opened so far."""
    found = OPENED.search(_metrics())
    return int(found.group(1)) if found else 0
