# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One server answers for every installed function, chosen by the composite's apiVersion and kind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import entry_points

import grpc
import pytest
from builders_preview import VERSION, answering, known, xr
from click.testing import CliRunner
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from modelplane import paths, runtime
from modelplane_cli import apis, functions, serve
from modelplane_cli.__main__ import main
from modelplane_cli.errors import BadInput


def request(api_version: str, kind: str, **metadata: str) -> fnv1.RunFunctionRequest:
    """Return a request for a composite."""
    req = fnv1.RunFunctionRequest()
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}
    paths.fill(req.observed.composite.resource, body)
    return req


@pytest.mark.parametrize(
    ("api_version", "kind", "want"),
    [
        pytest.param(VERSION, "Box", "", id="served"),
        pytest.param(
            VERSION, "Bag", f"cannot compose Bag ({VERSION}): this server composes Box ({VERSION})", id="kind"
        ),
        pytest.param("v1", "Box", f"cannot compose Box (v1): this server composes Box ({VERSION})", id="version"),
        pytest.param("", "", "cannot compose a composite without kind (no apiVersion): this server", id="nothing"),
    ],
)
def test_the_kind_decides(api_version: str, kind: str, want: str) -> None:
    """A composite is answered by the function of its kind; any other is a Fatal result that lists what is served."""
    compose = serve.chosen({(VERSION, "Box"): answering({"item": xr("Item")})})
    rsp = runtime.answer(compose, request(api_version, kind, name="x"))
    fatal = [result.message for result in rsp.results if result.severity == fnv1.SEVERITY_FATAL]
    assert [message[: len(want)] for message in fatal] == ([want] if want else [])
    assert list(rsp.desired.resources) == ([] if want else ["item"])


def test_every_composition_has_its_function() -> None:
    """Every kind with a packaged Composition is served by an installed function, and every function by one kind."""
    packaged = apis.packaged()
    assert set(functions.serving(packaged, functions.installed({}))) == {k for k, api in packaged.items() if api.steps}
    named = [step.function for api in packaged.values() for step in api.steps]
    assert sorted(named) == sorted(point.name for point in entry_points(group=functions.COMPOSES))


def test_a_function_that_is_not_installed() -> None:
    """A Composition whose function is missing is told by kind and function."""
    with pytest.raises(BadInput, match="cannot serve Box: function 'box' is not installed"):
        functions.serving(known(), {})


def test_credentials_are_asked_for() -> None:
    """Without certificates and without --insecure there is no server, but one line."""
    result = CliRunner(env={"TLS_SERVER_CERTS_DIR": "", "INSECURE": ""}).invoke(main, ["serve"])
    assert result.exit_code == 1
    assert "give --tls-certs-dir DIR, or --insecure" in result.output


@pytest.fixture(name="address")
def _address() -> Iterator[str]:
    """Run the server as a process of its own on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "modelplane_cli", "serve", "--insecure", "--address", address]
    with subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603  our own program
        yield address
        server.terminate()


def test_over_grpc(address: str) -> None:
    """The server answers over gRPC for each kind that it serves, and tells what it serves for any other."""
    with grpc.insecure_channel(address) as channel:
        stub = grpcv1.FunctionRunnerServiceStub(channel)
        since = time.monotonic()
        for version, kind in sorted(apis.packaged()):
            rsp = stub.RunFunction(request(version, kind, name="x"), wait_for_ready=True, timeout=30)
            fatal = [result.message for result in rsp.results if result.severity == fnv1.SEVERITY_FATAL]
            assert all(kind in message and "this is a bug" not in message for message in fatal), fatal
        assert time.monotonic() - since < 30
        rsp = stub.RunFunction(request("v1", "Pod", name="x"), timeout=30)
    message = rsp.results[0].message
    assert message.startswith("cannot compose Pod (v1): this server composes ")
    assert "ModelCache (modelplane.ai/v1alpha1)" in message
