# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The pods of our functions, as Crossplane runs them: called with its certificates, measured on the node."""

import base64
import contextlib
import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import builders_servers
import grpc
from e2e.rig import cgroups, crossplane, kube
from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import START_SECONDS, Cluster

FUNCTION = "pkg.crossplane.io/function"
PORT = 9443
CLIENT = "crossplane-tls-client"
CALL_SECONDS = 120
STARTTIME, USED = 19, (11, 12)  # of the fields after the command's name in /proc/<pid>/stat
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 50),
)
"""What is not there yet is tried again soon: a second, gRPC's own pause, would be most of a start."""

Call = Callable[[bytes], bytes]


def functions(cluster: Cluster) -> list[Manifest]:
    """Return the pods of all functions that run or are to run."""
    found = cluster.api.list("v1", "Pod", namespace=crossplane.NAMESPACE)
    return [pod for pod in found if FUNCTION in pod["metadata"].get("labels", {}) and not _leaves(pod)]


def by_function(cluster: Cluster) -> dict[str, list[Manifest]]:
    """Return the pods of each function, by our name of it."""
    out: dict[str, list[Manifest]] = {}
    for pod in functions(cluster):
        image = pod["spec"]["containers"][0]["image"]
        out.setdefault(image.partition("@")[0].rpartition("_")[2], []).append(pod)
    return out


@contextlib.contextmanager
def calling(cluster: Cluster, pod: Manifest, *, address: str = "") -> Generator[Call]:
    """Yield what calls one pod, as Crossplane does."""
    secret = cluster.api.get("v1", "Secret", CLIENT, namespace=crossplane.NAMESPACE)
    ca, key, cert = (base64.b64decode(secret["data"][name]) for name in ("ca.crt", "tls.key", "tls.crt"))
    name = f"{pod['metadata']['labels'][FUNCTION]}.{crossplane.NAMESPACE}"
    options = [*OPTIONS, ("grpc.ssl_target_name_override", name)]
    target = f"{address or pod['status']['podIP']}:{PORT}"
    with grpc.secure_channel(target, grpc.ssl_channel_credentials(ca, key, cert), options) as channel:
        method = channel.unary_unary(builders_servers.METHOD)
        yield lambda raw: method(raw, timeout=CALL_SECONDS, wait_for_ready=True)


def memory(pod: Manifest) -> int:
    """Return the memory of a pod's processes, in bytes, without the page cache."""
    return sum(_resident(pid) for pid in _processes(pod))


def user(pod: Manifest) -> tuple[int, int]:
    """Return the user and the group that a pod's program runs as."""
    (pid,) = _processes(pod)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["Uid"].split()[0]), int(status["Gid"].split()[0])


@dataclass(frozen=True)
class Start:
    """How long a pod's process took to its first reply, and how much of a processor."""

    seconds: float
    processor: float


def restart(cluster: Cluster, pod: Manifest, raw: bytes) -> Start:
    """Delete a pod, and return what its successor's process took from its start to its first reply."""
    old = {found["metadata"]["uid"] for found in functions(cluster)}
    label = pod["metadata"]["labels"][FUNCTION]
    cluster.api.delete(pod)

    def successor() -> Manifest | None:
        new = [found for found in functions(cluster) if found["metadata"]["uid"] not in old]
        return next((found for found in new if found["metadata"]["labels"][FUNCTION] == label), None)

    fresh = kube.eventually(f"a new pod of {label}", successor, seconds=START_SECONDS, pause=0.05)
    (pid,) = kube.eventually(f"a process of {label}", lambda: _processes(fresh), seconds=START_SECONDS, pause=0.01)
    with calling(cluster, fresh, address=_address(pid)) as call:
        call(raw)
    return Start(time.clock_gettime(time.CLOCK_BOOTTIME) - _ticks(pid, STARTTIME), sum(_ticks(pid, f) for f in USED))


def _leaves(pod: Manifest) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _processes(pod: Manifest) -> list[int]:
    """Return the processes of a pod's program, found by the pod's control group; the sandbox's is left out."""
    found = cgroups.members(f"pod{pod['metadata']['uid']}")
    return sorted(pid for pid in found if b"function" in _command(pid))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def _resident(pid: int) -> int:
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(rows["VmRSS"].split()[0]) << 10


def _ticks(pid: int, field: int) -> float:
    """Return a field of a process's statistics in seconds: its start since the machine's boot, or its use."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[field]) / os.sysconf("SC_CLK_TCK")


def _address(pid: int) -> str:
    """Return the address of a process's network, sooner than the pod's status tells it."""
    lines = Path(f"/proc/{pid}/net/fib_trie").read_text().splitlines()
    hosts = [lines[i - 1].split()[-1] for i, line in enumerate(lines) if "/32 host LOCAL" in line]
    return next(host for host in hosts if not host.startswith("127."))
