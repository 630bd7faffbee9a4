# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A stand-in for a cloud's providers and for provider-helm: what is asked for is there, what is deleted takes a while.

It holds what a real provider holds: a managed resource by a finalizer until it is gone outside, and a provider
configuration while a Release names it. It writes connection Secrets as Google's provider does.
"""

import datetime as dt
import functools
import http.server
import json
import logging
import threading
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from e2e.rig import clusters, kinds
from e2e.rig.kube import ApiError, Manifest
from e2e.rig.kubernetes import Cluster

HELD = "finalizer.managedresource.crossplane.io"
IN_USE = "in-use.crossplane.io"
TAKES_SECONDS = 3.0
"""How long a deletion takes outside."""
PAUSE_SECONDS = 2
"""Between two rounds over more than thirty kinds."""
CONFIG = "ProviderConfig"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deleted:
    """When a deletion was asked for, by the API server's clock in whole seconds, and when it was done."""

    asked: float
    done: float


@dataclass
class Providers:
    """Plays the providers in the platform's namespace until it is stopped; `details` are connection Secrets by kind."""

    control: Cluster
    details: dict[str, dict[str, str]]
    stopped: threading.Event = field(default_factory=threading.Event)
    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    deleted: dict[tuple[str, str], Deleted] = field(default_factory=dict)

    def run(self) -> None:
        """Play until stopped."""
        while not self.stopped.is_set():
            for version, kind in managed():
                try:
                    self._play(version, kind)
                except (ApiError, OSError) as err:  # somebody else was faster: look again
                    LOG.warning("%s: %s", kind, err)
            self.stopped.wait(PAUSE_SECONDS)

    def left(self) -> list[str]:
        """Return the managed resources that are still there."""
        pairs = [pair for pair in managed() if pair[1] != CONFIG]
        found = [row for pair in pairs for row in self.control.api.list(*pair, namespace=clusters.SYSTEM)]
        return [f"{row['kind']} {row['metadata']['name']}" for row in found]

    def of_kind(self, *kinds: str) -> list[Deleted]:
        """Return the deletions of some kinds."""
        return [deletion for (kind, _), deletion in self.deleted.items() if kind in kinds]

    def _play(self, version: str, kind: str) -> None:
        for found in self.control.api.list(version, kind, namespace=clusters.SYSTEM):
            if "deletionTimestamp" in found["metadata"]:
                self._delete(found)
            elif kind == CONFIG and self._named(found["metadata"]["name"]):
                self._hold(found, IN_USE)
            elif kind != CONFIG and not found.get("status", {}).get("conditions"):
                self._make(found)

    def _make(self, found: Manifest) -> None:
        self._hold(found, HELD)
        secret = found["spec"].get("writeConnectionSecretToRef", {}).get("name")
        if secret:
            self.control.api.apply(_connection(found, secret, self.details[found["kind"]]))
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = [
            {"type": typ, "status": "True", "reason": reason, "lastTransitionTime": now}
            for typ, reason in (("Synced", "ReconcileSuccess"), ("Ready", "Available"))
        ]
        self.control.api.patch(found, {"status": {"conditions": conditions}}, status=True)

    def _hold(self, found: Manifest, finalizer: str) -> None:
        metadata = found["metadata"]
        held = metadata.get("finalizers", [])
        name = {"crossplane.io/external-name": metadata["name"], **metadata.get("annotations", {})}
        if finalizer not in held:
            self.control.api.patch(found, {"metadata": {"finalizers": [*held, finalizer], "annotations": name}})

    def _delete(self, found: Manifest) -> None:
        metadata = found["metadata"]
        key = found["kind"], metadata["name"]
        since = self.seen.setdefault(key, time.time())
        if time.time() - since < TAKES_SECONDS or (found["kind"] == CONFIG and self._named(metadata["name"])):
            return
        rest = [held for held in metadata.get("finalizers", []) if held not in (HELD, IN_USE)]
        self.control.api.patch(found, {"metadata": {"finalizers": rest}})
        asked = dt.datetime.fromisoformat(metadata["deletionTimestamp"]).timestamp()
        self.deleted[key] = Deleted(asked, time.time())

    def _named(self, config: str) -> bool:
        releases = self.control.api.list("helm.m.crossplane.io/v1beta1", "Release", namespace=clusters.SYSTEM)
        return any(row["spec"]["providerConfigRef"]["name"] == config for row in releases)


@functools.cache
def managed() -> tuple[tuple[str, str], ...]:
    """Return the apiVersion and kind of all that is played."""
    specs = [crd["spec"] for crd in kinds.definitions() if crd["spec"]["scope"] == "Namespaced"]
    return tuple((f"{spec['group']}/{spec['versions'][0]['name']}", spec["names"]["kind"]) for spec in specs)


def google_key(token_uri: str) -> str:
    """Return a service account's key that nobody trusts, as Google's provider writes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"type": "service_account", "project_id": "rig", "private_key_id": "rig", "private_key": pem}
    return json.dumps({**account, "client_email": "rig@rig.iam.gserviceaccount.com", "token_uri": token_uri})


class Tokens(http.server.ThreadingHTTPServer):
    """Gives a token for every key, as Google's token endpoint does for a good one, and counts."""

    given = 0

    @property
    def uri(self) -> str:
        """Where to ask."""
        address, port = self.server_address[:2]
        return f"http://{address}:{port}/token"


class Answer(http.server.BaseHTTPRequestHandler):
    """The answer of the token endpoint."""

    def do_POST(self) -> None:
        """Give a token for an hour."""
        if isinstance(self.server, Tokens):
            self.server.given += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"access_token": "rig", "token_type": "Bearer", "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's own name
        """Say nothing."""


def _connection(found: Manifest, name: str, details: dict[str, str]) -> Manifest:
    owner = {"apiVersion": found["apiVersion"], "kind": found["kind"], "name": found["metadata"]["name"]}
    metadata = {
        "name": name,
        "namespace": clusters.SYSTEM,
        "ownerReferences": [{**owner, "uid": found["metadata"]["uid"], "controller": True}],
    }
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": details}
