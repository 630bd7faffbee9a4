# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A ModelReplica through its life: what its function answers, and what it sees after its cluster did as told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import builders
from compose_model_replica import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

TREE = "0123456789-abcdefabcdef"
NEXT_TREE = "0123456789-fedcbafedcba"
WORKLOADS = ("deployment", "leaderworkerset")

_STATUSES = {fnv1.STATUS_CONDITION_TRUE: "True", fnv1.STATUS_CONDITION_FALSE: "False"}

Objects = Mapping[str, Manifest]


@dataclass(frozen=True)
class Reply:
    """What the function answered, as plain data."""

    rsp: fnv1.RunFunctionResponse
    objects: dict[str, Manifest] = field(default_factory=dict)

    def remote(self, key: str) -> Manifest:
        """Return the manifest that an Object carries to the cluster; `key` may be its beginning."""
        return self.objects[self.key(key)]["spec"]["forProvider"]["manifest"]

    def key(self, start: str) -> str:
        """Return the one composed-resource key with this beginning."""
        (found,) = [key for key in self.objects if key.startswith(start)]
        return found

    def condition(self, typ: str) -> tuple[str, str]:
        """Return the status and the reason of a condition."""
        (found,) = [c for c in self.rsp.conditions if c.type == typ]
        return _STATUSES.get(found.status, "Unknown"), found.reason

    def message(self, typ: str) -> str:
        """Return the message of a condition."""
        return next(c.message for c in self.rsp.conditions if c.type == typ)

    @property
    def warnings(self) -> list[str]:
        """Return the messages of all warnings."""
        return [r.message for r in self.rsp.results if r.severity == fnv1.SEVERITY_WARNING]

    @property
    def ready(self) -> bool:
        """Return whether the replica is Ready."""
        return self.rsp.desired.composite.ready == fnv1.READY_TRUE

    @property
    def status(self) -> Manifest:
        """Return the status that is published."""
        return paths.manifest(paths.child(self.rsp.desired.composite.resource, "status"))

    def workload(self) -> Manifest:
        """Return the one Deployment or LeaderWorkerSet."""
        (key,) = [key for key in self.objects if key.startswith(WORKLOADS)]
        return self.remote(key)

    def pods(self) -> list[Manifest]:
        """Return the pod templates of the one workload: the only one, or the leader's and the worker's."""
        spec = self.workload()["spec"]
        gang = spec.get("leaderWorkerTemplate")
        return [gang["leaderTemplate"], gang["workerTemplate"]] if gang else [spec["template"]]


@dataclass(frozen=True)
class World:
    """All that Crossplane sends of the replica's surroundings; None is unresolved, an empty list is absent."""

    cluster: Sequence[Manifest] | None = (builders.cluster("a"),)
    cache: Sequence[Manifest] | None = ()

    def ask(self, xr: Manifest, observed: Objects | None = None) -> Reply:
        """Return what the function answers about a replica."""
        required = {"cluster": self.cluster}
        if "modelCacheRef" in xr["spec"]:
            required["cache"] = self.cache
        rsp = runtime.answer(fn.compose, builders.request(xr, observed=observed, required=required))
        return Reply(rsp, {key: paths.manifest(res.resource) for key, res in rsp.desired.resources.items()})


@dataclass(frozen=True)
class Life:
    """A replica as it is by now, and what is composed for it."""

    xr: Manifest
    observed: Objects

    def edited(self, **spec: object) -> "Life":
        """Return it with fields of its spec replaced; None removes one."""
        out = {**self.xr["spec"], **spec}
        return Life({**self.xr, "spec": {k: v for k, v in out.items() if v is not None}}, self.observed)

    def after(self, reply: Reply, *, rolled: bool = True) -> "Life":
        """Return it once Crossplane and the cluster did as told; not `rolled` are workloads whose old pods stay."""
        xr = {**self.xr, "status": {**reply.status, "conditions": _shown(reply)}}
        return Life(xr, {key: self._seen(key, obj, rolled=rolled) for key, obj in reply.objects.items()})

    def _seen(self, key: str, obj: Manifest, *, rolled: bool) -> Manifest:
        if obj["kind"] != "Object":
            return builders.observed(obj, key=key, owner=self.xr)
        given = obj["spec"]["forProvider"]["manifest"]
        late = not rolled and key.startswith(WORKLOADS)
        before = self.observed.get(key, {}).get("status", {}).get("atProvider", {}).get("manifest")
        return builders.observed(obj, key=key, owner=self.xr, ready=not late, remote=before if late else given)


def _shown(reply: Reply) -> list[Manifest]:
    own = [builders.condition(c.type, *reply.condition(c.type), message=c.message) for c in reply.rsp.conditions]
    return [*own, builders.condition("Ready", "True" if reply.ready else "False")]


def born(xr: Manifest) -> Life:
    """Return a replica for which nothing is composed yet."""
    return Life(xr, {})


def settled(world: World, life: Life, *, limit: int = 5) -> Life:
    """Return the replica once its function has nothing to add."""
    for _ in range(limit):
        reply = world.ask(life.xr, life.observed)
        after = life.after(reply)
        if after == life:
            return life
        life = after
    raise AssertionError(f"still moving after {limit} rounds")


def caches(name: str = "qwen", phase: str = "Ready", *, tree: str | None = TREE) -> list[Manifest]:
    """Return a ModelCache with one entry, for cluster a."""
    return [builders.cache(name, status={"clusters": [builders.staged("a", phase, tree=tree)]})]
