# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A thousand clusters: at most 300 Jobs at once, and a reply that Crossplane accepts."""

import datetime as dt
from typing import Any

import builders
import builders_cache
import builders_faults
import pytest
from builders_cache import JobStatus, Reply, World, complete, failed, fleet, reports
from compose_model_cache import jobs
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, remote
from modelplane.composed import REPLY_LIMIT

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SECRET = builders.secret()["metadata"]["name"]
FEW = 3


def _clock() -> float:
    return NOW.timestamp()


def _reported(minutes: int) -> JobStatus:
    return reports(said={"time": (NOW - dt.timedelta(minutes=minutes)).isoformat()})


def _world(count: int) -> World:
    names = [f"c{index:04}" for index in range(count)]
    world = World(builders.cache(secret=SECRET), fleet(*names), settings={"clock": _clock})
    world.jobs = {"": _reported(1)}
    return world


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a fleet that is larger by two than the Jobs that may run at once."""
    monkeypatch.setattr(jobs, "LIMIT", FEW)
    return _world(FEW + 2)


def _jobs(reply: Reply) -> set[str]:
    return {key.partition("/")[0] for key in reply.keys("/job/")}


def _next(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse, job: JobStatus) -> fnv1.RunFunctionRequest:
    """Return the next request without a detour over plain data, which would take minutes for a thousand clusters."""
    out = builders_faults.with_status(req, rsp)
    out.observed.resources.clear()
    for key, desired in rsp.desired.resources.items():
        obj = out.observed.resources[key].resource
        obj.CopyFrom(desired.resource)
        told = {"annotations": {}, "status": {"phase": "Bound"}}
        if "/job/" in key:
            told = job(paths.manifest(remote.desired(obj)))
        shown = {"metadata": {"uid": key, "annotations": told["annotations"]}, "status": told["status"]}
        ready = [builders.condition("Ready"), builders.condition("Synced")]
        defaults = {"managementPolicies": ["*"], "watch": False}
        paths.fill(obj, {"spec": defaults, "status": {"atProvider": {"manifest": shown}, "conditions": ready}})
    return out


def _crowd(count: int, **hub: Any) -> tuple[World, fnv1.RunFunctionRequest, Reply]:  # noqa: ANN401  fields of huggingFace
    """Return clusters with as many Jobs as there may be, and the reply to them."""
    world = _world(count)
    world.hub(**hub)
    req = world.request()
    for _ in range(4):
        rsp = world.answer(req)
        req = _next(req, rsp, _reported(1))
    return world, req, Reply(world.answer(req))


def test_a_thousand_clusters() -> None:
    """Claims are made everywhere, Jobs on the first 300 by name, and the reply is one that Crossplane accepts.

    Crossplane's first call of every reconcile knows no cluster: the reply that only keeps has to fit, too.
    """
    world, req, reply = _crowd(1000)
    assert _jobs(reply) == {f"c{index:04}" for index in range(300)}
    assert len(reply.keys("/claim")) == 1000
    assert len(reply.keys("/token/")) == len(reply.keys("/role")) == 300
    assert reply.entry("c0999")["reason"] == "SlotPending"
    assert reply.rsp.ByteSize() < REPLY_LIMIT
    assert reply.told("ObjectsSynced") == ("True", "Synced")
    req.required_resources.clear()
    waiting = Reply(world.answer(req))
    assert not waiting.fatal
    assert set(waiting.objects) == set(reply.objects)


def test_a_full_reply_waits_and_says_so() -> None:
    """Where Jobs are larger than usual, the last clusters wait, and a condition names them; nothing is fatal."""
    world, req, reply = _crowd(400, include=[f"{'x' * 500}{index}" for index in range(16)])
    assert 0 < len(_jobs(reply)) < 300
    assert reply.told("ObjectsSynced") == ("False", "ReplyTooLarge")
    assert reply.rsp.ByteSize() < REPLY_LIMIT
    req.required_resources.clear()
    assert not Reply(world.answer(req)).fatal


def test_others_follow_as_jobs_end(few: World) -> None:
    """First those that run, then the others by name."""
    assert _jobs(few.steps(4)) == {"c0000", "c0001", "c0002"}
    few.jobs["c0000"] = complete()
    few.steps(3)
    reply = few.steps(2)
    assert _jobs(reply) == {"c0001", "c0002", "c0003"}
    assert reply.phases()["c0000"] == "Ready"


def test_a_failed_job_holds_no_slot(few: World) -> None:
    """A cluster that waits for a person keeps nobody else waiting."""
    few.steps(4)
    few.jobs["c0001"] = failed(10)
    assert _jobs(few.steps(4)) == {"c0000", "c0001", "c0002", "c0003"}


def test_a_silent_job_holds_no_slot(few: World) -> None:
    """A cluster that has not reported for a quarter of an hour may be lost; its Job stays, and others go on."""
    few.steps(4)
    few.jobs["c0001"] = _reported(14)
    assert len(_jobs(few.steps(3))) == FEW
    few.jobs["c0001"] = _reported(16)
    assert _jobs(few.steps(3)) == {"c0000", "c0001", "c0002", "c0003"}


def test_a_job_that_never_reported_counts_from_its_start(few: World) -> None:
    """An image that cannot be pulled does not block the fleet for ever."""
    few.jobs["c0001"] = builders_cache.silent
    assert len(_jobs(few.steps(6))) == FEW + 1


def test_a_report_without_a_time_holds_its_slot(few: World) -> None:
    """A hydrator of another version is not taken for lost."""
    few.jobs = {"": reports()}
    assert len(_jobs(few.steps(6))) == FEW


def test_a_new_source_keeps_the_slots(few: World) -> None:
    """Who runs a Job goes on with the next one; nobody else comes in between."""
    before = _jobs(few.steps(4))
    few.hub(revision="v2")
    assert _jobs(few.steps(3)) == before


def test_a_retry_that_waits_for_a_slot_is_pending(few: World) -> None:
    """What failed before is no longer the news."""
    few.jobs = {"": failed(10)}
    few.steps(5)
    assert set(few.ask().phases().values()) == {"Failed"}
    few.annotate("modelplane.ai/retry", "1")
    few.jobs = {"": _reported(1), "c0003": failed(10), "c0004": failed(10)}
    reply = few.steps(3)
    assert len(_running(reply)) == FEW
    assert reply.entry("c0004")["reason"] == "SlotPending"


def _running(reply: Reply) -> set[str]:
    return {one["name"] for one in reply.status["clusters"] if one["phase"] == "Hydrating"}
