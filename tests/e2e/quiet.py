# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether anything is written: the resourceVersion of every object, as long as nothing of it moves."""

import os
import time
from collections.abc import Callable, Mapping

from e2e.rig import etcd
from e2e.rig.kubernetes import Cluster

SECONDS = float(os.environ.get("MODELPLANE_QUIET_SECONDS", "300"))
PAUSE_SECONDS = 15
MOST_SECONDS = 300
"""How long a fleet may take to settle."""

Mine = Callable[[str], bool]


def check(watched: Mapping[Cluster, Mine]) -> None:
    """Return once nothing was written for five minutes; fail with what is written still where that never comes.

    Each cluster comes with what says which of its objects count, by their keys: other cases write theirs meanwhile.
    """
    began = stood = time.monotonic()
    before = _look(watched)
    unwatched = [cluster.name for cluster in watched if not any(key.startswith(f"{cluster.name}/") for key in before)]
    assert not unwatched, f"nothing is watched on {unwatched}"
    while (left := SECONDS - (time.monotonic() - stood)) > 0:
        time.sleep(min(PAUSE_SECONDS, left))
        after = _look(watched)
        moved = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()}
        moved = {key: (was, now) for key, (was, now) in moved.items() if was != now}
        if moved:
            before, stood = after, time.monotonic()
        assert stood - began < MOST_SECONDS, f"written on a settled fleet: {moved}"


def _look(watched: Mapping[Cluster, Mine]) -> etcd.Versions:
    """Return the resourceVersion of every object that counts, by its cluster and key."""
    return {
        f"{cluster.name}/{key}": version
        for cluster, mine in watched.items()
        for key, version in etcd.versions(cluster).items()
        if mine(key)
    }
