# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which Job each cluster needs, and which of them may run now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from modelplane import remote

from compose_model_cache import keys
from compose_model_cache.inputs import Cache, Token
from compose_model_cache.runs import Run
from compose_model_cache.staging import Staging

LIMIT = 300
"""Jobs at once: a reply with more would pass the 4 MiB that Crossplane accepts."""
PLATFORM_NAMESPACE = "PlatformNamespace"
SILENCE = 15 * 60
"""Seconds without a report after which a Job holds no slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The Job that a cluster needs; `exists` where it is observed already."""

    hash: str
    commit: str
    exists: bool

    @property
    def key(self) -> str:
        """Return what the Job is on its cluster."""
        return keys.JOB + self.hash


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why no Job is started on any cluster."""

    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """By cluster: the Jobs that run or start now, and the clusters whose Job waits for a slot."""

    jobs: Mapping[str, Wanted]
    waiting: frozenset[str]
    refusal: Refusal | None

    @property
    def nothing(self) -> bool:
        """Return whether not even volumes may be composed."""
        return self.refusal is not None and self.refusal.reason == PLATFORM_NAMESPACE


def refusal(cache: Cache, token: Token, *, allow_http: bool) -> Refusal | None:
    """Return why new Jobs are withheld, or None."""
    if remote.is_platform(cache.namespace):
        message = f"namespace {cache.namespace!r} belongs to the platform: create the ModelCache in one of your own"
        return Refusal(reason=PLATFORM_NAMESPACE, message=message)
    if cache.source.endpoint.startswith("http://") and not allow_http:
        message = (
            "spec.huggingFace.endpoint is not encrypted: name an https endpoint, "
            "or let the operator start the function with --allow-http-endpoints"
        )
        return Refusal(reason="EndpointNotAllowed", message=message)
    return Refusal(reason="AuthSecretMissing", message=token.missing) if token.missing else None


def plan(
    cache: Cache,
    stagings: tuple[Staging, ...],
    *,
    commit: str,
    token: Token,
    refused: Refusal | None,
    clock: Callable[[], float],
) -> Plan:
    """Give every cluster that is not ready its Job: first those that have one, then the others by name."""
    needy = [one for one in stagings if one.site.role == "matched" and not one.ready]
    if refused is not None:
        return Plan(jobs={}, waiting=frozenset(), refusal=refused)
    wanted = {one.site.name: _wanted(cache, one, commit=commit, token=token) for one in needy}
    ordered = {name: job for name, job in wanted.items() if job.exists}
    holders = _holders(stagings, clock)
    ordered |= {name: job for name, job in wanted.items() if name in holders}
    free = max(0, LIMIT - len(holders))
    others = [name for name in wanted if name not in ordered]
    ordered |= {name: wanted[name] for name in others[:free]}
    return Plan(jobs=ordered, waiting=frozenset(others[free:]), refusal=None)


def _wanted(cache: Cache, one: Staging, *, commit: str, token: Token) -> Wanted:
    """Return the Job without a pin where it is there and stages the pinned commit, else the one with it."""
    free = cache.source.job(commit="", token=token.hash, retry=cache.retry)
    if not commit:
        return Wanted(hash=free, commit="", exists=keys.JOB + free in one.site.seen)
    said = next((run.report.commit for run in one.runs if run.hash == free), "")
    if keys.JOB + free in one.site.seen and said in ("", commit):
        return Wanted(hash=free, commit="", exists=True)
    pinned = cache.source.job(commit=commit, token=token.hash, retry=cache.retry)
    return Wanted(hash=pinned, commit=commit, exists=keys.JOB + pinned in one.site.seen)


def _holders(stagings: tuple[Staging, ...], clock: Callable[[], float]) -> set[str]:
    """Return the clusters with a Job that holds a slot; only a full house asks for the time."""
    running = {one.site.name: [run for run in one.runs if run.running] for one in stagings if one.runs}
    holders = {name for name, jobs in running.items() if jobs}
    if len(holders) < LIMIT:
        return holders
    now = clock()
    return {name for name in holders if any(now - _time(run) < SILENCE for run in running[name])}


def _time(run: Run) -> float:
    """Return when a Job was last heard of; one that never was counts as heard of now."""
    try:
        said = datetime.fromisoformat(run.heard)
    except ValueError:
        return float("inf")
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
