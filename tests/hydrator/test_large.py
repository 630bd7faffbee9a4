# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hub.repos import Repo, blob
from hub.server import Hub
from hydrator.running import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

GIB, MIB = 1 << 30, 1 << 20
GIBS = int(os.environ.get("LARGE_GIB", "20"))
SIZE = GIBS * GIB


def generated(path: Path) -> None:
    """Write a sparse file in which every 4 MiB differ from all others."""
    with path.open("wb") as out:
        out.truncate(SIZE)
        for place in range(0, SIZE, 4 * MIB):
            out.seek(place)
            out.write(b"%d" % place * 8)


def start(hub: Hub, target: Path) -> subprocess.Popen[bytes]:
    """Return a process that hydrates."""
    argv = ["--repo", NAME, "--endpoint", hub.url, "--dest", str(target)]
    return subprocess.Popen([sys.executable, "-m", "modelplane_hydrator", *argv])  # noqa: S603 - ours


def peak(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> int:
    """Wait until something holds or the process ends, and return its highest resident memory."""
    most = 0
    while process.poll() is None and not until():
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        most = max(most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        time.sleep(0.05)
    return most << 10


def fetched(hub: Hub) -> int:
    """Return the bytes of all ranges that were asked for."""
    spans = [one.range.removeprefix("bytes=").split("-") for one in tuple(hub.seen) if one.status == 200 and one.range]
    return sum(int(last) - int(first) + 1 for first, last in spans)


@pytest.mark.slow
def test_resumes_a_large_file(tmp_path: Path) -> None:
    """A file of 20 GiB that is killed at 90 % goes on with at most 11 % fetched again, in 300 MiB of memory."""
    if shutil.disk_usage(tmp_path).free < SIZE + 2 * GIB:
        pytest.skip("the disk has no room for the file")
    source, target, repo = tmp_path / "source", tmp_path / "model", Repo(NAME)
    generated(source)
    repo.commit({"model.safetensors": blob(source)})
    with Hub([repo]) as hub:
        first = start(hub, target)
        most = peak(first, lambda: fetched(hub) >= SIZE * 0.9)
        assert first.poll() is None
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = fetched(hub)
        second = start(hub, target)
        most = max(most, peak(second, lambda: False))
        again = (fetched(hub) - before) / SIZE
    sys.stderr.write(f"fetched again {again:.2%} after {before / SIZE:.2%}, peak memory {most / MIB:.0f} MiB\n")
    assert second.returncode == 0
    assert again <= 0.11
    assert most <= 300 * MIB
    assert subprocess.run(["cmp", source, target / "model.safetensors"], check=False).returncode == 0  # noqa: S603, S607 - two paths of ours
    shutil.rmtree(target)
