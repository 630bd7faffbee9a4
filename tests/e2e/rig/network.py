# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The bridge that the fleet's servers listen on, and what its kernel settings were before."""

import json
from pathlib import Path

from e2e.rig import commands, layout, places

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def up() -> None:
    """Make the bridge and let pods be forwarded, once."""
    if not Path(f"/sys/class/net/{layout.BRIDGE}").exists():
        _ip("link", "add", layout.BRIDGE, "type", "bridge")
        _ip("address", "add", f"{layout.ADDRESS}/24", "dev", layout.BRIDGE)
    _ip("link", "set", layout.BRIDGE, "up")
    if not _saved().exists():
        _saved().write_text(json.dumps({"ip_forward": FORWARD.read_text().strip()}))
    FORWARD.write_text("1\n")


def down() -> None:
    """Remove the bridges and put the kernel's settings back."""
    for bridge in (layout.POD_BRIDGE, layout.BRIDGE):
        if Path(f"/sys/class/net/{bridge}").exists():
            _ip("link", "del", bridge)
    if _saved().exists():
        FORWARD.write_text(json.loads(_saved().read_text())["ip_forward"] + "\n")
        _saved().unlink()


def _saved() -> Path:
    return places.state() / "kernel.json"


def _ip(*arguments: str) -> None:
    commands.run(["ip", *arguments], what=f"set up the network {layout.BRIDGE}")
