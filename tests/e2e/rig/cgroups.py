# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The control groups that hold the node's pods, so that none is left behind."""

import contextlib
import os
import signal
from pathlib import Path

from e2e.rig.processes import until

ROOT = "modelplane-rig"
CPUSETS = ("cpuset.cpus", "cpuset.mems")
WEIGHTS = {"cpu.shares": "8192", "cpu.weight": "800"}
"""By version 1 and 2: all pods together get as much of the processors as eight programs that nobody prefers."""


def hierarchies() -> list[Path]:
    """Return where control groups are mounted, version 1 or 2."""
    rows = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [Path(row[1]) for row in rows if row[2] in ("cgroup", "cgroup2")]


def make() -> None:
    """Make the pods' root group in every hierarchy."""
    for hierarchy in hierarchies():
        group = hierarchy / ROOT
        group.mkdir(exist_ok=True)
        for name in CPUSETS:
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((hierarchy / name).read_text())
        for name, weight in WEIGHTS.items():
            if (group / name).exists():
                (group / name).write_text(weight)


def members(parent: str = "") -> set[int]:
    """Return the processes that are in any of the groups, or in those right below the groups of a name."""
    found: set[int] = set()
    for hierarchy in hierarchies():
        for group in _groups(hierarchy):
            if not parent or group.parent.name == parent:
                with contextlib.suppress(OSError):  # a container ends meanwhile, and its group with it
                    found.update(int(pid) for pid in (group / "cgroup.procs").read_text().split())
    return found


def clear(seconds: float = 20) -> None:
    """End what still runs in the groups, and remove them."""
    until(_killed, seconds=seconds)
    for hierarchy in hierarchies():
        for group in _groups(hierarchy):
            group.rmdir()


def _killed() -> bool:
    found = members()
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return not found


def _groups(hierarchy: Path) -> list[Path]:
    """Return the groups of a hierarchy, deepest first; one may go while they are looked at."""
    return [Path(folder) for folder, _, _ in os.walk(hierarchy / ROOT, topdown=False)]
