# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hydrator.running import FAST, FILES, same
from modelplane_hydrator import errors, http1, retry
from modelplane_hydrator.network import Origin, network, split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hydrator.apiserver import ApiServer
    from hydrator.running import Runner


class Proxy:
    """A proxy that answers CONNECT and plain requests by connecting, and remembers whom for."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:pa%20ss@127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        """Give each connection a thread."""
        while True:
            try:
                made, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        """Connect a client with whom it asks for."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += sock.recv(65536)
        method, target, _ = raw.decode("latin-1").split("\r\n")[0].split(" ")
        self.seen.append(f"{method} {target}" + (" with login" if b"Basic dXNlcjpwYSBzcw==" in raw else ""))
        parts = urlsplit(target if "://" in target else f"//{target}")
        other = socket.create_connection((parts.hostname or "", parts.port or 80))
        if method == "CONNECT":
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            other.sendall(raw)
        threading.Thread(target=pump, args=(other, sock), daemon=True).start()
        pump(sock, other)

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until the end."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Give a proxy that the environment names."""
    made = Proxy()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, made.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    yield made
    made.close()


def test_plain_proxy(run: Runner, proxy: Proxy) -> None:
    """Everything goes through the proxy of the environment, with its login, API and files alike."""
    assert run.dest().code == 0
    assert same(run.target)
    assert all(one.endswith(" with login") for one in proxy.seen)
    assert any("/api/models/" in one for one in proxy.seen)


def test_tunnel(api: ApiServer, proxy: Proxy) -> None:
    """An https origin is reached through a tunnel, its certificate checked by the given authority."""
    way = network({"SSL_CERT_FILE": str(api.account / "ca.crt")}, connect_timeout=5, read_timeout=5)
    origin = Origin("https", "127.0.0.1", api.server.server_port)
    connection = http1.Connection(way, origin)
    head, _ = connection.ask("GET", "/", {})
    connection.close()
    assert head.status == 501
    assert proxy.seen == [f"CONNECT 127.0.0.1:{api.server.server_port} with login"]


def test_no_proxy(run: Runner, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY keeps the proxy out."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert run.dest().code == 0
    assert proxy.seen == []


def test_folder_of_authorities(tmp_path: Path, api: ApiServer) -> None:
    """A bundle that is a folder, and one that is missing, are told apart."""
    assert network({"SSL_CERT_FILE": str(tmp_path)}, connect_timeout=1, read_timeout=1).capath == str(tmp_path)
    missing = network({"REQUESTS_CA_BUNDLE": str(tmp_path / "none")}, connect_timeout=1, read_timeout=1)
    with pytest.raises(errors.InvalidArgumentsError, match="certificate authorities"):
        missing.dial(Origin("https", "127.0.0.1", api.server.server_port))


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param(
            {"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT", "date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 30, id="a date"
        ),
        pytest.param({"retry-after": "Mon, 23 Nov 2026 10:00:30 GMT"}, None, id="a date and no clock to compare with"),
        pytest.param({"retry-after": "soon"}, None, id="nonsense"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_retry_after(headers: dict[str, str], want: float | None) -> None:
    """What Retry-After asks for does not depend on this machine's clock."""
    assert retry.asked(headers) == want


def test_attempts_end() -> None:
    """Failures in a row end, and progress between them forgives."""
    attempts = retry.Attempts(FAST, threading.Event())
    problem = errors.SourceUnavailableError("x")
    for _ in range(2 * FAST.attempts):
        attempts.wait(problem)
        attempts.progress()
    for _ in range(FAST.attempts - 1):
        attempts.wait(problem)
    with pytest.raises(errors.SourceUnavailableError):
        attempts.wait(problem)


@pytest.mark.parametrize("url", ["http:///x", "gopher://h/x", "http://h:99999/", "http://[::1/x", "http://h/a b"])
def test_no_address(url: str) -> None:
    """A redirect to something that is no address is the source's fault, not ours."""
    with pytest.raises(errors.SourceUnavailableError):
        split(url)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"SSH-2.0-x\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", id="too short"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, id="headers without end"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_malformed_answers(raw: bytes) -> None:
    """An answer that is no HTTP breaks the connection and nothing else."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        made, _ = server.accept()
        made.recv(65536)
        made.sendall(raw)
        made.close()

    threading.Thread(target=serve, daemon=True).start()
    origin = Origin("http", "127.0.0.1", server.getsockname()[1])
    connection = http1.Connection(network({}, connect_timeout=5, read_timeout=5), origin)
    with pytest.raises((http1.BrokenError, OSError)):
        connection.ask("GET", "/", {})[1].read(1000)
    server.close()


def test_files_are_the_same_size() -> None:
    """The model of these tests has files below and above one range."""
    assert {len(content) > 65536 for content in FILES.values()} == {True, False}
