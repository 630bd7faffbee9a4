# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cases here need the rig: `scripts/rig test` runs them, the everyday tests leave them out."""

import os

import pytest
from e2e.rig import layout, load
from e2e.rig.kubernetes import Cluster

collect_ignore_glob = [] if os.environ.get("MODELPLANE_RIG") else ["test_*.py"]


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one table: case, result, seconds."""
    rows = [
        (report.nodeid.rpartition("/")[2], outcome, report.duration)
        for outcome in ("passed", "failed", "error", "xfailed", "xpassed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" or outcome in ("failed", "error")
    ]
    terminalreporter.section("cases")
    for case, outcome, seconds in sorted(rows):
        terminalreporter.write_line(f"{case:100} {outcome:8} {seconds:8.1f}")
