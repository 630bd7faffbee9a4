# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether anything is written: the resourceVersion of every object, as long as nothing of it moves."""

import os
import time
from collections.abc import Callable, Mapping, Sequence

from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import Cluster

SECONDS = float(os.environ.get("MODELPLANE_QUIET_SECONDS", "300"))
PAUSE_SECONDS = 45
MOST_SECONDS = 300
"""How long a fleet may take to settle."""
LEFT_OUT = {"Lease", "Event", "Node"}
"""Heartbeats, and what nobody stores for long; a kubelet writes its Node's heartbeat too."""

Mine = Callable[[Manifest], bool]
Looked = dict[str, str]


def check(watched: Mapping[Cluster, Mine]) -> None:
    """Return once nothing was written for five minutes; fail with what is written still where that never comes.

    Each cluster comes with what says which of its objects count: other cases write theirs meanwhile.
    """
    kinds = {cluster: _kinds(cluster) for cluster in watched}
    began = stood = time.monotonic()
    before = _look(watched, kinds)
    while (left := SECONDS - (time.monotonic() - stood)) > 0:
        time.sleep(min(PAUSE_SECONDS, left))
        after = _look(watched, kinds)
        moved = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()}
        moved = {key: (was, now) for key, (was, now) in moved.items() if was != now}
        if moved:
            before, stood = after, time.monotonic()
        assert stood - began < MOST_SECONDS, f"written on a settled fleet: {moved}"


def _look(watched: Mapping[Cluster, Mine], kinds: Mapping[Cluster, Sequence[tuple[str, str]]]) -> Looked:
    """Return the resourceVersion of every object that counts, by its cluster, kind, namespace and name."""
    found: Looked = {}
    for cluster, mine in watched.items():
        for version, kind in kinds[cluster]:
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
