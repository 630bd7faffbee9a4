# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Processes of a schedule: forked from one that has everything imported, each with its own volume and clock."""

from __future__ import annotations

import os
import signal
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hydrator.schedules.draw import Actor

KILLED = -9
LIMIT = 60.0


@dataclass
class Child:
    """One process and what is still to be done to it."""

    actor: Actor
    pid: int = 0
    status: int | None = None
    killed: bool = False
    paused: bool = False
    woken: bool = False


def fork(work: Callable[[], int], env: Mapping[str, str], log: Path) -> int:
    """Return the process that does some work with an environment, its output going to a file."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.environ.update(env)
        code = work()
    except SystemExit as err:
        code = err.code if isinstance(err.code, int) else 1
    except BaseException:  # noqa: BLE001 - the child ends here, whatever happened
        traceback.print_exc()
    finally:
        os._exit(code)


def play(actors: Sequence[Actor], start: Callable[[Actor], int]) -> list[int]:
    """Start, kill, pause and wake every process when its time has come, and return how each ended."""
    children, began = [Child(actor) for actor in actors], time.monotonic()
    while any(child.status is None for child in children):
        now = time.monotonic() - began
        for child in children:
            if child.status is None:
                step(child, now, start)
        if now > LIMIT:
            for child in children:
                if child.pid and child.status is None:
                    os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.002)
    return [child.status if child.status is not None else KILLED for child in children]


def step(child: Child, now: float, start: Callable[[Actor], int]) -> None:
    """Do to one process what is due."""
    actor = child.actor
    if not child.pid:
        child.pid = start(actor) if now >= actor.start else 0
        return
    done, status = os.waitpid(child.pid, os.WNOHANG)
    if done:
        child.status = os.waitstatus_to_exitcode(status)
        return
    since = now - actor.start
    if actor.kill >= 0 and since >= actor.kill and not child.killed:
        child.killed = True
        os.kill(child.pid, signal.SIGKILL)
    if actor.pause >= 0 and since >= actor.pause and not child.paused:
        child.paused = True
        os.kill(child.pid, signal.SIGSTOP)
    if child.paused and since >= actor.wake and not child.woken:
        child.woken = True
        os.kill(child.pid, signal.SIGCONT)
