# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the replica, its cluster, how far its cache is there."""

import functools
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import caches, clusters, engines, inputs, labels, meta, paths
from modelplane.caches import Staged
from modelplane.composite import Composite
from modelplane.engines import Engine
from modelplane.errors import InvalidSpec
from modelplane.inputs import Need
from models.ai.modelplane.modelreplica import v1alpha1

_MEMBERS = (["Standalone"], ["Leader", "Worker"])


@dataclass(frozen=True, slots=True)
class Spec:
    """A replica's spec; `cache` is empty where none is referenced."""

    cluster: str
    cache: str
    read_only: bool
    mode: str
    engines: tuple[Engine, ...]


@dataclass(frozen=True, slots=True)
class Replica:
    """One ModelReplica; `raw` are its spec's bytes, which stand for the spec in caches."""

    xr: Composite
    raw: bytes
    spec: Spec
    deployment: str
    cache: str
    tree: str
    ever_ready: bool

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Replica":
        """Read the replica, and what it published: which tree of which cache its pods mount, whether it ever served."""
        xr = Composite.read(req)
        raw = paths.child(xr.obj, "spec").SerializeToString(deterministic=True)
        return cls(
            xr=xr,
            raw=raw,
            spec=spec(raw, xr.name),
            deployment=paths.text(xr.obj, "metadata", "labels", labels.DEPLOYMENT),
            cache=paths.text(xr.obj, "status", "cache", "name"),
            tree=paths.text(xr.obj, "status", "cache", "tree"),
            ever_ready=paths.flag(xr.obj, "status", "everReady"),
        )

    @property
    def needs(self) -> tuple[Need, ...]:
        """Return what the function asks Crossplane for."""
        cluster = clusters.one(self.spec.cluster)
        if not self.spec.cache:
            return (cluster,)
        return cluster, caches.one(self.spec.cache, self.xr.namespace)


@functools.lru_cache(maxsize=256)
def spec(raw: bytes, name: str) -> Spec:
    """Return a spec from its bytes; raise InvalidSpec naming the first bad field of the replica of that name."""
    obj = Struct()
    obj.fields["kind"].string_value = "ModelReplica"
    obj.fields["spec"].struct_value.ParseFromString(raw)
    model = Composite(obj, name, "", "").spec(v1alpha1.Spec)
    source = model.model_dump(exclude_none=True)
    read = engines.read(source)
    _check(read, name)
    ref = source.get("modelCacheRef", {})
    return Spec(
        cluster=source["clusterName"],
        cache=ref.get("name", ""),
        read_only=ref.get("readOnly", False),
        mode=source.get("serving", {}).get("mode", "Unified"),
        engines=read,
    )


def cluster_of(req: fnv1.RunFunctionRequest, replica: Replica) -> tuple[Struct | None, tuple[str, ...]]:
    """Return the replica's cluster, None where it is absent or could not be read, and a line where it could not."""
    found, skipped = inputs.read_each(inputs.objects(req, clusters.one(replica.spec.cluster)), _named)
    return (found[0] if found else None), skipped


def cached(req: fnv1.RunFunctionRequest, replica: Replica) -> tuple[bool, Staged | None]:
    """Return whether the replica's cache is there, and how far it is on the replica's cluster."""
    if not replica.spec.cache:
        return False, None
    found = inputs.objects(req, caches.one(replica.spec.cache, replica.xr.namespace))
    if not found:
        return False, None
    return True, caches.staged_on(found[0], replica.spec.cluster)


def _named(obj: Struct) -> Struct:
    """Return the object; raise Unreadable where it has no name."""
    meta.name(obj)
    return obj


def _check(read: tuple[Engine, ...], name: str) -> None:
    """Refuse what the schema's rules refuse, so that backends may rely on it."""
    if not read:
        raise InvalidSpec(f"cannot read ModelReplica {name!r}: spec needs workers or engines")
    for engine in read:
        if sorted(member.role for member in engine.members) not in _MEMBERS:
            raise InvalidSpec(
                f"cannot read ModelReplica {name!r}: spec.engines[{engine.name}].members must be one Standalone, "
                "or one Leader and one Worker"
            )
