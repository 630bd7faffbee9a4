# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The bridge that the fleet's servers listen on, and the hosts on it."""

from pathlib import Path

from e2e.rig import commands, layout

HOSTS = Path("/run/netns")
PREFIX = "rig-"


def up() -> None:
    """Make the bridge, once."""
    if not Path(f"/sys/class/net/{layout.BRIDGE}").exists():
        _ip("link", "add", layout.BRIDGE, "type", "bridge")
        _ip("address", "add", f"{layout.ADDRESS}/24", "dev", layout.BRIDGE)
    _ip("link", "set", layout.BRIDGE, "up")


def host(name: str, address: str) -> tuple[str, ...]:
    """Make a host on the bridge, once; return the command that runs a program there, on ports of its own."""
    space = HOSTS / f"{PREFIX}{name}"
    if not space.exists():
        _ip("netns", "add", space.name)
        try:
            _connect(name, space.name, address)
        except BaseException:
            _ip("netns", "del", space.name)
            raise
    return "nsenter", f"--net={space}"


def _connect(name: str, space: str, address: str) -> None:
    _ip("link", "add", f"rigv-{name}", "type", "veth", "peer", "name", "eth0", "netns", space)
    _ip("link", "set", f"rigv-{name}", "master", layout.BRIDGE, "up")
    _ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", space, "link", "set", device, "up")


def hosts() -> list[str]:
    """Return the hosts that there are."""
    return sorted(path.name for path in HOSTS.glob(f"{PREFIX}*"))


def mounted() -> bool:
    """Return whether `ip netns` mounted its folder; it is of the same disk, so that only the kernel's list tells."""
    return any(row.split()[1] == str(HOSTS) for row in Path("/proc/self/mounts").read_text().splitlines())


def down() -> None:
    """Remove the hosts and the bridges."""
    for name in hosts():
        _ip("netns", "del", name)
    if mounted() and not any(HOSTS.iterdir()):
        commands.run(["umount", str(HOSTS)], what=f"unmount {HOSTS}, which `ip netns` mounted")
    for bridge in (layout.POD_BRIDGE, layout.BRIDGE):
        if Path(f"/sys/class/net/{bridge}").exists():
            _ip("link", "del", bridge)


def _ip(*arguments: str) -> None:
    commands.run(["ip", *arguments], what=f"set up the network {layout.BRIDGE}")
