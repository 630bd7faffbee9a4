# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cases here need the rig: `scripts/rig test` runs them, the everyday tests leave them out."""

import os
from collections.abc import Generator

import pytest
from e2e.rig import cases, layout, load
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
    load.apis(cluster)
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
    words, _, row = request.node.name.removeprefix("test_").rstrip("]").lower().replace("_", "-").partition("[")
    name = "-".join(filter(None, (words[:40].strip("-"), row)))
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    made = Tenant(name, control, workload)
    yield made
    made.clear()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write what came of each case, its set-up and clean-up with it, for the command's table."""
    rows: dict[str, list[tuple[str, pytest.TestReport]]] = {}
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                rows.setdefault(report.nodeid, []).append((outcome, report))
    cases.write(_case(name, reports) for name, reports in rows.items())


def _case(name: str, reports: list[tuple[str, pytest.TestReport]]) -> cases.Case:
    bad = [outcome for outcome, _ in reports if outcome not in ("", "passed")]
    figures = dict(pair for _, report in reports for pair in report.user_properties)
    told = ", ".join(str(value) for value in figures.values())
    seconds = sum(report.duration for _, report in reports)
    return cases.Case(name.rpartition("/")[2], bad[0] if bad else "passed", seconds, told)
