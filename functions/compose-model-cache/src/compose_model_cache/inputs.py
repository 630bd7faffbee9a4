# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says of the ModelCache itself, its token and its users."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import clusters, labels, meta, names, paths
from modelplane.composite import Composite
from modelplane.errors import InvalidSpec
from modelplane.inputs import Need, objects
from models.ai.modelplane.modelcache import v1alpha1

from compose_model_cache.entries import Entry, published
from compose_model_cache.source import Source

REPLICA_KIND = "ModelReplica"


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """Where the user keeps the token."""

    name: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The ModelCache as its user wrote it, and what was published of it."""

    name: str
    namespace: str
    uid: str
    source: Source
    size_gib: int
    secret: SecretKey | None
    selector: Mapping[str, str]
    retry: str
    published_source: str
    published_revision: str
    entries: Mapping[str, Entry]

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Cache":
        """Read the XR; raise InvalidSpec naming the first bad field."""
        xr = Composite.read(req)
        spec = xr.spec(v1alpha1.Spec)
        hub = spec.huggingFace
        if hub is None:
            raise InvalidSpec(f"cannot read ModelCache {xr.name!r}: spec.huggingFace: add it with repo and sizeGiB")
        selector = spec.clusterSelector.matchLabels if spec.clusterSelector else None
        secret = hub.authSecret
        return cls(
            name=xr.name,
            namespace=xr.namespace,
            uid=xr.uid,
            source=_source(hub, refresh=meta.annotation(xr.obj, labels.REFRESH)),
            size_gib=hub.sizeGiB,
            secret=SecretKey(name=secret.name, key=secret.key or "HF_TOKEN") if secret else None,
            selector=selector or {},
            retry=meta.annotation(xr.obj, labels.RETRY),
            published_source=paths.text(xr.obj, "status", "source"),
            published_revision=paths.text(xr.obj, "status", "revision"),
            entries=published(xr.obj),
        )

    @property
    def needs(self) -> tuple[Need, ...]:
        """Return what is asked of Crossplane: all clusters, the namespace's replicas, the token."""
        needs = (clusters.EVERY, self._replicas)
        return (*needs, self._token) if self.secret else needs

    @property
    def _replicas(self) -> Need:
        return Need(name="replicas", api_version=clusters.API_VERSION, kind=REPLICA_KIND, namespace=self.namespace)

    @property
    def _token(self) -> Need:
        name = self.secret.name if self.secret else ""
        return Need(name="token", api_version="v1", kind="Secret", match_name=name, namespace=self.namespace)

    def token(self, req: fnv1.RunFunctionRequest) -> "Token":
        """Return the token, or why there is none; a cache without authSecret has one that is empty."""
        if self.secret is None:
            return Token()
        where = f"Secret {self.secret.name!r} in namespace {self.namespace!r}"
        for found in objects(req, self._token):
            value = paths.text(found, "data", self.secret.key)
            if value:
                return Token(value=value, hash=names.digest(self.uid, value))
            return Token(missing=f"{where} has no key {self.secret.key!r}: add it with an access token of the Hub")
        return Token(missing=f"{where} does not exist: create it with key {self.secret.key!r}, a token of the Hub")

    def users(self, req: fnv1.RunFunctionRequest) -> "Users":
        """Return which replicas of the namespace use this cache, and where."""
        names_, trees, unknown = {}, {}, False
        for replica in objects(req, self._replicas):
            cluster = paths.text(replica, "spec", "clusterName")
            unknown |= not cluster
            mounted = paths.text(replica, "status", "cache", "name") == self.name
            if mounted or paths.text(replica, "spec", "modelCacheRef", "name") == self.name:
                names_.setdefault(cluster, paths.text(replica, "metadata", "name"))
            tree = paths.text(replica, "status", "cache", "tree") if mounted else ""
            if tree:
                trees.setdefault(cluster, set()).add(tree)
        return Users(replica=names_, trees=trees, unknown=unknown)


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token as its Secret holds it (base64), a hash that tells tokens apart, or why there is none."""

    value: str = ""
    hash: str = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Users:
    """By cluster, one ModelReplica that uses the cache there, and the trees that replicas mount there.

    `unknown` says that a replica could not be read: then any cluster may be in use.
    """

    replica: Mapping[str, str]
    trees: Mapping[str, set[str]]
    unknown: bool

    def of(self, cluster: str) -> str:
        """Return the name of a replica that uses, or may use, the cache on a cluster."""
        return self.replica.get(cluster) or ("which cannot be read" if self.unknown else "")


def _source(hub: v1alpha1.HuggingFace, *, refresh: str) -> Source:
    return Source(
        repo=hub.repo,
        revision=hub.revision or "",
        endpoint=hub.endpoint or "",
        include=tuple(sorted(set(hub.include or ()))),
        exclude=tuple(sorted(set(hub.exclude or ()))),
        refresh=refresh,
    )
