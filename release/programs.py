# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The programs that build packages: crane and the Crossplane CLI as the rig pins them, uv and git as installed."""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.errors import PackageError

ROOT = Path(__file__).resolve().parents[1]
RIG = str(ROOT / "scripts" / "rig")
PINNED = {"crane": "crane", "crossplane": "crossplane-cli"}
"""By their usual names, what the rig calls them."""
ERRORS = ("error: ", "Error: ", "crossplane: error: ")
"""How the line begins by which uv, crane and the Crossplane CLI say what went wrong."""


@dataclass(frozen=True)
class Output:
    """What a program left."""

    code: int
    stdout: str
    stderr: str

    @property
    def last(self) -> str:
        """Its error line, or else its last word."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        errors = [line.removeprefix(prefix) for line in lines for prefix in ERRORS if line.startswith(prefix)]
        return (errors + lines[-1:] + [f"no output, exit code {self.code}"])[0]


def attempt(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Output:
    """Run a program and return what it left, whatever its exit code."""
    done = subprocess.run(  # noqa: S603 - an argument vector, never a shell
        argv, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    return Output(done.returncode, done.stdout, done.stderr)


def run(argv: Sequence[str], *, what: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a program and return what it printed; what it refuses is an error that says what was tried."""
    done = attempt(argv, env=env, cwd=cwd)
    if done.code:
        raise PackageError(f"cannot {what}: {done.last}")
    return done.stdout


@functools.cache
def path(name: str) -> str:
    """Return where a program is: as the rig pins it, built now where Go is installed, else from the PATH."""
    if name in PINNED and (pinned := _pinned(PINNED[name])):
        return pinned
    found = os.environ.get(name.upper(), "") if name == "uv" else ""  # uv says so to what it runs
    found = found or shutil.which(name)
    if found is None:
        also = ", or Go, which builds it" if name in PINNED else ""
        raise PackageError(f"cannot build packages: {name} is not installed; put it on the PATH{also}")
    return found


def _pinned(name: str) -> str:
    done = attempt([RIG, "path", name])
    if done.code and shutil.which("go"):
        run([RIG, "build", name], what=f"build {name}")
        done = attempt([RIG, "path", name])
    return done.stdout.strip() if done.code == 0 else ""
