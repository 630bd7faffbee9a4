# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One run as a process: flags in, an exit code and one last line out."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from modelplane_hydrator import errors, flags, holder, network, volume
from modelplane_hydrator.cluster import Job
from modelplane_hydrator.hydrate import Run
from modelplane_hydrator.progress import Progress
from modelplane_hydrator.timing import Sizes, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.holder import Holder


def command(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] = os.environ,
    timing: Timing | None = None,
    sizes: Sizes | None = None,
    me: Holder | None = None,
) -> int:
    """Do what the flags ask for, and return the exit code."""
    os.umask(0o022)
    asked: Options | None = None
    try:
        asked = flags.options(argv, env)
        signals()
        print(run(asked, env, timing or Timing(), sizes or Sizes(connections=asked.connections), me), flush=True)  # noqa: T201  its result
    except errors.HydrateError as err:
        return report(err, asked)
    except KeyboardInterrupt:
        return report(errors.InterruptedRunError("cannot go on: interrupted; run again, it goes on from here"), asked)
    return 0


def run(asked: Options, env: Mapping[str, str], timing: Timing, sizes: Sizes, me: Holder | None) -> str:
    """Return the last line of a run that succeeded."""
    job = Job(asked, env, timing) if asked.report_job else None
    progress = Progress(timing, job)
    way = network.network(env, connect_timeout=timing.connect, read_timeout=timing.stall)
    who = me or holder.here(asked.report_job)
    made = Run(asked, way, timing, sizes, who, progress, threading.Event())
    try:
        line = guarded(made)
    except errors.HydrateError as err:
        progress.end(err)
        raise
    except BaseException:
        progress.end(errors.InterruptedRunError())
        raise
    progress.end(None)
    return line


def guarded(made: Run) -> str:
    """Run, and give every error of the volume or of ours its reason."""
    try:
        return made.hydrate()
    except (errors.HydrateError, KeyboardInterrupt):
        raise
    except OSError as err:
        raise volume.trouble(err, made.options.volume or made.options.dest or volume.Path()) from err
    except Exception as err:
        raise errors.InternalError(f"cannot go on: {type(err).__name__}: {err}; this is a bug, report it") from err


def report(err: errors.HydrateError, asked: Options | None) -> int:
    """Print what failed and what to do, leave the reason for Kubernetes, and return the exit code."""
    line = redact(f"{err.reason}: {' '.join(str(err).split())}", asked)
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the last line is what the command is for
    log = asked.termination_log if asked else flags.Options.termination_log
    try:
        if log.is_file():
            log.write_text(line + "\n", encoding="utf-8")
    except OSError as trouble:
        print(f"cannot write {log}: {trouble.strerror}", file=sys.stderr)  # noqa: T201 - see above
    return err.exit_code


def redact(line: str, asked: Options | None) -> str:
    """Return a line without the token, whoever put it there."""
    return line.replace(asked.token, "***") if asked and asked.token else line


def signals() -> None:
    """Have SIGTERM end a run as an interrupt does."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
