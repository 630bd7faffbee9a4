# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether anything is written: the resourceVersion of every object, as long as nothing of it moves."""

import os
import time
from collections.abc import Callable, Mapping

import pytest
from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import Cluster

SECONDS = float(os.environ.get("MODELPLANE_QUIET_SECONDS", "300"))
POLLS_SECONDS = 75
"""More than a poll of the provider; what moves until two looks this far apart agree is still settling."""
SETTLE_SECONDS = 600
LEFT_OUT = {"Lease", "Event", "Node"}
"""Heartbeats, and what nobody stores for long; a kubelet writes its Node's heartbeat too."""

Mine = Callable[[Manifest], bool]
Looked = dict[str, str]


def check(watched: Mapping[Cluster, Mine]) -> None:
    """Wait until clusters are settled; then fail with what of them is written in the next five minutes.

    Each comes with what says which of its objects count: other cases write theirs meanwhile.
    """
    before = _settled(watched)
    time.sleep(SECONDS)
    after = _look(watched)
    moved = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    moved = {key: (was, now) for key, (was, now) in moved.items() if was != now}
    assert not moved, f"written on a settled fleet: {moved}"


def _settled(watched: Mapping[Cluster, Mine]) -> Looked:
    """Return the versions once they have stood for more than a poll of the provider."""
    deadline = time.monotonic() + SETTLE_SECONDS
    found = _look(watched)
    while time.monotonic() < deadline:
        time.sleep(POLLS_SECONDS)
        again = _look(watched)
        if again == found:
            return found
        found = again
    pytest.fail("the fleet never settled")


def _look(watched: Mapping[Cluster, Mine]) -> Looked:
    """Return the resourceVersion of every object that counts, by its cluster, kind, namespace and name."""
    found: Looked = {}
    for cluster, mine in watched.items():
        for version, kind in _kinds(cluster):
            for row in filter(mine, cluster.api.list(version, kind)):
                metadata = row["metadata"]
                key = f"{cluster.name}: {version}/{kind} {metadata.get('namespace', '')}/{metadata['name']}"
                found[key] = metadata["resourceVersion"]
    return found


def _kinds(cluster: Cluster) -> list[tuple[str, str]]:
    """Return the kinds that can be listed and watched."""
    groups = cluster.api.request("GET", "/apis")["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    kinds: list[tuple[str, str]] = []
    for version in versions:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        stored = [row for row in cluster.api.request("GET", root)["resources"] if {"list", "watch"} <= {*row["verbs"]}]
        kinds += [(version, row["kind"]) for row in stored if row["kind"] not in LEFT_OUT]
    return kinds
