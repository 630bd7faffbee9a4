# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Servers as processes: how long they take to start and to answer, and how much memory they hold."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import grpc

METHOD = "/apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"
FLOOR = (sys.executable, str(pathlib.Path(__file__).parent / "floor.py"), "--insecure")
ALL_FUNCTIONS = (sys.executable, "-m", "modelplane_cli", "serve", "--insecure")
LIMIT = 120.0
"""Seconds that a start or a call may take on a busy machine."""

_TICKS = os.sysconf("SC_CLK_TCK")
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass
class Server:
    """A server that answers; `started` is the time from exec to its first reply, in seconds."""

    pid: int
    channel: grpc.Channel
    started: float = 0.0

    def call(self, raw: bytes) -> bytes:
        """Return the reply to a request."""
        return self.channel.unary_unary(METHOD)(raw, timeout=LIMIT)

    def timed(self, raw: bytes) -> float:
        """Return the time of a call in milliseconds."""
        begin = time.perf_counter()
        self.call(raw)
        return (time.perf_counter() - begin) * 1000

    @property
    def cpu(self) -> float:
        """Return the processor time that the server has used, in seconds."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory(self) -> float:
        """Return the resident memory of the server in MiB."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise SystemExit(f"cannot read the memory of process {self.pid}")


def one_function(name: str) -> tuple[str, ...]:
    """Return the command that serves a function alone."""
    return (sys.executable, "-m", name.replace("-", "_"), "--insecure")


@contextlib.contextmanager
def serving(command: Sequence[str], first: bytes) -> Generator[Server]:
    """Yield a server that has answered its first request."""
    port = _free_port()
    address = f"127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  a command of ours, or the one on the command line
        [*command, "--address", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(process, port, begin + LIMIT)
        with grpc.insecure_channel(address, options=_OPTIONS) as channel:
            server = Server(process.pid, channel)
            channel.unary_unary(METHOD)(first, timeout=LIMIT, wait_for_ready=True)
            server.started = time.perf_counter() - begin
            yield server
    finally:
        process.terminate()
        process.wait(30)


def _await(process: subprocess.Popen[bytes], port: int, end: float) -> None:
    """Return once the port is open; a look every millisecond, since gRPC's own retries are coarser."""
    while time.perf_counter() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"cannot start {process.args}: it exited with {process.returncode}") from None
            time.sleep(0.001)
        else:
            return
    raise SystemExit(f"cannot start {process.args}: no open port after {LIMIT:.0f} s")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
