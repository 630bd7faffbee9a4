# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The look at a settled fleet sees what is written, and only what counts."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest
from e2e import quiet
from e2e.rig import etcd
from e2e.rig.kubernetes import Cluster, Plane

CLUSTER = Cluster("one", 1, Plane(Path("unused"), etcd_port=2, peer_port=3))
MINE, OTHERS = "jobs/ours/a", "jobs/theirs/a"


class Clock:
    """A clock on which only sleeping takes time."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def _played(monkeypatch: pytest.MonkeyPatch, looks: Iterable[etcd.Versions]) -> Clock:
    """Have etcd answer with these versions, one after the other, and return the clock of the check."""
    left, clock = iter(looks), Clock()
    monkeypatch.setattr(etcd, "versions", lambda _cluster: next(left))
    monkeypatch.setattr(quiet, "time", clock)
    monkeypatch.setattr(quiet, "SECONDS", 300)
    return clock


def _check() -> None:
    quiet.check({CLUSTER: lambda key: "ours" in key})


def test_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays as it is is quiet."""
    _played(monkeypatch, itertools.repeat({MINE: "7"}))
    _check()


def test_others_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others write does not count."""
    _played(monkeypatch, ({MINE: "7", OTHERS: str(i)} for i in itertools.count()))
    _check()


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(({MINE: str(i)} for i in itertools.count()), id="written"),
        pytest.param(({MINE: "7", f"{MINE}{i}": "8"} for i in itertools.count()), id="made and deleted"),
    ],
)
def test_what_moves_all_the_time(monkeypatch: pytest.MonkeyPatch, looks: Iterable[etcd.Versions]) -> None:
    """What is written again and again is told, with its key."""
    _played(monkeypatch, looks)
    with pytest.raises(AssertionError, match=f"written on a settled fleet: .*one/{MINE}"):
        _check()


def test_what_settles_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last write, the whole time has to pass."""
    clock = _played(monkeypatch, [*({MINE: str(i)} for i in range(4)), *({MINE: "3"} for _ in range(20))])
    _check()
    assert clock.now == 3 * quiet.PAUSE_SECONDS + quiet.SECONDS


def test_nothing_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that watches nothing on a cluster is a mistake, not quiet."""
    _played(monkeypatch, itertools.repeat({OTHERS: "7"}))
    with pytest.raises(AssertionError, match=r"nothing is watched on .*one"):
        _check()
