# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The folders that the rig writes to."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
TOOLS = REPOSITORY / "tests" / "e2e" / "tools"


def cache() -> Path:
    """Return the folder of built tools and images, which outlives every run."""
    given = os.environ.get("MODELPLANE_RIG_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "modelplane-rig"


def state() -> Path:
    """Return the folder of the running rig: certificates, logs, process ids, volumes."""
    given = os.environ.get("MODELPLANE_RIG_STATE")
    return Path(given) if given else Path("/var/lib/modelplane-rig")


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file at once: another process of the run reads all of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
    Path(file.name).replace(path)


@contextlib.contextmanager
def locked(name: str) -> Generator[None]:
    """Hold something that the processes of one run share, waiting for whoever has it."""
    with (state() / f"{name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
