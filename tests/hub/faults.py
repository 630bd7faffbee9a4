# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Faults that a local Hub plays: which requests, how often, and what goes wrong."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = frozenset({"cut", "slow", "stall", "wrong", "status", "move", "length", "whole", "html", "unsized", "chunked"})


@dataclass
class Fault:
    """One fault. Routes are info, tree, resolve and cdn; times -1 is for ever; skip lets that many pass first.

    cut: the connection ends after `at` bytes. slow: `value` bytes a second. stall: nothing for `value` seconds
    after `at` bytes. wrong: the byte `at` is another one. status: `value` instead of an answer, with `code` and
    `retry_after`. move: the branch main moves to commit `code` before the answer. length: Content-Length is off
    by `value`. whole: ranges are ignored. html: a page instead of an answer. unsized: no Content-Length.
    chunked: the body comes in chunks.
    """

    kind: str
    route: str = "*"
    path: str = "*"
    at: int = 0
    value: float = 0
    code: str = ""
    retry_after: str = ""
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"cannot play a fault {self.kind!r}: one of {', '.join(sorted(KINDS))}")


@dataclass
class Faults:
    """The faults that are still to come, shared by all connections."""

    pending: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, faults: Iterable[Fault | dict[str, Any]]) -> None:
        """Add faults to play."""
        made = [one if isinstance(one, Fault) else Fault(**one) for one in faults]
        with self.lock:
            self.pending.extend(made)

    def clear(self) -> None:
        """Play no more faults."""
        with self.lock:
            self.pending.clear()

    def take(self, route: str, path: str) -> dict[str, Fault]:
        """Return the faults that this request meets, at most one of a kind."""
        met: dict[str, Fault] = {}
        with self.lock:
            for fault in self.pending:
                fits = fnmatchcase(route, fault.route) and fnmatchcase(path, fault.path)
                if not fits or fault.times == 0 or fault.kind in met:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= fault.times > 0
                met[fault.kind] = fault
        return met
