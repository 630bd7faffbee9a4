# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The phase of each cluster, with a reason and a message that says what is awaited or how to go on."""

import re
from dataclasses import replace

from compose_model_cache import keys, objects
from compose_model_cache.entries import Entry, Phase
from compose_model_cache.failures import AGAIN, BY_CODE, BY_REASON, PERMANENT
from compose_model_cache.inputs import Cache
from compose_model_cache.jobs import LIMIT, Plan
from compose_model_cache.report import Report
from compose_model_cache.runs import Run
from compose_model_cache.staging import Staging

_EXIT_CODE = re.compile(r"failed with exit code (\d+)")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def entry(cache: Cache, one: Staging, plan: Plan) -> Entry:
    """Return what to publish of a cluster."""
    site = one.site
    if site.role == "released":
        return Entry(phase="Pending", reason=site.reason, message=site.note)
    facts = one.entry if one.ready or cache.published_source == cache.source.hash else _forgotten(one.entry)
    if site.role == "kept":
        before = "Pending" if facts.phase == "Ready" else facts.phase
        return _phase(facts, "Ready" if one.ready else before, site.reason, site.note)
    if one.ready:
        return _phase(facts, "Ready", "Staged")
    run = _current(cache, one, plan)
    if run is None:
        return _phase(facts, *_before(one, plan))
    return _phase(_reported(facts, run.report), *_during(one, run))


def _during(one: Staging, run: Run) -> tuple[Phase, str, str]:
    """Return the phase of a cluster whose Job is observed."""
    if run.outcome == "Failed":
        return "Failed", *failure(run)
    if run.outcome == "Complete":
        return _unproven(one, run)
    return _running(one, run.report)


def _phase(facts: Entry, phase: Phase, reason: str, message: str = "") -> Entry:
    return replace(facts, phase=phase, reason=reason, message=message)


def _forgotten(facts: Entry) -> Entry:
    """Return an entry without what its Job reported of another source."""
    return replace(facts, revision="", staged=0, total=0)


def _reported(facts: Entry, said: Report) -> Entry:
    if not said.commit:
        return facts
    return replace(facts, revision=said.commit, staged=said.staged, total=said.total)


def _current(cache: Cache, one: Staging, plan: Plan) -> Run | None:
    """Return the Job that speaks for the wanted source: the planned one, or while none can be planned the last."""
    wanted = plan.jobs.get(one.site.name)
    if wanted is not None:
        return next((run for run in one.runs if run.hash == wanted.hash), None)
    if one.site.name in plan.waiting:
        return None
    ours = [run for run in one.runs if run.source == cache.source.hash]
    return max(ours, key=lambda run: (run.heard, run.hash), default=None)


def _before(one: Staging, plan: Plan) -> tuple[Phase, str, str]:
    """Return the phase of a cluster whose Job is not observed."""
    name = one.site.name
    if plan.refusal is not None:
        return "Pending", plan.refusal.reason, plan.refusal.message
    if not objects.opened(one.site):
        return "Pending", "NamespacePending", "waiting for the namespace on the cluster"
    if keys.CLAIM in one.site.seen and one.site.entry.claim_uid and not one.entry.claim_uid:
        return "Pending", "ClaimReplaced", "the volume was replaced by an empty one; staging again"
    if name in plan.waiting:
        return "Pending", "SlotPending", f"waiting for one of {LIMIT} Jobs that run at once"
    return ("Hydrating" if one.bound else "Pending"), "Starting", "the Job is being created"


def _running(one: Staging, said: Report) -> tuple[Phase, str, str]:
    if said.commit:
        return "Hydrating", "Fetching", progress(said)
    if one.bound:
        return "Hydrating", "Starting", "waiting for the Job's first report"
    return "Pending", "ClaimPending", "waiting for the volume: the claim is not bound"


def _unproven(one: Staging, run: Run) -> tuple[Phase, str, str]:
    """Return the phase of a cluster whose Job completed and yet proves nothing."""
    if not (one.bound and run.report.commit):
        return "Hydrating", "ReportPending", "waiting for the Job's last report and the volume's identity"
    message = f"the Job reported tree {run.report.tree!r}, which is not the wanted one; {AGAIN}"
    return "Hydrating", "ReportUnexpected", message


def failure(run: Run) -> tuple[str, str]:
    """Return the reason of a failed Job, and a message with what to do."""
    found = _EXIT_CODE.search(run.message)
    known = BY_CODE.get(int(found[1])) if found else None
    known = known or BY_REASON.get(run.report.reason)
    if known is not None:
        gave_up = "" if known in PERMANENT else "gave up after many attempts; "
        return known.reason, f"{gave_up}{known.remedy}"
    return run.reason or "JobFailed", f"{run.message or 'the Job failed'}; see the log of its pods, {AGAIN}"


def progress(said: Report) -> str:
    """Return how far a Job is, in one line."""
    percent = 100 * said.staged // said.total if said.total else 0
    parts = [f"{percent}% of {size(said.total)}"]
    if said.rate:
        parts.append(f"{size(said.rate)}/s")
    if said.eta:
        parts.append(f"{said.eta // 60 + 1} min left")
    if said.reason:
        parts.append(f"last trouble: {said.reason}")
    return ", ".join(parts)


def size(count: float) -> str:
    """Return bytes as people read them."""
    unit = 0
    while count >= _STEP and unit < len(_UNITS) - 1:
        count, unit = count / _STEP, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count:.0f} B"
