# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The whole fleet: up, down, and what runs."""

import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Generator
from pathlib import Path

from e2e.rig import (
    cgroups,
    clusters,
    commands,
    crossplane,
    images,
    kernel,
    kubernetes,
    layout,
    lws,
    machine,
    network,
    node,
    places,
    tools,
)
from e2e.rig.errors import RigError
from e2e.rig.processes import Process, until

Say = Callable[[str], None]
MARK = "up"
TIDYING = {"kubelet", "kube-proxy", "containerd"}
"""What undoes something when it is asked to stop; all else is killed, since its data is thrown away."""


@contextlib.contextmanager
def lock() -> Generator[None]:
    """Hold the rig for one command; the kernel frees it whatever happens to the holder."""
    places.state().mkdir(parents=True, exist_ok=True)
    with (places.state() / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise RigError(f"cannot use the rig: another command holds it (process {holder}); wait for it") from err
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def up(say: Say) -> None:
    """Start what does not run; what a start that never completed left is removed first."""
    machine.check()
    machine.install()
    if not (places.state() / MARK).exists():
        if leftovers():
            say("removing what an earlier rig left")
        down(say)
        shutil.rmtree(places.state() / "logs", ignore_errors=True)
        machine.check_kernel()
        machine.check_ports()
    tools.build(say=say)
    try:
        _start(say)
    except BaseException:
        down(say)
        raise
    (places.state() / MARK).touch()


def down(say: Say) -> None:
    """Stop everything and leave nothing behind: no process, mount, network device, rule, setting or control group."""
    (places.state() / MARK).unlink(missing_ok=True)
    processes = layout.plane().processes
    for process in sorted(processes.all(), key=_stop_order):
        say(f"stopping {process.name}")
        processes.stop(process.name, kill=process.name not in TIDYING)
        if process.name == "kubelet":
            _end_containers()
        if process.name == "kube-proxy":
            node.drop_rules()
    _end_containers()
    cgroups.clear()
    _unmount()
    network.down()
    kernel.down()
    node.tidy()
    for item in places.state().iterdir():
        if item.name not in ("lock", "logs"):
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()


def status() -> list[tuple[str, str]]:
    """Return every program of the rig and whether it runs."""
    return [(p.name, f"runs as {p.pid}" if p.alive else "ended") for p in layout.plane().processes.all()]


def leftovers() -> list[str]:
    """Return what of a rig is on this machine, one line each."""
    found = [f"process {p.name}" for p in layout.plane().processes.all() if p.alive]
    found += [f"process {pid}" for pid in _shims()]
    found += [f"mount {path}" for path in _mounts()]
    found += [f"control group {h / cgroups.ROOT}" for h in cgroups.hierarchies() if (h / cgroups.ROOT).exists()]
    found += [f"packet filter chain {chain}" for chain in node.rules()]
    found += [f"network namespace {name}" for name in network.hosts()]
    found += [f"mount {network.HOSTS}"] * (network.mounted() and not any(network.HOSTS.iterdir()))
    bridges = (layout.BRIDGE, layout.POD_BRIDGE)
    return found + [f"network device {b}" for b in bridges if Path(f"/sys/class/net/{b}").exists()]


def _start(say: Say) -> None:
    kernel.up()
    network.up()
    plane = layout.plane()
    say("starting etcd and the API servers")
    kubernetes.start_etcd(plane)
    for name in layout.FLEET:
        kubernetes.start_apiserver(layout.cluster(name))
        port, workloads = layout.CONTROLLER_PORTS[name], name != layout.CONTROL
        kubernetes.start_controllers(layout.cluster(name), port=port, workloads=workloads)
    say("starting the registry")
    images.start()
    images.pause()
    say("starting the node")
    workload = layout.cluster(layout.WORKLOAD)
    node.start_containerd()
    node.start_kubelet(workload)
    node.start_services(workload)
    node.share_alike(workload)
    node.give_gpus(workload, clusters.NODES * clusters.GPUS_PER_NODE)
    lws.start(workload)
    say("starting Crossplane and provider-kubernetes")
    crossplane.start(layout.cluster(layout.CONTROL))
    crossplane.start_provider(layout.cluster(layout.CONTROL))


def _stop_order(process: Process) -> int:
    """Return a rank: controllers, then API servers, then etcd, or API servers hang in their shutdown."""
    order = {"apiserver": 2, "etcd": 3, "registry": 3, "containerd": 1}
    return order.get(process.name.partition("-")[0], 0)


def _end_containers() -> None:
    """End the containers and the shims that hold them; they outlive containerd by design."""
    for pid in [*cgroups.members(), *_shims()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not _shims(), seconds=10)


def _shims() -> list[int]:
    """Return the shims of our own containerd, told by the address they report to."""
    socket = str(node.socket()).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if b"containerd-shim" in words[0] and any(word.startswith(socket) for word in words):
                found.append(int(entry.parent.name))
    return found


def _mounts() -> list[str]:
    """Return the mounts below the rig's folder, deepest last."""
    rows = Path("/proc/self/mounts").read_text().splitlines()
    return [path for row in rows if (path := row.split()[1]).startswith(f"{places.state()}/")]


def _unmount() -> None:
    for path in reversed(_mounts()):
        commands.run(["umount", "--lazy", path], what=f"unmount {path}")
