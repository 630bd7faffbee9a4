# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The local Hub's sockets: one thread a connection, files sent by the kernel, faults played on the way."""

from __future__ import annotations

import contextlib
import email.utils
import os
import re
import socket
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from hub.answers import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.faults import Fault
    from hub.repos import Blob

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
HEAD_MOST = 1 << 16
SLICE = 1 << 22


class Listener:
    """One listening address with its connections."""

    def __init__(self, handle: Callable[[Request], tuple[Answer, dict[str, Fault]]], host: str, port: int) -> None:
        self.handle = handle
        self.socket = socket.create_server((host, port), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.open: set[socket.socket] = set()
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self.closing.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for one in tuple(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        """Give each connection a thread."""
        while not self.closing.is_set():
            try:
                made, _ = self.socket.accept()
            except OSError:
                return
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.add(made)
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        """Answer requests until the peer or a fault ends the connection."""
        pending = b""
        try:
            while not self.closing.is_set():
                request, pending = receive(sock, pending)
                if request is None:
                    return
                answer, faults = self.handle(request)
                if not send(sock, request, answer, faults, self.closing):
                    return
        except OSError:
            return
        finally:
            self.open.discard(sock)
            sock.close()


def receive(sock: socket.socket, pending: bytes) -> tuple[Request | None, bytes]:
    """Return the next request of a connection and what came after it."""
    while (end := pending.find(b"\r\n\r\n")) < 0:
        piece = sock.recv(HEAD_MOST)
        if not piece or len(pending) > HEAD_MOST:
            return None, b""
        pending += piece
    first, *lines = pending[:end].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body, count = pending[end + 4 :], int(headers.get("content-length", "0"))
    while len(body) < count:
        piece = sock.recv(HEAD_MOST)
        if not piece:
            return None, b""
        body += piece
    if target.startswith("http://"):
        target = "/" + target.split("/", 3)[3]
    return Request(method, target, headers, body[:count]), body[count:]


def send(
    sock: socket.socket, request: Request, answer: Answer, faults: dict[str, Fault], closing: threading.Event
) -> bool:
    """Send an answer as the faults have it, and say whether the connection goes on."""
    status, start, end = span(request, answer, whole="whole" in faults)
    size = answer.blob.size if answer.blob else len(answer.body)
    headers = {"Date": email.utils.formatdate(usegmt=True), **answer.headers}
    chunked, unsized = "chunked" in faults, "unsized" in faults
    if status == HTTPStatus.PARTIAL_CONTENT:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        headers["Content-Range"] = f"bytes */{size}"
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif not unsized:
        off = int(faults["length"].value) if "length" in faults else 0
        headers["Content-Length"] = str(max(0, end - start + off))
    if unsized:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    raw = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if request.method == "HEAD":
        sock.sendall(raw)
        return not unsized
    if answer.blob is None and not faults:
        sock.sendall(raw + answer.body[start:end])
        return True
    return deliver(sock, raw, answer, (start, end), faults, closing) and not unsized and "length" not in faults


def span(request: Request, answer: Answer, *, whole: bool) -> tuple[int, int, int]:
    """Return status, first and last byte + 1 of what is sent."""
    size = answer.blob.size if answer.blob else len(answer.body)
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if answer.blob is None or asked is None or whole or answer.status != HTTPStatus.OK:
        return answer.status, 0, size
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size:
        return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0
    return HTTPStatus.PARTIAL_CONTENT, start, end


def deliver(
    sock: socket.socket,
    raw: bytes,
    answer: Answer,
    part: tuple[int, int],
    faults: dict[str, Fault],
    closing: threading.Event,
) -> bool:
    """Send head and body; False where the connection must end."""
    start, end = part
    if not faults and answer.blob is not None and isinstance(answer.blob.content, Path):
        sock.sendall(raw, socket.MSG_MORE if hasattr(socket, "MSG_MORE") else 0)
        return by_kernel(sock, answer.blob.content, start, end)
    sock.sendall(raw)
    cut, stall = faults.get("cut"), faults.get("stall")
    until = min(end, start + cut.at) if cut else end
    place, stalled = start, False
    while place < until:
        if stall and not stalled and place - start >= stall.at:
            stalled = True
            closing.wait(stall.value)
        step = min(until, place + pace(faults, place, start))
        piece = content(answer, place, step, faults)
        sock.sendall(b"%x\r\n" % len(piece) + piece + b"\r\n" if "chunked" in faults else piece)
        if "slow" in faults:
            time.sleep(len(piece) / max(1.0, faults["slow"].value))
        place = step
    if cut and until < end:
        return False
    if "chunked" in faults:
        sock.sendall(b"0\r\n\r\n")
    return True


def pace(faults: dict[str, Fault], place: int, start: int) -> int:
    """Return how many bytes go out next."""
    stall = faults.get("stall")
    if stall and place - start < stall.at:
        return max(1, stall.at - (place - start))
    return max(1, int(faults["slow"].value / 20)) if "slow" in faults else SLICE


def content(answer: Answer, start: int, end: int, faults: dict[str, Fault]) -> bytes:
    """Return bytes of a body, one of them wrong where a fault says so."""
    piece = bytearray(stored(answer.blob, start, end) if answer.blob else answer.body[start:end])
    wrong = faults.get("wrong")
    if wrong and start <= wrong.at < end:
        piece[wrong.at - start] ^= 0xFF
    return bytes(piece)


def stored(blob: Blob, start: int, end: int) -> bytes:
    """Return bytes of a blob."""
    if isinstance(blob.content, bytes):
        return blob.content[start:end]
    with blob.content.open("rb") as opened:
        opened.seek(start)
        return opened.read(end - start)


def by_kernel(sock: socket.socket, path: Path, start: int, end: int) -> bool:
    """Send a part of a file without reading it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        while start < end:
            sent = os.sendfile(sock.fileno(), handle, start, end - start)
            if sent == 0:
                return False
            start += sent
    finally:
        os.close(handle)
    return True
