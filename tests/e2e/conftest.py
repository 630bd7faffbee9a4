# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cases here need the rig: `scripts/rig test` runs them, the everyday tests leave them out."""

import collections
import os
from collections.abc import Generator

import click
import pytest
from e2e.rig import cases, layout, load, places
from e2e.rig.kubernetes import Cluster
from e2e.scenes import Tenant

collect_ignore_glob = [] if os.environ.get("MODELPLANE_RIG") else ["test_*.py"]

TOLD_SECONDS = 5


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marks by which cases are put into lanes, and of the one that says when they begin."""
    for lane in cases.LANES:
        if lane.mark:
            config.addinivalue_line("markers", f"{lane.mark}: {lane.reason}")
    config.addinivalue_line("markers", "minutes(n): about how long a case takes among others, if more than one")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest of the cases that were selected.

    Where xdist deals out single cases, every process gets two at once: behind a long one comes one of the shortest.
    """
    rest = collections.deque(sorted(items, key=_minutes, reverse=True))
    told = getattr(config, "workerinput", {"mainargv": (), "workercount": 0})
    pairs = told["workercount"] if "--dist=load" in told["mainargv"] else 0
    items.clear()
    while rest:
        items.append(rest.popleft())
        if rest and len(items) < 2 * pairs:
            items.append(rest.pop())


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what fails, and which long case is done."""
    if report.failed or (report.when == "call" and report.duration > TOLD_SECONDS):
        click.echo(f"{report.outcome} {_short(report.nodeid)} ({report.when}, {report.duration:.0f} s)")


def _minutes(item: pytest.Item) -> int:
    mark = item.get_closest_marker("minutes")
    return mark.args[0] if mark else 1


@pytest.fixture(scope="session")
def control() -> Cluster:
    """Return the control plane, with our kinds, functions and cluster; the first process that asks waits for it."""
    with places.locked("registered"):
        load.registered(print)
    return layout.cluster(layout.CONTROL)


@pytest.fixture(scope="session")
def workload() -> Cluster:
    """Return the workload cluster with the real node, its class and its volumes."""
    return layout.cluster(layout.WORKLOAD)


@pytest.fixture(scope="session")
def second() -> Cluster:
    """Return the second control plane, started by the first process that asks."""
    with places.locked("second"):
        load.second(print)
    return layout.cluster(layout.SECOND)


@pytest.fixture(scope="module")
def names() -> Generator[None]:
    """Have the names of the admission suite's full manifests for one module: some are of the whole cluster."""
    with places.locked("names"):
        yield


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
    if hasattr(terminalreporter.config, "workerinput"):
        return  # whoever started this process hears of the same cases
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
    return cases.Case(_short(name), bad[0] if bad else "passed", seconds, told)


def _short(name: str) -> str:
    return name.removeprefix("tests/e2e/")
