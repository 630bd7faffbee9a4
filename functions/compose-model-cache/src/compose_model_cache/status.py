# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a person reads of a ModelCache: status, conditions, and whether it is ready."""

from collections.abc import Mapping

from modelplane import conditions
from modelplane.composed import listed
from modelplane.conditions import Condition
from modelplane.paths import Manifest

from compose_model_cache.entries import Entry, shown
from compose_model_cache.inputs import Cache
from compose_model_cache.jobs import Plan
from compose_model_cache.sites import Fleet

CLUSTERS_MATCHED = "ClustersMatched"
ARTIFACT_READY = "ArtifactReady"
TYPES = (CLUSTERS_MATCHED, ARTIFACT_READY)

Entries = Mapping[str, Entry]


def published(cache: Cache, fleet: Fleet, entries: Entries, *, commit: str) -> Manifest:
    """Return the XR's status."""
    counted = [entries[site.name] for site in fleet.selected]
    summary: Manifest = {"ready": f"{_staged(fleet, entries)}/{len(counted)}"}
    if counted:
        summary["progress"] = f"{int(100 * sum(map(_fraction, counted)) / len(counted))}%"
    return {
        "source": cache.source.hash,
        "revision": commit or None,
        "summary": summary,
        "clusters": [shown(name, one) for name, one in entries.items()],
    }


def _fraction(one: Entry) -> float:
    if one.phase == "Ready":
        return 1
    return min(1, one.staged / one.total) if one.total else 0


def _staged(fleet: Fleet, entries: Entries) -> int:
    """Return how many clusters are staged and there: one whose InferenceCluster is gone counts as neither."""
    return sum(site.role == "matched" and entries[site.name].phase == "Ready" for site in fleet.selected)


def ready(fleet: Fleet, entries: Entries) -> bool:
    """Return whether every cluster that counts is staged."""
    return bool(fleet.selected) and _staged(fleet, entries) == len(fleet.selected)


def told(cache: Cache, fleet: Fleet, entries: Entries, plan: Plan) -> tuple[Condition, ...]:
    """Return the conditions of the XR."""
    return _matched(cache, fleet), _artifact(cache, fleet, entries, plan)


def _matched(cache: Cache, fleet: Fleet) -> Condition:
    without = f"; not used: {listed(fleet.left_out)}" if fleet.left_out else ""
    count = len(fleet.selected)
    if count:
        return conditions.true(CLUSTERS_MATCHED, "Matched", f"{_clusters(count)} selected{without}")
    message = f"{_no_match(cache, fleet)}{without}"
    return conditions.false(CLUSTERS_MATCHED, "NoClusters", message, warning=message)


def _no_match(cache: Cache, fleet: Fleet) -> str:
    if not cache.selector:
        return "no InferenceCluster can hold the model" if fleet.left_out else "there is no InferenceCluster yet"
    wanted = ",".join(f"{key}={value}" for key, value in sorted(cache.selector.items()))
    return f"no InferenceCluster that can hold the model has labels {wanted}: correct spec.clusterSelector"


def _artifact(cache: Cache, fleet: Fleet, entries: Entries, plan: Plan) -> Condition:
    """Return the first that applies."""
    total, staged = len(fleet.selected), _staged(fleet, entries)
    if not total:
        return conditions.false(ARTIFACT_READY, "NoClusters", "nothing to stage: no cluster is selected")
    refused = plan.refusal
    if refused is not None and any(one.reason == refused.reason for one in entries.values()):
        return conditions.false(ARTIFACT_READY, refused.reason, refused.message, warning=refused.message)
    failed = _failures(fleet, entries)
    if failed:
        message = f"cannot stage {cache.source.repo}: {listed(failed)}"
        return conditions.false(ARTIFACT_READY, "Failed", message, warning=message)
    if staged == total:
        event = f"Staged {cache.source.repo} on {_clusters(total)}"
        return conditions.true(ARTIFACT_READY, "Staged", f"staged on {_clusters(total)}", event=event)
    message = f"staged on {staged} of {_clusters(total)}{_notes(fleet)}"
    if staged:
        return conditions.false(ARTIFACT_READY, "Partial", message)
    event = f"Started to stage {cache.source.repo} on {_clusters(total)}"
    return conditions.false(ARTIFACT_READY, "Hydrating", message, event=event)


def _failures(fleet: Fleet, entries: Entries) -> list[str]:
    """Return one line for each way to fail, with the clusters that failed so."""
    where: dict[tuple[str, str], list[str]] = {}
    for site in fleet.selected:
        one = entries[site.name]
        if one.phase == "Failed":
            where.setdefault((one.reason, one.message), []).append(repr(site.name))
    return [f"{reason} on {listed(found)}: {message}" for (reason, message), found in where.items()]


def _notes(fleet: Fleet) -> str:
    notes = [f"{site.name!r}: {site.note}" for site in fleet.selected if site.note]
    return f"; {listed(notes)}" if notes else ""


def _clusters(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'}"
