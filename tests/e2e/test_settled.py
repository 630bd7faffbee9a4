# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""On a settled fleet nothing is written: no resourceVersion moves, on any cluster."""

import os
import time

import pytest
from e2e.rig.kubernetes import Cluster
from e2e.scenes import SERVE_SECONDS, Tenant

pytestmark = pytest.mark.alone
QUIET_SECONDS = float(os.environ.get("MODELPLANE_QUIET_SECONDS", "300"))
LEFT_OUT = {"Lease", "Event", "Node"}
"""Heartbeats, and what nobody stores for long; a kubelet writes its Node's heartbeat too."""


def test_a_settled_fleet_is_quiet(tenant: Tenant) -> None:
    """While a staged cache serves, no object of either cluster is written for five minutes."""
    tenant.cache()
    tenant.deployment(replicas=2)
    tenant.ready("ModelDeployment", "serve", seconds=SERVE_SECONDS)
    clusters = (tenant.control, tenant.workload)
    before = _still(clusters)
    time.sleep(QUIET_SECONDS)
    after = [_versions(cluster) for cluster in clusters]
    for cluster, was, now in zip(clusters, before, after, strict=True):
        moved = {key: (was.get(key), now.get(key)) for key in was.keys() | now.keys() if was.get(key) != now.get(key)}
        assert not moved, f"{cluster.name}: {moved}"


def _still(clusters: tuple[Cluster, ...]) -> list[dict[str, str]]:
    """Return the versions once they have stood for two polls of the provider; what moves until then is settling."""
    deadline = time.monotonic() + SERVE_SECONDS
    found = [_versions(cluster) for cluster in clusters]
    while time.monotonic() < deadline:
        time.sleep(75)
        again = [_versions(cluster) for cluster in clusters]
        if again == found:
            return found
        found = again
    pytest.fail("the fleet never settled")


def _versions(cluster: Cluster) -> dict[str, str]:
    """Return the resourceVersion of every object of a cluster, by its kind, namespace and name."""
    found: dict[str, str] = {}
    for version, kind in _kinds(cluster):
        for row in cluster.api.list(version, kind):
            metadata = row["metadata"]
            key = f"{version}/{kind} {metadata.get('namespace', '')}/{metadata['name']}"
            found[key] = metadata["resourceVersion"]
    return found


def _kinds(cluster: Cluster) -> list[tuple[str, str]]:
    """Return the kinds that can be listed."""
    groups = cluster.api.request("GET", "/apis")["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    kinds: list[tuple[str, str]] = []
    for version in versions:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        stored = [row for row in cluster.api.request("GET", root)["resources"] if {"list", "watch"} <= {*row["verbs"]}]
        kinds += [(version, row["kind"]) for row in stored if row["kind"] not in LEFT_OUT]
    return kinds
