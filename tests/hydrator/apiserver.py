# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""An API server that takes patches of one Job over TLS, and the pod's files to reach it."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1 that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "ca.crt", folder / "tls.key"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return cert, private


class ApiServer:
    """Remembers every patch; status tells how it answers, first_refused how many it refuses before."""

    def __init__(self, folder: Path) -> None:
        cert, key = certificate(folder)
        (folder / "token").write_text("sa-token\n")
        self.account = folder
        self.status = 200
        self.first_refused = 0
        self.patches: list[tuple[str, dict[str, str], dict[str, object]]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        """Return what Kubernetes tells a container about its API server."""
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.server.server_port)}

    @property
    def progress(self) -> list[dict[str, object]]:
        """Return the progress of every patch that was accepted."""
        return [said for _, _, said in self.patches]

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()


def handler(api: ApiServer) -> type[http.server.BaseHTTPRequestHandler]:
    """Return the handler of one API server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        """Takes patches."""

        def do_PATCH(self) -> None:
            """Accept or refuse a patch."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, api.first_refused = (403, api.first_refused - 1) if api.first_refused else (api.status, 0)
            if status == 200:
                value = json.loads(body["metadata"]["annotations"]["modelplane.ai/progress"])
                api.patches.append((self.path, dict(self.headers), value))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
            """Say nothing."""

    return Handler
