# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""HTTP/1.1 over one kept-alive socket, reading bodies straight into the caller's memory."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelplane_hydrator import errors
from modelplane_hydrator.network import WAIT_ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelplane_hydrator.network import Network, Origin

HEAD_MOST = 1 << 16
NO_BODY = frozenset({204, 304})


class BrokenError(Exception):
    """A connection that broke, or an answer that is no HTTP: try again on a new one."""


@dataclass(frozen=True)
class Head:
    """Status and headers, names in lower case, the last of repeated ones."""

    status: int
    headers: Mapping[str, str]
    keep: bool

    def number(self, name: str) -> int | None:
        """Return a header that is a number."""
        value = self.headers.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else None


class Connection:
    """One socket to one origin; not safe to share between threads."""

    def __init__(self, network: Network, origin: Origin) -> None:
        self.network = network
        self.origin = origin
        self.sock: socket.socket | None = None
        self.login = ""
        self.pending = memoryview(b"")

    def cut(self) -> None:
        """Wake a thread that waits on this connection; it sees the end of it."""
        sock = self.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the socket."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.close()
        self.sock, self.pending = None, memoryview(b"")

    def ask(self, method: str, target: str, headers: Mapping[str, str], *, body: bytes = b"") -> tuple[Head, Body]:
        """Send a request and return the head of the answer with its unread body."""
        reused = self.sock is not None
        try:
            return self._ask(method, target, headers, body)
        except (BrokenError, ConnectionError):
            self.close()
            if not reused:
                raise
        return self._ask(method, target, headers, body)

    def _ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Head, Body]:
        """Send and receive once, on the open socket or a new one."""
        if self.sock is None:
            self.sock, self.login = self.network.dial(self.origin)
        full = f"http://{self.origin.authority}{target}" if self._absolute() else target
        lines = [f"{method} {full} HTTP/1.1", f"Host: {self.origin.authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Proxy-Authorization: {self.login}"] if self.login else []
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        head = self._head()
        while head.status // 100 == 1:
            head = self._head()
        return head, Body(self, head, empty=method == "HEAD" or head.status in NO_BODY)

    def _absolute(self) -> bool:
        """Whether requests name the whole URL, as a plain proxy wants it."""
        return self.origin.scheme == "http" and bool(self.network.proxy(self.origin))

    def _head(self) -> Head:
        """Read status line and headers, keeping what follows them."""
        raw = bytes(self.pending)
        while (end := raw.find(b"\r\n\r\n")) < 0:
            if len(raw) > HEAD_MOST:
                raise BrokenError("the answer's headers do not end")
            raw += self._more()
        self.pending = memoryview(raw)[end + 4 :]
        return parse(raw[:end])

    def _more(self) -> bytes:
        """Return some bytes from the socket."""
        try:
            piece = self.sock.recv(HEAD_MOST) if self.sock else b""
        except BlockingIOError as err:
            raise TimeoutError from err
        if not piece:
            raise BrokenError("the connection was cut")
        return piece

    def read_into(self, view: memoryview) -> int:
        """Fill some of the view from the socket; 0 is the end."""
        if self.pending:
            count = min(len(self.pending), len(view))
            view[:count] = self.pending[:count]
            self.pending = self.pending[count:]
            return count
        if self.sock is None:
            return 0
        try:
            return self.sock.recv_into(view, 0, 0 if isinstance(self.sock, ssl.SSLSocket) else WAIT_ALL)
        except BlockingIOError as err:
            raise TimeoutError from err

    def line(self) -> bytes:
        """Read one line of a chunked body."""
        raw = bytes(self.pending)
        while (end := raw.find(b"\r\n")) < 0:
            if len(raw) > HEAD_MOST:
                raise BrokenError("the answer's chunks do not end")
            raw += self._more()
        self.pending = memoryview(raw)[end + 2 :]
        return raw[:end]


def parse(raw: bytes) -> Head:
    """Return a head from its bytes."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if not first.startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - version and status
        raise BrokenError("the answer is no HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    keep = words[0] == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    return Head(int(words[1]), headers, keep)


class Body:
    """The unread rest of an answer, framed by length, by chunks or by the end of the connection."""

    def __init__(self, connection: Connection, head: Head, *, empty: bool) -> None:
        self.connection = connection
        self.keep = head.keep
        self.chunked = head.headers.get("transfer-encoding", "").lower() == "chunked"
        self.left: int | None = 0 if self.chunked or empty else head.number("content-length")
        self.done = (empty or self.left == 0) and not (self.chunked and not empty)
        self.first = True
        self._end()

    def read_into(self, view: memoryview) -> int:
        """Fill some of the view; 0 is the end of the body, a cut raises."""
        if self.chunked and not self.done and not self.left:
            self._chunk()
        if self.done:
            return 0
        if self.left is not None and self.left < len(view):
            view = view[: self.left]
        count = self.connection.read_into(view)
        if count == 0:
            return self._cut()
        if self.left is not None:
            self.left -= count
            self.done = self.left == 0 and not self.chunked
            self._end()
        return count

    def read(self, most: int, *, until: float = float("inf")) -> bytes:
        """Return the whole body, up to a size and a time."""
        out = bytearray()
        piece = memoryview(bytearray(HEAD_MOST))
        while count := self.read_into(piece):
            out += piece[:count]
            if len(out) > most:
                raise BrokenError("the answer is too long")
            if time.monotonic() > until:
                raise TimeoutError
        return bytes(out)

    def drop(self) -> None:
        """Give up on what is unread; where that is long, the connection goes too."""
        if not self.done and self.left is not None and self.left <= HEAD_MOST and not self.chunked:
            with contextlib.suppress(BrokenError, OSError):
                self.read(HEAD_MOST)
        if not self.done:
            self.connection.close()

    def _cut(self) -> int:
        """Tell the end of a body that ends with its connection from one that was cut."""
        self.connection.close()
        if self.left is not None or self.chunked:
            raise BrokenError("the connection was cut")
        self.done = True
        return 0

    def _chunk(self) -> None:
        """Read the size of the next chunk, and the trailer after the last."""
        if not self.first and self.connection.line():
            raise BrokenError("the answer's chunks are malformed")
        self.first = False
        size = self.connection.line().split(b";")[0].strip()
        try:
            self.left = int(size, 16)
        except ValueError as err:
            raise BrokenError("the answer's chunks are malformed") from err
        if self.left == 0:
            while self.connection.line():
                continue
            self.done = True
            self._end()

    def _end(self) -> None:
        """Close the connection where the peer will."""
        if self.done and not self.keep:
            self.connection.close()


def trouble(err: Exception, origin: Origin) -> errors.HydrateError:
    """Return what an exception of a connection means for the run."""
    if isinstance(err, errors.HydrateError):
        return err
    if isinstance(err, TimeoutError):
        return errors.StalledError(
            f"cannot read from {origin.authority}: it sends nothing; check the network, then run again"
        )
    shown = getattr(err, "strerror", None) or str(err) or type(err).__name__
    return errors.SourceUnavailableError(f"cannot read from {origin.authority}: {shown}; run again later")
