# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What each cluster verifiably holds: decided from its Jobs, its claim and what was published before."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modelplane import meta, paths, remote

from compose_model_cache import keys
from compose_model_cache.entries import Entry
from compose_model_cache.inputs import Cache
from compose_model_cache.runs import Run, runs
from compose_model_cache.sites import Fleet, Site

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """One cluster: its Jobs, and its published facts brought up to date.

    ready  the wanted commit of the wanted source is on the claim that is there
    bound  the claim is known to be bound
    """

    site: Site
    runs: tuple[Run, ...]
    entry: Entry
    ready: bool
    bound: bool


def stagings(cache: Cache, fleet: Fleet) -> tuple[str, tuple[Staging, ...]]:
    """Return the commit that the fleet is pinned to, empty where none is known, and what every cluster holds."""
    found = [(site, runs(site.seen)) for site in fleet.sites]
    commit = _pin(cache, found)
    return commit, tuple(_staging(cache, site, jobs, commit=commit) for site, jobs in found)


def _pin(cache: Cache, found: Iterable[tuple[Site, tuple[Run, ...]]]) -> str:
    """Return the commit that was published for this source, else the first that a cluster holds or reports."""
    source = cache.source
    if cache.published_source == source.hash and _COMMIT.fullmatch(cache.published_revision):
        return cache.published_revision
    for site, _ in found:
        entry = site.entry
        staged = entry.source == source.hash and entry.tree == source.tree(entry.revision)
        if staged and _COMMIT.fullmatch(entry.revision):
            return entry.revision
    reported = (run.report.commit for _, jobs in found for run in jobs if run.source == source.hash)
    return next(filter(None, reported), "")


def _staging(cache: Cache, site: Site, jobs: tuple[Run, ...], *, commit: str) -> Staging:
    claim = site.seen.get(keys.CLAIM)
    if claim is None or meta.deleting(claim):
        return Staging(site=site, runs=jobs, entry=site.entry, ready=False, bound=False)
    reported = remote.reported(claim)
    uid = paths.text(reported, "metadata", "uid")
    entry = _proven(cache, _same_claim(site.entry, uid), jobs, commit=commit, uid=uid)
    ready = _holds(cache, entry, commit)
    if ready:
        return Staging(site=site, runs=jobs, entry=entry, ready=True, bound=True)
    phase = paths.text(reported, "status", "phase")
    bound = phase == "Bound" or (not phase and site.entry.phase in ("Hydrating", "Ready"))
    return Staging(site=site, runs=jobs, entry=entry, ready=False, bound=bound)


def _same_claim(entry: Entry, uid: str) -> Entry:
    """Return the entry without its tree where that was on another claim."""
    if not uid or uid == entry.claim_uid or not entry.tree:
        return entry
    if not entry.claim_uid:
        return replace(entry, claim_uid=uid)
    return replace(entry, tree="", source="", claim_uid="")


def _proven(cache: Cache, entry: Entry, jobs: tuple[Run, ...], *, commit: str, uid: str) -> Entry:
    """Return the entry with the tree of a Job that completed for this source and commit."""
    if not (commit and uid) or _holds(cache, entry, commit):
        return entry
    tree = cache.source.tree(commit)
    for run in jobs:
        said = run.report
        if run.outcome == "Complete" and run.source == cache.source.hash and (said.commit, said.tree) == (commit, tree):
            return replace(
                entry, tree=tree, source=run.source, claim_uid=uid, revision=commit, staged=said.total, total=said.total
            )
    return entry


def _holds(cache: Cache, entry: Entry, commit: str) -> bool:
    return bool(commit) and entry.source == cache.source.hash and entry.tree == cache.source.tree(commit)
