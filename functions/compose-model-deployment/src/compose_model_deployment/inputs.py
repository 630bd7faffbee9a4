# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the deployment, the fleet, the cache that it serves."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import caches, clusters, engines, inputs, meta, pools
from modelplane.clusters import Cluster, Taint
from modelplane.composite import Composite
from modelplane.engines import Engine
from modelplane.errors import InvalidSpec
from modelplane.inputs import Need
from modelplane.paths import Manifest
from modelplane.pools import Pool
from models.ai.modelplane.modeldeployment import v1alpha1

REPLICA = "ModelReplica"
REPLICAS = Need(name="replicas", api_version=clusters.API_VERSION, kind=REPLICA)
"""Every replica of the fleet: all of them take nodes."""


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint that replicas accept; the empty effect is every one, Exists with the empty key every taint."""

    key: str
    operator: str
    value: str
    effect: str

    def accepts(self, taint: Taint) -> bool:
        """Return whether the taint is one of those accepted."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.operator == "Exists":
            return not self.key or self.key == taint.key
        return (self.key, self.value) == (taint.key, taint.value)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A ModelDeployment. `source` is what its replicas are made of, as its user wrote it, in either shape."""

    xr: Composite
    replicas: int
    labels: Manifest
    source: Manifest
    selector: Mapping[str, str]
    cache: str
    mode: str
    tolerations: tuple[Toleration, ...]
    engines: tuple[Engine, ...]

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Deployment":
        """Read the deployment in either shape; raise InvalidSpec naming the first bad field."""
        xr = Composite.read(req)
        if not xr.namespace:
            raise InvalidSpec(f"cannot read ModelDeployment {xr.name!r}: metadata.namespace is not set")
        spec = xr.spec(v1alpha1.Spec).model_dump(exclude_none=True)
        if ("workers" in spec) == ("template" in spec):
            raise InvalidSpec(f"cannot read ModelDeployment {xr.name!r}: spec needs one of workers and template")
        template = spec.get("template", {})
        source = template.get("spec", spec)
        return cls(
            xr=xr,
            replicas=spec["replicas"],
            labels=template.get("metadata", {}).get("labels", {}),
            source=source,
            selector=source.get("clusterSelector", {}).get("matchLabels", {}),
            cache=source.get("modelCacheRef", {}).get("name", ""),
            mode=source.get("serving", {}).get("mode", "Unified"),
            tolerations=tuple(_toleration(found) for found in source.get("tolerations", ())),
            engines=engines.read(source),
        )

    @property
    def needs(self) -> tuple[Need, ...]:
        """Return what the function asks Crossplane for."""
        if not self.cache:
            return clusters.EVERY, REPLICAS
        return clusters.EVERY, REPLICAS, caches.one(self.cache, self.xr.namespace)

    def tolerates(self, taint: Taint) -> bool:
        """Return whether replicas accept a taint."""
        return any(toleration.accepts(taint) for toleration in self.tolerations)


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache that a deployment serves from; `staged` are the clusters where it is ready."""

    selector: Mapping[str, str]
    staged: frozenset[str]


@dataclass(frozen=True)
class Site:
    """A cluster; most of a fleet is known by name only, so all else is read when it is asked for."""

    obj: Struct
    name: str

    @functools.cached_property
    def cluster(self) -> Cluster:
        """Return what the cluster says of itself."""
        return clusters.read(self.obj)

    @functools.cached_property
    def pools(self) -> tuple[Pool, ...]:
        """Return the pools that it publishes."""
        return pools.read(self.obj)


NO_CACHE = Cache({}, frozenset())


def cache(req: fnv1.RunFunctionRequest, deployment: Deployment) -> Cache | None:
    """Return the referenced cache, NO_CACHE where none is referenced, None where it is absent."""
    if not deployment.cache:
        return NO_CACHE
    found = inputs.objects(req, caches.one(deployment.cache, deployment.xr.namespace))
    if not found:
        return None
    staged = caches.staged(found[0]).values()
    return Cache(caches.selector(found[0]), frozenset(entry.cluster for entry in staged if entry.phase == caches.READY))


def sites(req: fnv1.RunFunctionRequest) -> tuple[dict[str, Site], tuple[str, ...]]:
    """Return the fleet by name, in order, and a line for each cluster that could not be read."""
    found, skipped = inputs.read_each(inputs.objects(req, clusters.EVERY), _site)
    return {site.name: site for site in found}, skipped


def _site(obj: Struct) -> Site:
    return Site(obj, meta.name(obj))


def _toleration(found: Manifest) -> Toleration:
    return Toleration(
        key=found.get("key", ""),
        operator=found.get("operator", "Equal"),
        value=found.get("value", ""),
        effect=found.get("effect", ""),
    )
