# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Function servers as processes, and calls to them over real gRPC."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

METHOD = "/apiextensions.fn.proto.v1.FunctionRunnerService/RunFunction"
START_LIMIT = 120.0
"""Seconds that a server may take to its first answer on a busy machine."""
CALL_LIMIT = 60.0
"""Seconds after which a call counts as hung."""


@dataclass(frozen=True)
class Server:
    """A function server that answers."""

    process: subprocess.Popen[bytes]
    channel: grpc.Channel

    def call(self, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
        """Return what the server answers to a request."""
        return fnv1.RunFunctionResponse.FromString(self.send(req.SerializeToString(deterministic=True)))

    def send(self, raw: bytes) -> bytes:
        """Return what the server answers to bytes, which may be no request at all."""
        return self.channel.unary_unary(METHOD)(raw, timeout=CALL_LIMIT)

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self.process.poll() is None


def one_function(name: str) -> list[str]:
    """Return the command that serves a function alone."""
    return [sys.executable, "-m", name.replace("-", "_"), "--insecure"]


ALL_FUNCTIONS = [sys.executable, "-m", "modelplane_cli", "serve", "--insecure"]
"""The command that serves every installed function on one port."""


@contextlib.contextmanager
def serving(command: list[str]) -> Generator[Server]:
    """Yield a server on a free port, and stop it by its own process id."""
    address = f"127.0.0.1:{_free_port()}"
    process = subprocess.Popen(  # noqa: S603  a command of ours
        [*command, "--address", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GRPC_VERBOSITY": "NONE"},
    )
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(address, options=unlimited)
    try:
        grpc.channel_ready_future(channel).result(timeout=START_LIMIT)
        yield Server(process, channel)
    finally:
        channel.close()
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
