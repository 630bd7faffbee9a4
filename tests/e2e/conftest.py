# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cases here need the rig: `scripts/rig test` runs them, the everyday tests leave them out."""

import os
from collections.abc import Generator

import pytest
from e2e.rig import layout, load
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant

collect_ignore_glob = [] if os.environ.get("MODELPLANE_RIG") else ["test_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the mark of cases that disturb others."""
    config.addinivalue_line("markers", "alone: breaks or measures what other cases need; runs by itself")


@pytest.fixture(scope="session")
def control() -> Cluster:
    """Return the control plane, with our kinds established by Crossplane."""
    cluster = layout.cluster(layout.CONTROL)
    load.kinds(cluster)
    return cluster


@pytest.fixture(scope="session")
def workload() -> Cluster:
    """Return the workload cluster with the real node, its class and its volumes."""
    cluster = layout.cluster(layout.WORKLOAD)
    load.prepare(cluster)
    return cluster


@pytest.fixture
def tenant(request: pytest.FixtureRequest, control: Cluster, workload: Cluster) -> Generator[Tenant]:
    """Yield a namespace for one case; afterwards all that it made must go, on both clusters."""
    name = request.node.name.removeprefix("test_").replace("_", "-").partition("[")[0][:40].strip("-")
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    made = Tenant(name, control, workload)
    yield made
    made.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one table: case, result, seconds; the rows of a table of manifests are one case."""
    rows: dict[tuple[str, str], list[float]] = {}
    for outcome in ("passed", "failed", "error", "xfailed", "xpassed"):
        for report in terminalreporter.getreports(outcome):
            if report.when == "call" or outcome in ("failed", "error"):
                case = report.nodeid.rpartition("/")[2].partition("[")[0]
                rows.setdefault((case, outcome), []).append(report.duration)
    terminalreporter.section("cases")
    for report in terminalreporter.getreports("passed"):
        for name, figures in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rpartition('/')[2]} {name}: {figures}")
    for (case, outcome), seconds in sorted(rows.items()):
        count = f" ({len(seconds)})" if len(seconds) > 1 else ""
        terminalreporter.write_line(f"{case + count:90} {outcome:8} {sum(seconds):8.1f}")
