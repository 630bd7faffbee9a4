# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Healing of overcommit: two deployments may see the same free node at once, and then one of them yields.

Every deployment looks at the same fleet and comes to the same order, so that each withdraws only what is its own to
withdraw: on a pool with more replicas than nodes, the newest that has never been ready goes first.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from google.protobuf.struct_pb2 import Struct
from modelplane import meta, paths

from compose_model_deployment import census, costs
from compose_model_deployment.census import Census, Replica
from compose_model_deployment.inputs import Site
from compose_model_deployment.view import View


class _Tenant(NamedTuple):
    """A replica with the nodes that it takes; the key is empty for one of others."""

    obj: Struct
    taken: Mapping[str, int]
    key: str


def yielding(view: View) -> frozenset[str]:
    """Return the keys of the own replicas that give their nodes back."""
    clusters = {replica.cluster for replica in view.census.own if _may_yield(replica)} & view.sites.keys()
    return frozenset(key for cluster in clusters for key in _on(view.sites[cluster], view.census))


def _on(site: Site, found: Census) -> Iterable[str]:
    standing = list(_standing(site, found))
    over = {pool.name: -pool.nodes for pool in site.pools if pool.nodes}
    for tenant in standing:
        _add(over, tenant.taken)
    for tenant in sorted(standing, key=lambda tenant: census.age(tenant.obj), reverse=True):
        if not census.ever_ready(tenant.obj) and any(over.get(pool, 0) > 0 for pool in tenant.taken):
            _add(over, {pool: -nodes for pool, nodes in tenant.taken.items()})
            yield from (tenant.key,) if tenant.key else ()


def _standing(site: Site, found: Census) -> Iterable[_Tenant]:
    """Yield the replicas on a cluster that are there to stay; a pool of unknown size is never too full."""
    own = [(replica.obj, replica.key) for replica in found.own if replica.cluster == site.name]
    for obj, key in (*own, *((obj, "") for obj in found.others.get(site.name, ()))):
        if not meta.deleting(obj):
            yield _Tenant(obj, costs.on(site.pools, costs.of(paths.child(obj, "spec"))), key)


def _add(over: dict[str, int], taken: Mapping[str, int]) -> None:
    for pool, nodes in taken.items():
        if pool in over:
            over[pool] += nodes


def _may_yield(replica: Replica) -> bool:
    return not replica.leaving and not replica.ever_ready
