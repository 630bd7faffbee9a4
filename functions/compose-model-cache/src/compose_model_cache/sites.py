# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which clusters get the model, which only keep it, and which give it up."""

from dataclasses import dataclass
from typing import Literal

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, labels, meta, paths, remote
from modelplane.inputs import objects, read_each

from compose_model_cache import keys
from compose_model_cache.entries import Entry
from compose_model_cache.inputs import Cache, Users
from compose_model_cache.keys import Seen

Role = Literal["matched", "kept", "released"]

_NO_CLASS = "no ReadWriteMany storage class: set spec.cluster.{source}.cache.storageClassName of the InferenceCluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One cluster: what is observed and published of it, and why it is kept or released."""

    name: str
    role: Role
    provider_config: str = ""
    storage_class: str = ""
    seen: Seen
    entry: Entry
    selected: bool = True
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """All clusters that the cache is on or shall be on, by name.

    left_out  one line for each cluster that is selected and cannot get the model
    """

    sites: tuple[Site, ...]
    left_out: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def selected(self) -> list[Site]:
        """Return the clusters that count."""
        return [site for site in self.sites if site.selected]


def fleet(req: fnv1.RunFunctionRequest, cache: Cache, users: Users) -> Fleet:
    """Sort every cluster by what becomes of the cache on it."""
    found, skipped = read_each(objects(req, clusters.EVERY), lambda obj: (meta.name(obj), obj))
    observed = keys.observed(req)
    present = dict(found)
    sites, left_out = [], []
    for name in sorted(present.keys() | observed.keys()):
        placed = _place(cache, name, cluster=present.get(name), seen=observed.get(name, {}), users=users)
        if isinstance(placed, Site):
            sites.append(placed)
        elif placed:
            left_out.append(f"{name!r} has {placed}")
    return Fleet(sites=tuple(sites), left_out=tuple(left_out), skipped=skipped)


def _place(cache: Cache, name: str, *, cluster: Struct | None, seen: Seen, users: Users) -> Site | str:
    """Return the site of a cluster, or what a selected one lacks; the empty string where there is nothing to say."""
    entry = cache.entries.get(name, _NOTHING)
    if cluster is None:
        return _kept(name, seen, entry, selected=True, reason="ClusterMissing", note=_missing(name))
    if cache.selector and not clusters.matches(meta.labels(cluster), cache.selector):
        return (
            _unselected(name, seen, entry, users=users, why="spec.clusterSelector does not select it") if seen else ""
        )
    if clusters.evicts(cluster):
        why = "a taint with effect NoExecute"
        return _unselected(name, seen, entry, users=users, why=f"it has {why}") if seen else why
    config = clusters.provider_config(cluster) or _config(seen)
    storage = clusters.storage_class(cluster) or _claimed(seen)
    if config and storage:
        return Site(name=name, role="matched", provider_config=config, storage_class=storage, seen=seen, entry=entry)
    lacks = _lacks(cluster, config)
    note = f"the cluster has {lacks}"
    return _kept(name, seen, entry, selected=True, reason="ClusterNotReady", note=note) if seen else lacks


_NOTHING = Entry()


def _kept(name: str, seen: Seen, entry: Entry, *, selected: bool, reason: str, note: str) -> Site:
    return Site(name=name, role="kept", seen=seen, entry=entry, selected=selected, reason=reason, note=note)


def _unselected(name: str, seen: Seen, entry: Entry, *, users: Users, why: str) -> Site:
    user = users.of(name)
    if user:
        note = f"{why}; kept while ModelReplica {user!r} uses it"
        return _kept(name, seen, entry, selected=False, reason="NotSelected", note=note)
    return Site(
        name=name, role="released", seen=seen, entry=entry, selected=False, reason="Releasing", note=f"{why}; going"
    )


def _missing(name: str) -> str:
    return (
        f"InferenceCluster {name!r} does not exist; create it again, "
        f"or delete its Objects, labelled {labels.CLUSTER}, once the cluster itself is gone"
    )


def _lacks(cluster: Struct, config: str) -> str:
    if not config:
        return "no provider config yet"
    source = paths.text(cluster, "spec", "cluster", "source")
    return _NO_CLASS.format(source=source.lower() or "<source>")


def _config(seen: Seen) -> str:
    """Return the provider config that the observed objects were given: a cluster that lost its status keeps it."""
    found = (paths.text(seen[what], "spec", "providerConfigRef", "name") for what in sorted(seen))
    return next(filter(None, found), "")


def _claimed(seen: Seen) -> str:
    """Return the class of the claim that is there, or the empty string."""
    claim = seen.get(keys.CLAIM)
    return paths.text(remote.desired(claim), "spec", "storageClassName") if claim is not None else ""
