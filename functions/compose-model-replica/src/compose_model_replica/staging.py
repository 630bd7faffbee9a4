# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which tree of which cache the pods mount, and when they have to wait for one."""

from collections.abc import Collection
from dataclasses import dataclass

from modelplane.backends import base
from modelplane.backends.base import Mount
from modelplane.caches import READY, Staged
from modelplane.paths import Manifest

from compose_model_replica import observed
from compose_model_replica.inputs import Replica
from compose_model_replica.observed import Workload


@dataclass(frozen=True, slots=True)
class Staging:
    """What pods are to mount.

    `waits` is true until the referenced cache is Ready there; `known` is false where it cannot be told what pods mount
    meanwhile.
    """

    mount: Mount | None
    waits: bool = False
    known: bool = True


def decide(replica: Replica, entry: Staged | None, *, existing: Collection[Workload]) -> Staging:
    """Return what to mount: pods that run keep their tree until the cache names another verified one.

    Pods that do not mount the referenced cache yet wait until it is Ready: an older tree there is being replaced.
    """
    wanted, now = replica.spec.cache, _now(replica, existing)
    if not wanted:
        return Staging(None)
    claim = base.cache_pvc_name(replica.xr.namespace, wanted)
    if now is not None and now.claim == claim:
        tree = (entry.tree if entry is not None else "") or now.tree
        return Staging(Mount(claim, tree, replica.spec.read_only))
    if entry is not None and entry.phase == READY:
        return Staging(Mount(claim, entry.tree or "", replica.spec.read_only))
    known = now is not None or any(workload.asked is not None for workload in existing)
    return Staging(now, waits=True, known=known)


def published(replica: Replica, mount: Mount | None, *, settled: bool) -> Manifest | None:
    """Return status.cache: what pods mount, so the old tree until the last pod has the new one."""
    if replica.cache and not settled:
        return {"name": replica.cache, "tree": replica.tree or None}
    if mount is None:
        return None
    names = (name for name in (replica.spec.cache, replica.cache) if name)
    named = (name for name in names if base.cache_pvc_name(replica.xr.namespace, name) == mount.claim)
    return {"name": next(named, None), "tree": mount.tree or None}


def _now(replica: Replica, existing: Collection[Workload]) -> Mount | None:
    """Return what pods mount by their own manifest, or else as published."""
    found = observed.mount(existing)
    if found is None and replica.cache:
        return Mount(base.cache_pvc_name(replica.xr.namespace, replica.cache), replica.tree)
    return found
