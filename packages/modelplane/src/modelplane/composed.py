# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A function's whole answer as data, and `write`, the only code that touches a response.

`write` keeps the parts of the reconcile contract that no function may forget: what was observed and not released
stays desired, `ready` is always set and never true of nothing, every reply has a TTL, events are for changes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct

from modelplane import conditions, keep, labels, meta, paths, readiness, usages
from modelplane.composite import Composite
from modelplane.conditions import Condition
from modelplane.errors import ReplyTooLarge
from modelplane.inputs import Need, resolved
from modelplane.paths import Manifest

OBJECTS_SYNCED = "ObjectsSynced"
INPUTS_RESOLVED = "InputsResolved"

TTL_AWAITING = 15
"""Seconds until the next call while anything is awaited: nothing else wakes a waiting function."""
TTL_SETTLED = 60
"""Seconds until the next call once everything is settled."""

REPLY_LIMIT = 4 * 1024 * 1024 - 64 * 1024
"""Bytes: Crossplane's gRPC client refuses replies over 4 MiB; the rest is room for framing."""

_GROWTH = 64
"""Bytes that an object in a reply may grow by once it is observed: what its API server adds to what is kept of it."""

_NAMED = 5
"""Objects that a message names before it only counts."""

_STATUS = {
    "True": fnv1.STATUS_CONDITION_TRUE,
    "False": fnv1.STATUS_CONDITION_FALSE,
    "Unknown": fnv1.STATUS_CONDITION_UNKNOWN,
}


