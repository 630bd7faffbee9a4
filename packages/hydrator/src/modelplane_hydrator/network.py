# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The way out of this process: proxies, certificate authorities and sockets."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from modelplane_hydrator import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORTS = {"http": 80, "https": 443}
QUOTED = "%/:=&?~#+!$,;'@()*[]|"
WAIT_ALL = socket.MSG_WAITALL if sys.platform == "linux" and sys.maxsize > 1 << 32 else 0
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, order=True)
class Origin:
    """Scheme, host and port: whom a connection talks to, and whom a token may reach."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def split(url: str) -> tuple[Origin, str]:
    """Return the origin of a URL and the target to ask it for."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError) as err:
        raise errors.SourceUnavailableError("cannot follow the source: it names an address that is no URL") from err
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=QUOTED)
    if not parts.hostname or " " in url:
        raise errors.SourceUnavailableError("cannot follow the source: it names an address that is no URL")
    return Origin(parts.scheme, parts.hostname, port), target


@dataclass(frozen=True)
class Network:
    """What the environment says about reaching others."""

    connect_timeout: float
    read_timeout: float
    cafile: str = ""
    capath: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The TLS settings, with the given authorities instead of the system's."""
        try:
            if not (self.cafile or self.capath):
                return ssl.create_default_context()
            return ssl.create_default_context(cafile=self.cafile or None, capath=self.capath or None)
        except OSError as err:
            raise errors.InvalidArgumentsError(
                f"cannot read the certificate authorities in {self.cafile or self.capath}: {err.strerror or err}"
            ) from err

    def proxy(self, origin: Origin) -> str:
        """Return the proxy to use for an origin, or nothing."""
        if not self.proxies or proxy_bypass(origin.authority):
            return ""
        return self.proxies.get(origin.scheme) or self.proxies.get("all") or ""

    def dial(self, origin: Origin) -> tuple[socket.socket, str]:
        """Return a connected socket, and the Proxy-Authorization to send when requests go through a proxy."""
        proxy = self.proxy(origin)
        through, login = _proxy(proxy) if proxy else (origin, "")
        sock = self._tcp(through)
        try:
            if proxy and through.scheme == "https":
                sock = self.tls.wrap_socket(sock, server_hostname=through.host)
            if proxy and origin.scheme == "https":
                _tunnel(sock, origin, login)
            if origin.scheme == "https":
                sock = self.tls.wrap_socket(sock, server_hostname=origin.host)
        except ssl.SSLCertVerificationError as err:
            sock.close()
            raise errors.SourceUntrustedError(
                f"cannot trust {origin.authority}: {err.verify_message}; set SSL_CERT_FILE to its authority"
            ) from err
        except BaseException:
            sock.close()
            raise
        return patient(sock, self.read_timeout), login if origin.scheme == "http" else ""

    def _tcp(self, origin: Origin) -> socket.socket:
        """Return a TCP socket tuned for long reads."""
        sock = socket.create_connection((origin.host, origin.port), timeout=self.connect_timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self.read_timeout)
        return sock


def patient(sock: socket.socket, seconds: float) -> socket.socket:
    """Let the kernel watch a plain socket's time, so that one call can wait for many bytes."""
    if isinstance(sock, ssl.SSLSocket) or not WAIT_ALL:
        return sock
    sock.settimeout(None)
    timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, option, timeval)
    return sock


def network(env: Mapping[str, str], *, connect_timeout: float, read_timeout: float) -> Network:
    """Return the network as the environment describes it."""
    cafile = next((env[name] for name in BUNDLES if env.get(name)), "")
    folder = bool(cafile) and Path(cafile).is_dir()
    return Network(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        cafile="" if folder else cafile,
        capath=cafile if folder else env.get("SSL_CERT_DIR", ""),
        proxies=getproxies_environment(),
    )


def _proxy(url: str) -> tuple[Origin, str]:
    """Return a proxy's origin and the credentials that its URL carries."""
    full = url if "://" in url else f"http://{url}"
    parts = urlsplit(full)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise errors.InvalidArgumentsError("cannot use the proxy of the environment: write http://HOST:PORT")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    basic = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
    return Origin(parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]), basic


def _tunnel(sock: socket.socket, origin: Origin, login: str) -> None:
    """Ask a proxy for a connection to an origin."""
    place = f"{origin.host}:{origin.port}"
    extra = f"Proxy-Authorization: {login}\r\n" if login else ""
    sock.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{extra}\r\n".encode())
    reply = b""
    while not reply.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece or len(reply) > 1 << 16:
            raise errors.SourceUnavailableError(f"cannot reach {origin.authority}: the proxy hung up")
        reply += piece
    status = reply.split(b" ", 2)[1:2]
    if status != [b"200"]:
        shown = status[0].decode("latin-1") if status else "nothing"
        raise errors.SourceUnavailableError(f"cannot reach {origin.authority}: the proxy answers {shown}")
