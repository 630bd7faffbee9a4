# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The look at a settled fleet sees what is written, and only what counts."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from e2e import quiet
from e2e.rig import etcd
from e2e.rig.kubernetes import Cluster, Plane

CLUSTER = Cluster("one", 1, Plane(Path("unused"), etcd_port=2, peer_port=3))
MINE, OTHERS = "jobs/ours/a", "jobs/theirs/a"


def _played(monkeypatch: pytest.MonkeyPatch, looks: Iterable[etcd.Versions]) -> Iterator[etcd.Versions]:
    """Have etcd answer with these versions, one after the other, to a check that is over soon."""
    left = iter(looks)
    monkeypatch.setattr(etcd, "versions", lambda _cluster: next(left))
    for name, seconds in {"SECONDS": 0.1, "PAUSE_SECONDS": 0.03, "MOST_SECONDS": 1}.items():
        monkeypatch.setattr(quiet, name, seconds)
    return left


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
    looks = [*({MINE: str(i)} for i in range(4)), *({MINE: "9"} for _ in range(30))]
    left = _played(monkeypatch, looks)
    _check()
    assert len(list(left)) < 30 - 3


def test_nothing_to_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that watches nothing is a mistake, not quiet."""
    _played(monkeypatch, itertools.repeat({OTHERS: "7"}))
    with pytest.raises(AssertionError, match="nothing is watched"):
        _check()