Body = Manifest | Struct | Callable[[Struct], None]
"""A desired object, or what writes one into a Struct: where thousands are alike, nothing is built twice."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """What a function answers.

    resources  desired objects by composed-resource key
    released   keys of observed resources that may go; all others stay desired, whether or not they are in `resources`
    status     the XR's whole status, without conditions
    ready      the function's own verdict; the XR is Ready when every need is resolved and every desired resource is
               observed ready, too
    awaiting   ask for an early next call although everything is ready
    empty_ok   the XR may be Ready with nothing composed
    skipped    one line for each neighbour that could not be read
    """

    needs: tuple[Need, ...] = ()
    resources: Mapping[str, Body] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    status: Manifest = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    ready: bool = False
    awaiting: bool = False
    empty_ok: bool = False
    skipped: tuple[str, ...] = ()

    @classmethod
    def waiting(
        cls,
        req: fnv1.RunFunctionRequest,
        needs: tuple[Need, ...],
        types: tuple[str, ...],
        *,
        resources: Mapping[str, Body] | None = None,
    ) -> "Composed":
        """Return an answer that asks for needs and changes nothing: all kept, status as published, not ready.

        `types` are the condition types of the kind; they stay as observed. `resources` are guards to compose even so.
        """
        xr = Composite.read(req)
        return cls(
            needs=needs,
            resources=resources or {},
            status=xr.published(),
            conditions=conditions.stands(xr.obj, types),
        )

    def write(self, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        """Return the response to a request; raise ReplyTooLarge where it cannot be cut without deleting."""
        rsp = fnv1.RunFunctionResponse(desired=req.desired)
        if req.HasField("context"):
            rsp.context.CopyFrom(req.context)
        rsp.meta.tag = req.meta.tag
        for need in self.needs:
            rsp.requirements.resources[need.name].CopyFrom(need.selector())
        seen, known = _Seen.of(req), resolved(req, self.needs)
        all_ready = _write_resources(rsp, req, self, seen, released=self.released if known else frozenset())
        for condition in (*self.conditions, _inputs_resolved(req, self), seen.synced()):
            _write_condition(rsp, req.observed.composite.resource, condition)
        paths.fill(rsp.desired.composite.resource, {"status": self.status})
        ready = self.ready and known and all_ready and (self.empty_ok or bool(rsp.desired.resources))
        _write_verdict(rsp, ready=ready, settled=ready and not self.awaiting)
        size, room = rsp.ByteSize(), REPLY_LIMIT - _GROWTH * len(rsp.desired.resources)
        return _cut(rsp, req, size=size, room=room) if size > room else rsp


@dataclass(frozen=True)
class _Seen:
    """What one walk over the observed resources tells."""

    ready: frozenset[str]
    unsynced: tuple[str, ...]

    @classmethod
    def of(cls, req: fnv1.RunFunctionRequest) -> "_Seen":
        ready, unsynced = [], []
        for key, resource in req.observed.resources.items():
            obj = resource.resource
            statuses = meta.statuses(obj)
            if readiness.ready(obj, statuses):
                ready.append(key)
            if statuses.get("Synced") == "False":
                unsynced.append(_described(obj))
        return cls(frozenset(ready), tuple(sorted(unsynced)))

    def synced(self) -> Condition:
        if not self.unsynced:
            return conditions.true(OBJECTS_SYNCED, "Synced")
        message = f"cannot sync {listed(self.unsynced)}: see its condition Synced"
        return conditions.false(OBJECTS_SYNCED, "NotSynced", message, warning=message)


def listed(lines: Iterable[str]) -> str:
    """Return the first few lines in one, and how many more there are."""
    every = list(lines)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


def _described(obj: Struct) -> str:
    cluster = paths.text(obj, "metadata", "labels", labels.CLUSTER)
    where = f" of cluster {cluster!r}" if cluster else ""
    return f"{meta.kind(obj)} {paths.text(obj, 'metadata', 'name')!r}{where}"


def _write_resources(
    rsp: fnv1.RunFunctionResponse,
    req: fnv1.RunFunctionRequest,
    composed: Composed,
    seen: _Seen,
    *,
    released: frozenset[str],
) -> bool:
    """Write what is desired and what is kept; return whether all of it is ready."""
    desired = rsp.desired.resources
    all_ready = True
    for key, body in composed.resources.items():
        target = desired[key]
        _write_body(target.resource, body)
        all_ready &= _mark(target, ready=key in seen.ready)
    observed = req.observed.resources
    for key in observed:
        if key not in composed.resources and key not in released:
            target = desired[key]
            keep.write(target.resource, observed[key].resource)
            all_ready &= _mark(target, ready=key in seen.ready)
    return all_ready


def _write_body(target: Struct, body: Body) -> None:
    if isinstance(body, Struct):
        target.CopyFrom(body)
    elif callable(body):
        body(target)
    else:
        paths.fill(target, body)


def _mark(target: fnv1.Resource, *, ready: bool) -> bool:
    target.ready = fnv1.READY_TRUE if ready else fnv1.READY_FALSE
    return ready


def _inputs_resolved(req: fnv1.RunFunctionRequest, composed: Composed) -> Condition:
    missing = sorted({need.kind for need in composed.needs if need.name not in req.required_resources})
    if missing:
        return conditions.unknown(INPUTS_RESOLVED, "Waiting", f"Waiting for Crossplane to send {', '.join(missing)}.")
    if composed.skipped:
        message = f"skipped what could not be read: {listed(sorted(composed.skipped))}"
        return conditions.false(INPUTS_RESOLVED, "Unreadable", message, warning=message)
    return conditions.true(INPUTS_RESOLVED, "Resolved")


def _write_condition(rsp: fnv1.RunFunctionResponse, xr: Struct, condition: Condition) -> None:
    rsp.conditions.append(
        fnv1.Condition(
            type=condition.type,
            status=_STATUS[condition.status],
            reason=condition.reason,
            message=condition.message,
            target=fnv1.TARGET_COMPOSITE,
        )
    )
    if not (condition.event or condition.warning):
        return
    before = conditions.observed(xr, condition.type)
    moved = before is None or (before.status, before.reason) != (condition.status, condition.reason)
    if condition.event and moved:
        rsp.results.append(_result(fnv1.SEVERITY_NORMAL, condition.reason, condition.event))
    if condition.warning and (moved or (before is not None and before.message != condition.message)):
        rsp.results.append(_result(fnv1.SEVERITY_WARNING, condition.reason, condition.warning))


def _result(severity: fnv1.Severity, reason: str, message: str) -> fnv1.Result:
    return fnv1.Result(severity=severity, reason=reason, message=message, target=fnv1.TARGET_COMPOSITE)


def _write_verdict(rsp: fnv1.RunFunctionResponse, *, ready: bool, settled: bool) -> None:
    rsp.desired.composite.ready = fnv1.READY_TRUE if ready else fnv1.READY_FALSE
    rsp.meta.ttl.seconds = TTL_SETTLED if settled else TTL_AWAITING


def _cut(
    rsp: fnv1.RunFunctionResponse, req: fnv1.RunFunctionRequest, *, size: int, room: int
) -> fnv1.RunFunctionResponse:
    """Leave out new objects but guards, last key first, until the reply fits, and say which wait."""
    added = sorted(
        key
        for key, new in rsp.desired.resources.items()
        if key not in req.observed.resources and meta.kind(new.resource) not in usages.KINDS
    )
    left_out: list[str] = []
    while added and size > room:
        key = added.pop()
        size -= rsp.desired.resources[key].ByteSize()
        left_out.append(key)
        del rsp.desired.resources[key]
    if left_out:
        _say_what_waits(rsp, req.observed.composite.resource, left_out)
    if rsp.ByteSize() > REPLY_LIMIT:
        raise ReplyTooLarge(
            f"cannot answer in {REPLY_LIMIT} bytes, what is composed already takes {rsp.ByteSize()}: "
            f"narrow the cluster selector, or split the {meta.kind(req.observed.composite.resource)}"
        )
    return rsp


def _say_what_waits(rsp: fnv1.RunFunctionResponse, xr: Struct, left_out: list[str]) -> None:
    message = f"the reply holds no room for {listed(sorted(left_out))}: they wait until others are done"
    for condition in [c for c in rsp.conditions if c.type == OBJECTS_SYNCED]:
        rsp.conditions.remove(condition)
    _write_condition(rsp, xr, conditions.false(OBJECTS_SYNCED, "ReplyTooLarge", message, warning=message))
    _write_verdict(rsp, ready=False, settled=False)
