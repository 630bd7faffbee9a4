# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A small Kubernetes client: what the rig and its cases need, with the server's own words in its errors."""

import base64
import json
import ssl
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml
from e2e.rig import places
from e2e.rig.certificates import Pair

Manifest = dict[str, Any]
MANAGER = "modelplane-rig"
TIMEOUT = 30
REFUSED, MISSING, CONFLICT, LATER, BROKEN = 400, 404, 409, 429, 500
POOL = 4
MOST_SECONDS = 900
"""Long enough for a slow machine and an outage in between: cases take away parts for a minute or more."""
BUSY = urllib3.Retry(
    connect=0, read=0, other=0, status=6, status_forcelist=[LATER], allowed_methods=None, backoff_factor=0.5
)
"""A server that is busy is asked again after a while; one that is away is not."""
READING = BUSY.new(read=1)
"""What only reads is sent once more, since a server closes connections that nobody used for a while."""


class ApiError(Exception):
    """The API server refused; its code, its message and the fields that it names."""

    def __init__(self, code: int, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields


@dataclass(frozen=True)
class Api:
    """One API server, as one user."""

    server: str
    ca: Path
    user: Pair
    pool: urllib3.PoolManager = field(init=False, repr=False, compare=False)
    kinds: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the certificates, and keep connections, once: a handshake costs more than most requests."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.user.cert, self.user.key)
        object.__setattr__(self, "pool", urllib3.PoolManager(ssl_context=context, retries=BUSY, maxsize=POOL))

    def request(
        self, method: str, path: str, *, body: object = None, kind: str = "application/json", timeout: float = TIMEOUT
    ) -> Any:  # noqa: ANN401 - whatever JSON the server answers
        """Send one request and return the answer's JSON, or its text where it is none."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": kind}
        retries = READING if method == "GET" else BUSY
        try:
            answer = self.pool.request(
                method, self.server + path, body=data, headers=headers, timeout=timeout, retries=retries
            )
        except urllib3.exceptions.HTTPError as err:
            if isinstance(getattr(err, "reason", None), urllib3.exceptions.ResponseError):
                raise ApiError(LATER, f"{self.server} is too busy") from err
            raise ConnectionError(f"cannot reach {self.server}: {err}") from err
        text = answer.data.decode(errors="replace")
        told = answer.headers.get("Content-Type", "")
        if answer.status >= REFUSED:
            raise _error(answer.status, text)
        return json.loads(text) if told.startswith("application/json") else text

    def ready(self) -> bool:
        """Return whether the server says that it is ready."""
        try:
            return self.request("GET", "/readyz", timeout=2) == "ok"
        except (ApiError, OSError):
            return False

    def get(self, version: str, kind: str, name: str, *, namespace: str = "") -> Manifest:
        """Return one object."""
        return self.request("GET", self.path(version, kind, namespace=namespace, name=name))

    def find(self, version: str, kind: str, name: str, *, namespace: str = "") -> Manifest | None:
        """Return one object, or none where it does not exist."""
        try:
            return self.get(version, kind, name, namespace=namespace)
        except ApiError as err:
            if err.code == MISSING:
                return None
            raise

    def log(self, pod: str, *, namespace: str) -> str:
        """Return what a pod printed, once it did and the node tells: its container runtime may be away for a while."""
        path = self.path("v1", "Pod", namespace=namespace, name=pod) + "/log"
        return eventually(f"pod {pod} printed something", lambda: self.request("GET", path))

    def list(self, version: str, kind: str, *, namespace: str = "", labels: str = "") -> list[Manifest]:
        """Return the objects of a kind, in one namespace or in all."""
        query = f"?labelSelector={urllib.parse.quote(labels)}" if labels else ""
        found = self.request("GET", self.path(version, kind, namespace=namespace) + query)
        return [{"apiVersion": version, "kind": kind, **item} for item in found["items"]]

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Apply a manifest on the server's side, as the rig's own field manager; a try refuses unknown fields."""
        query = f"?fieldManager={MANAGER}&force=true" + ("&dryRun=All&fieldValidation=Strict" if dry_run else "")
        return self.request("PATCH", self.path_of(manifest) + query, body=manifest, kind="application/apply-patch+yaml")

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object; unknown fields are refused."""
        query = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        path = self.path(manifest["apiVersion"], manifest["kind"], namespace=_namespace(manifest))
        return self.request("POST", path + query, body=manifest)

    def patch(self, manifest: Manifest, change: Manifest, *, status: bool = False) -> Manifest:
        """Merge a change into an object, or into its status."""
        path = self.path_of(manifest) + ("/status" if status else "")
        return self.request("PATCH", path, body=change, kind="application/merge-patch+json")

    def delete(self, manifest: Manifest, *, propagation: str = "Background") -> None:
        """Delete an object, if it exists."""
        try:
            self.request("DELETE", self.path_of(manifest), body={"propagationPolicy": propagation})
        except ApiError as err:
            if err.code != MISSING:
                raise

    def try_delete(self, manifest: Manifest, *, propagation: str = "Background") -> bool:
        """Ask for deletion and return whether it was accepted; a guard refuses it while the object is in use."""
        try:
            self.delete(manifest, propagation=propagation)
        except ApiError as err:
            if err.code != CONFLICT:
                raise
            return False
        return True

    def path_of(self, manifest: Manifest) -> str:
        """Return the URL path of a manifest's object."""
        return self.path(
            manifest["apiVersion"],
            manifest["kind"],
            namespace=_namespace(manifest),
            name=manifest["metadata"]["name"],
        )

    def path(self, version: str, kind: str, *, namespace: str = "", name: str = "") -> str:
        """Return the URL path of a kind, or of one object."""
        plural, namespaced = self._kind(version, kind)
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        place = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{root}{place}/{plural}" + (f"/{name}" if name else "")

    def _kind(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self.kinds:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for row in self.request("GET", root)["resources"]:
                if "/" not in row["name"]:
                    self.kinds[version, row["kind"]] = (row["name"], row["namespaced"])
        if (version, kind) not in self.kinds:
            raise ApiError(MISSING, f"no kind {kind} in {version}")
        return self.kinds[version, kind]


def manifests(path: Path) -> list[Manifest]:
    """Return the manifests of a YAML file; libyaml reads the large ones of CRDs seven times as fast as Python."""
    return [found for found in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader) if found]


def kubeconfig(path: Path, *, server: str, ca: Path, user: Pair) -> Path:
    """Write a kubeconfig that carries its certificates."""
    clusters = [{"name": "rig", "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}]
    keys = {"client-certificate-data": _base64(user.cert), "client-key-data": _base64(user.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rig",
        "clusters": clusters,
        "users": [{"name": "rig", "user": keys}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "rig"}}],
    }
    places.write(path, yaml.safe_dump(config).encode(), mode=0o600)
    return path


def eventually(what: str, condition: Callable[[], Any], *, seconds: float = MOST_SECONDS, pause: float = 2) -> Any:  # noqa: ANN401 - the condition's own value
    """Return a condition's first true value, or fail with the last false one; no answer in time is not yet one."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (ApiError, OSError) as err:
            if not _passes(err) or time.monotonic() > deadline:
                raise
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; last seen: {found!r}")
        time.sleep(pause)


def _passes(err: ApiError | OSError) -> bool:
    """Return whether an error is a server's that is too busy, or not there for a while."""
    return isinstance(err, OSError) or err.code == LATER or err.code >= BROKEN


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _namespace(manifest: Manifest) -> str:
    return manifest["metadata"].get("namespace", "")


def _error(code: int, text: str) -> ApiError:
    try:
        said = json.loads(text)
    except ValueError:
        return ApiError(code, text.strip())
    causes = said.get("details", {}).get("causes") or []
    return ApiError(code, said.get("message", ""), tuple(row["field"] for row in causes if "field" in row))
