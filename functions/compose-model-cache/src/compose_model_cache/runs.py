# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The hydration Jobs of a cluster as they are observed."""

from dataclasses import dataclass
from typing import Literal

from google.protobuf.struct_pb2 import Struct
from modelplane import labels, meta, paths, remote

from compose_model_cache import keys, report
from compose_model_cache.keys import Seen
from compose_model_cache.report import Report

Outcome = Literal["Running", "Complete", "Failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One Job: what it stages, how it ended, and what its hydrator reports."""

    hash: str
    source: str
    outcome: Outcome
    reason: str
    message: str
    report: Report
    obj: Struct

    @property
    def running(self) -> bool:
        """Return whether the Job has not ended."""
        return self.outcome == "Running"

    @property
    def heard(self) -> str:
        """Return when the Job last reported, or when it began where it never did; empty where a report has no time."""
        if self.report.commit:
            return self.report.time
        started = paths.text(remote.reported(self.obj), "status", "startTime")
        return started or paths.text(self.obj, "metadata", "creationTimestamp")


def runs(seen: Seen) -> tuple[Run, ...]:
    """Return the Jobs of a cluster by hash, without those that are going."""
    found = [what for what in seen if what.startswith(keys.JOB)]
    return tuple([_run(what, seen[what]) for what in sorted(found) if not meta.deleting(seen[what])]) if found else ()


def _run(what: str, obj: Struct) -> Run:
    job = remote.reported(obj)
    end = _end(job)
    return Run(
        hash=what.removeprefix(keys.JOB),
        source=paths.text(remote.desired(obj), "metadata", "labels", labels.SOURCE),
        outcome=_outcome(end),
        reason=paths.text(end, "reason") if end is not None else "",
        message=paths.text(end, "message") if end is not None else "",
        report=report.read(meta.annotation(job, labels.PROGRESS)),
        obj=obj,
    )


def _end(job: Struct) -> Struct | None:
    """Return the condition that ended a Job, or None."""
    for found in paths.children(job, "status", "conditions"):
        if paths.text(found, "type") in ("Complete", "Failed") and paths.text(found, "status") == "True":
            return found
    return None


def _outcome(end: Struct | None) -> Outcome:
    if end is None:
        return "Running"
    return "Complete" if paths.text(end, "type") == "Complete" else "Failed"
