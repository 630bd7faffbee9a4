# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong in one schedule, drawn from a seed and nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

HUB_FAULTS = (
    "cut",
    "slow",
    "stall",
    "wrong",
    "status-401",
    "status-403",
    "status-404",
    "status-429",
    "status-503",
    "expired",
    "length",
    "whole",
    "html",
    "unsized",
    "chunked",
    "move",
)
VOLUME_FAULTS = ("FV_SPACE", "FV_READONLY", "FV_RENAME", "FV_FSYNC", "FV_CLOCK")
SHAPES = ("one", "one", "one", "two", "two", "paused", "paused")


@dataclass(frozen=True)
class Actor:
    """One process of the faulty part: when it starts, what its volume does, when it is killed or paused."""

    job: str
    opaque: bool
    start: float
    env: dict[str, str] = field(default_factory=dict)
    kill: float = -1
    pause: float = -1
    wake: float = -1
    include: str = ""


@dataclass(frozen=True)
class Schedule:
    """One schedule."""

    seed: str
    dest: bool
    shape: str
    hub: tuple[dict[str, Any], ...]
    actors: tuple[Actor, ...]
    retry_opaque: bool
    retry_job: str


def draw(seed: str, *, commits: tuple[str, str]) -> Schedule:
    """Return the schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - the same seed must give the same schedule
    shape = rng.choice(SHAPES)
    hub = tuple(hub_fault(rng, commits) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    actors = [actor(rng, "jobs/one", 0.0)]
    if shape == "two":
        actors.append(actor(rng, rng.choice(("jobs/one-more", "jobs/two")), rng.uniform(0, 0.2)))
    if shape == "paused":
        pause = rng.uniform(0.01, 0.25)
        actors = [
            Actor("jobs/one", opaque=True, start=0, pause=pause, wake=pause + rng.uniform(0.7, 1.6), env=volume(rng)),
            Actor("jobs/two", opaque=True, start=pause + rng.uniform(0, 0.2), kill=maybe_kill(rng)),
        ]
    return Schedule(
        seed=seed,
        dest=rng.random() < 0.2,
        shape=shape,
        hub=hub,
        actors=tuple(actors),
        retry_opaque=rng.random() < 0.5,
        retry_job=rng.choice(("jobs/one", "jobs/three")),
    )


def actor(rng: random.Random, job: str, start: float) -> Actor:
    """Return a process that may be killed and whose volume may fail."""
    return Actor(job, opaque=rng.random() < 0.5, start=start, env=volume(rng), kill=maybe_kill(rng))


def maybe_kill(rng: random.Random) -> float:
    """Return when a process is killed, if it is."""
    return rng.uniform(0.005, 0.25) if rng.random() < 0.6 else -1


def volume(rng: random.Random) -> dict[str, str]:
    """Return what the volume does to a process: never locks or links, sometimes worse."""
    env = {"FV_NOLOCK": "1"}
    if rng.random() < 0.3:
        env["FV_ATTR_MS"] = str(rng.choice((20, 60)))
    if rng.random() < 0.45:
        name = rng.choice(VOLUME_FAULTS)
        most = {"FV_SPACE": 3_000_000, "FV_READONLY": 400, "FV_RENAME": 12, "FV_FSYNC": 40, "FV_CLOCK": 10**8}
        env[name] = str(rng.randrange(most[name]))
    return env


def hub_fault(rng: random.Random, commits: tuple[str, str]) -> dict[str, Any]:
    """Return one fault of the source."""
    kind = rng.choice(HUB_FAULTS)
    anywhere = {"route": rng.choice(("resolve", "cdn", "cdn", "info", "tree")), "skip": rng.randrange(12)}
    body = {"route": rng.choice(("resolve", "cdn", "cdn")), "skip": rng.randrange(20), "at": rng.randrange(60_000)}
    times = rng.choice((1, 1, 2, 5))
    if kind.startswith("status"):
        status = int(kind[-3:])
        codes = {401: "", 403: "GatedRepo", 404: rng.choice(("RepoNotFound", "EntryNotFound", ""))}
        return {"kind": "status", "value": status, "code": codes.get(status, ""), "times": times, **anywhere}
    if kind == "expired":
        return {"kind": "status", "value": 403, "route": "cdn", "skip": rng.randrange(20), "times": times}
    if kind == "move":
        return {"kind": "move", "code": rng.choice(commits), **anywhere}
    value = {"slow": 400_000, "stall": 0.6, "length": rng.choice((-7, 7))}.get(kind, 0)
    return {"kind": kind, "value": value, "times": times, **(anywhere if kind == "html" else body)}
