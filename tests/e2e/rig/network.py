# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The bridge that the fleet's servers listen on, the hosts on it, and what the kernel's settings were before."""

import json
from pathlib import Path

from e2e.rig import commands, layout, places

SETTINGS = {"net/ipv4/ip_forward": "1", "kernel/sched_autogroup_enabled": "0"}
"""What the fleet needs of the kernel: to forward to pods, and to count priorities among all processes (sched(7))."""
HOSTS = Path("/run/netns")
PREFIX = "rig-"


def up() -> None:
    """Make the bridge and set the kernel, once."""
    if not Path(f"/sys/class/net/{layout.BRIDGE}").exists():
        _ip("link", "add", layout.BRIDGE, "type", "bridge")
        _ip("address", "add", f"{layout.ADDRESS}/24", "dev", layout.BRIDGE)
    _ip("link", "set", layout.BRIDGE, "up")
    known = {name: value for name, value in SETTINGS.items() if _setting(name).exists()}
    if not _saved().exists():
        _saved().write_text(json.dumps({name: _setting(name).read_text().strip() for name in known}))
    for name, value in known.items():
        _setting(name).write_text(value)


def host(name: str, address: str) -> tuple[str, ...]:
    """Make a host on the bridge, once; return the command that runs a program there, on ports of its own."""
    space = HOSTS / f"{PREFIX}{name}"
    if not space.exists():
        _ip("netns", "add", space.name)
        _ip("link", "add", f"rigv-{name}", "type", "veth", "peer", "name", "eth0", "netns", space.name)
        _ip("link", "set", f"rigv-{name}", "master", layout.BRIDGE, "up")
        _ip("-n", space.name, "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", space.name, "link", "set", device, "up")
    return "nsenter", f"--net={space}"


def hosts() -> list[str]:
    """Return the hosts that there are."""
    return sorted(path.name for path in HOSTS.glob(f"{PREFIX}*"))


def mounted() -> bool:
    """Return whether `ip netns` mounted its folder; it is of the same disk, so that only the kernel's list tells."""
    return any(row.split()[1] == str(HOSTS) for row in Path("/proc/self/mounts").read_text().splitlines())


def down() -> None:
    """Remove the hosts and the bridges, and put the kernel's settings back."""
    for name in hosts():
        _ip("netns", "del", name)
    if mounted() and not any(HOSTS.iterdir()):
        commands.run(["umount", str(HOSTS)], what=f"unmount {HOSTS}, which `ip netns` mounted")
    for bridge in (layout.POD_BRIDGE, layout.BRIDGE):
        if Path(f"/sys/class/net/{bridge}").exists():
            _ip("link", "del", bridge)
    if _saved().exists():
        for name, value in json.loads(_saved().read_text()).items():
            _setting(name).write_text(value)
        _saved().unlink()


def _setting(name: str) -> Path:
    return Path("/proc/sys", name)


def _saved() -> Path:
    return places.state() / "kernel.json"


def _ip(*arguments: str) -> None:
    commands.run(["ip", *arguments], what=f"set up the network {layout.BRIDGE}")
