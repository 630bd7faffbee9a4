# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Programs that the rig runs to their end."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.rig.errors import RigError

TIMED_OUT = 124


@dataclass(frozen=True)
class Output:
    """What a program left."""

    code: int
    stdout: str
    stderr: str

    @property
    def last(self) -> str:
        """Its last word."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return lines[-1] if lines else f"no output, exit code {self.code}"


def attempt(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    seconds: float = 900,
) -> Output:
    """Run a program and return what it left, whatever its exit code; one that takes too long is ended."""
    try:
        done = subprocess.run(  # noqa: S603 - an argument vector, never a shell
            argv,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Output(TIMED_OUT, "", f"{argv[0]} was not done after {seconds:.0f} s")
    return Output(done.returncode, done.stdout, done.stderr)


def run(
    argv: Sequence[str],
    *,
    what: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    seconds: float = 900,
) -> str:
    """Run a program and return what it printed; what it refuses is an error that says what was tried."""
    done = attempt(argv, env=env, cwd=cwd, stdin=stdin, seconds=seconds)
    if done.code:
        raise RigError(f"cannot {what}: {done.last}")
    return done.stdout
