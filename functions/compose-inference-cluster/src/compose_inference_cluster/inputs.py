# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the cluster that is wanted, the classes of its pools, and who uses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import caches, classes, clusters, inputs, labels, meta, paths
from modelplane.classes import HardwareClass
from modelplane.composite import Composite
from modelplane.errors import InvalidSpec
from modelplane.inputs import Need
from models.ai.modelplane.inferencecluster import v1alpha1

REPLICAS = Need(name="replicas", api_version="modelplane.ai/v1alpha1", kind="ModelReplica")
CACHES = Need(name="caches", api_version=caches.API_VERSION, kind=caches.KIND)
NEEDS = (classes.EVERY, REPLICAS, CACHES)


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool as its user wants it; without `most` its size is fixed."""

    name: str
    class_name: str
    count: int
    least: int | None
    most: int | None
    zones: tuple[str, ...]
    reservation: str = ""
    fabric: str = "None"

    @property
    def largest(self) -> int:
        """Return how many nodes the pool may come to have."""
        return self.count if self.most is None else self.most

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts for a cloud: a pool of a fixed size is fixed there, too."""
        least = self.count if self.most is None else self.least or 0
        return {"nodeCount": self.count, "minNodeCount": least, "maxNodeCount": self.largest}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An InferenceCluster's spec; `block` is what its source's own block says."""

    xr: Composite
    source: str
    block: Mapping[str, object] = field(hash=False)
    pools: tuple[Pool, ...]

    @property
    def storage_class(self) -> str:
        """Return the class for models: the one that the source's block names, else the one that we make, if any."""
        cache = self.block.get("cache")
        named = cache.get("storageClassName") if isinstance(cache, dict) else None
        return named if isinstance(named, str) and named else clusters.DEFAULT_STORAGE_CLASS.get(self.source, "")

    @property
    def makes_class(self) -> bool:
        """Return whether the class for models is the one that we make."""
        return self.storage_class == clusters.DEFAULT_STORAGE_CLASS.get(self.source)


def read(req: fnv1.RunFunctionRequest) -> Wanted:
    """Read the XR; raise InvalidSpec naming the first bad field."""
    xr = Composite.read(req)
    spec = xr.spec(v1alpha1.Spec)
    block = getattr(spec.cluster, spec.cluster.source.lower())
    pools = sorted((_pool(pool) for pool in spec.nodePools or ()), key=lambda pool: pool.name)
    if block is None:
        raise InvalidSpec(
            f"cannot read InferenceCluster {xr.name!r}: spec.cluster.{spec.cluster.source.lower()} is missing"
        )
    return Wanted(xr, spec.cluster.source, block.model_dump(exclude_none=True), tuple(pools))


def hardware(req: fnv1.RunFunctionRequest) -> tuple[dict[str, HardwareClass], tuple[str, ...]]:
    """Return the classes by name, and a line for each that could not be read."""
    found, skipped = inputs.read_each(inputs.objects(req, classes.EVERY), classes.read)
    return {each.name: each for each in found}, skipped


def in_use(req: fnv1.RunFunctionRequest, cluster: str) -> bool | None:
    """Return whether a replica or a cache names the cluster; None where one of them cannot be read."""
    replicas, staged = inputs.objects(req, REPLICAS), inputs.objects(req, CACHES)
    if any(_names(obj, cluster) for obj in replicas) or any(caches.staged_on(obj, cluster) for obj in staged):
        return True
    return None if any(not paths.text(obj, "spec", "clusterName") for obj in replicas) else False


def _names(replica: Struct, cluster: str) -> bool:
    return cluster in (paths.text(replica, "spec", "clusterName"), meta.labels(replica).get(labels.CLUSTER))


def _pool(pool: v1alpha1.NodePool) -> Pool:
    return Pool(
        name=pool.name,
        class_name=pool.className,
        count=pool.nodeCount if pool.nodeCount is not None else 1,
        least=pool.minNodeCount,
        most=pool.maxNodeCount,
        zones=tuple(sorted(pool.zones or ())),
        reservation=pool.capacityBlock.capacityReservationId if pool.capacityBlock else "",
        fabric=(pool.fabric.type if pool.fabric else "") or "None",
    )
