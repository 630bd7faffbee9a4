# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The kernel's settings that the fleet needs, and what they were before."""

import json
from pathlib import Path

from e2e.rig import places

SETTINGS = {"net/ipv4/ip_forward": "1", "kernel/sched_autogroup_enabled": "0"}
"""To forward to pods, and to count priorities among all processes (sched(7))."""


def up() -> None:
    """Set what this kernel knows, and keep what it was."""
    known = {name: value for name, value in SETTINGS.items() if _setting(name).exists()}
    if not _saved().exists():
        before = {name: _setting(name).read_text().strip() for name in known}
        places.write(_saved(), json.dumps(before).encode())
    for name, value in known.items():
        _setting(name).write_text(value)


def down() -> None:
    """Put back what was there."""
    if _saved().exists():
        for name, value in json.loads(_saved().read_text()).items():
            _setting(name).write_text(value)
        _saved().unlink()


def _setting(name: str) -> Path:
    return Path("/proc/sys", name)


def _saved() -> Path:
    return places.state() / "kernel.json"
