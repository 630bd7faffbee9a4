# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the rig needs of the machine, checked before anything starts."""

import os
import shutil
import socket
from pathlib import Path

from e2e.rig import commands, layout, places
from e2e.rig.errors import RigError

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
FREE_BYTES = 10 << 30
FILESYSTEMS = ("overlay", "proc", "tmpfs")


def check() -> None:
    """Refuse a machine that cannot run the fleet, with one line that says why."""
    if os.geteuid() != 0:
        raise RigError("cannot start the fleet: containers, mounts and bridges need root; run it as root")
    if not Path("/sys/fs/cgroup").is_mount():
        raise RigError("cannot start the fleet: no control groups are mounted at /sys/fs/cgroup")
    known = Path("/proc/filesystems").read_text().split()
    if lacking := [name for name in FILESYSTEMS if name not in known]:
        raise RigError(f"cannot start the fleet: this kernel has no {lacking[0]} filesystem")
    places.state().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(places.state()).free
    if free < FREE_BYTES:
        raise RigError(
            f"cannot start the fleet: {places.state()} has {free >> 20} MiB free and it needs "
            f"{FREE_BYTES >> 20}; free some or set MODELPLANE_RIG_STATE"
        )


def install() -> None:
    """Install Debian's packages that are missing."""
    wanted = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if not wanted:
        return
    if os.geteuid() != 0:
        raise RigError(f"cannot install {', '.join(wanted)}: run as root, or install them with apt-get")
    if shutil.which("apt-get") is None:
        raise RigError(f"cannot install {', '.join(wanted)}: no apt-get here; install them yourself")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    commands.run(["apt-get", "update", "-qq"], what="read the package lists", env=quiet)
    argv = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    commands.run(argv, what=f"install {', '.join(wanted)}", env=quiet)


def check_kernel() -> None:
    """Refuse a kernel without bridges, veth pairs or iptables, by trying each."""
    tries = (
        ("bridges", ["ip", "link", "add", "rigtry0", "type", "bridge"], ["ip", "link", "del", "rigtry0"]),
        ("veth pairs", ["ip", "link", "add", "rigtry0", "type", "veth"], ["ip", "link", "del", "rigtry0"]),
        ("iptables", ["iptables", "-w", "-t", "nat", "-L", "-n"], ["true"]),
    )
    for feature, make, drop in tries:
        done = commands.attempt(make)
        if done.code:
            raise RigError(f"cannot start the fleet: this kernel lacks {feature}: {done.last}")
        commands.run(drop, what=f"undo the try of {feature}")


def check_ports() -> None:
    """Refuse to start over ports that something else holds."""
    for port, user in layout.tcp_ports().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError as err:
                reason = f"port {port}, for {user}, is in use"
                raise RigError(f"cannot start the fleet: {reason}; stop what listens there") from err
