# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Playing the fleet's part: what the providers and the workload clusters would answer, one step at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelplane import clusters, labels, remote, usages
from modelplane.paths import Manifest

from modelplane_cli import clouds, fleet, materialise, provider
from modelplane_cli.answers import ANSWERS
from modelplane_cli.fleet import Answer, Cluster
from modelplane_cli.objects import Ref, is_ready, ref, stamp, value_at
from modelplane_cli.plane import Plane

MAX_STEPS = 200
PACES = 3
"""Clusters take turns in being fast, slower and slowest, so that a preview shows the states between."""

_GUARDS = ("Usage", "ClusterUsage")


_SYSTEM = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}


@dataclass(frozen=True)
class Applied:
    """The remote object that an Object stands for, and whether it goes with it."""

    cluster: Cluster
    there: Ref
    deletes: bool


@dataclass
class Player:
    """A control plane, its workload clusters by provider config, and which Object stands for which remote object.

    `answers` are what the clusters' controllers make of their objects.
    """

    plane: Plane
    clusters: dict[str, Cluster] = field(default_factory=dict)
    applied: dict[Ref, Applied] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=lambda: ANSWERS)

    def start(self) -> None:
        """Run the functions on what the user applied."""
        self.plane.settle()

    def tick(self) -> bool:
        """Let one step of the clock pass; return whether anything changed. A step without a change does not count."""
        before = dict(self.plane.objects)
        self.plane.step += 1
        for cluster in {cluster.name: cluster for cluster in self.clusters.values()}.values():
            fleet.advance(cluster, self.answers)
        for key in sorted(self.plane.objects):
            self._answer(key)
        self._forget()
        self.plane.settle()
        changed = before != self.plane.objects
        self.plane.step -= not changed
        return changed

    def play(self, limit: int = MAX_STEPS) -> int:
        """Play until all is Ready, nothing changes or the limit is reached; return the steps that it took."""
        self.start()
        while self.plane.step < limit and not self.ready() and self.tick():
            pass
        return self.plane.step

    def ready(self) -> bool:
        """Return whether every XR is Ready."""
        return all(is_ready(self.plane.objects[xr]) for xr in self.plane.composed)

    def _answer(self, key: Ref) -> None:
        obj = self.plane.objects[key]
        if (key.api_version, key.kind) == (remote.API_VERSION, remote.KIND):
            self.plane.store(key, self._applied(key, obj))
        elif key.kind in _GUARDS and key.api_version == usages.API_VERSION:
            self.plane.store(key, _available(obj, now=stamp(self.plane.step)))
        elif clouds.answers(key):
            self.plane.store(key, clouds.managed_resource(obj, step=self.plane.step))

    def _applied(self, key: Ref, obj: Manifest) -> Manifest:
        """Apply an Object's manifest to its cluster and read it back."""
        now = stamp(self.plane.step)
        manifest, cluster = obj["spec"]["forProvider"]["manifest"], self._cluster(obj)
        there = ref(manifest)
        if there.kind == "StorageClass" and not _may("Create", obj):
            cluster.apply(manifest, step=0)  # an admin made what a cluster of theirs is said to have
        refusal = cluster.refuses(manifest, may_create=_may("Create", obj))
        if refusal:
            return provider.refused(obj, refusal, now=now)
        if _may("Update", obj) or there not in cluster.objects:
            cluster.apply(manifest, step=self.plane.step)
        self.applied[key] = Applied(cluster, there, deletes=_may("Delete", obj))
        return provider.synced(obj, cluster.objects[there], now=now)

    def _cluster(self, obj: Manifest) -> Cluster:
        config = obj["spec"]["providerConfigRef"]["name"]
        if config not in self.clusters:
            name = value_at(obj, "metadata", "labels", labels.CLUSTER) or config
            known = next((each for each in self.clusters.values() if each.name == name), None)
            self.clusters[config] = known or Cluster(name, self._pace(name))
            self.clusters[config].apply(_SYSTEM, step=0)
        return self.clusters[config]

    def _pace(self, name: str) -> int:
        names = sorted(key.name for key in self.plane.objects if key.kind == clusters.KIND)
        return 1 + (names.index(name) if name in names else 0) % PACES

    def _forget(self) -> None:
        """Delete from the clusters what no Object stands for any more."""
        for key in [key for key in self.applied if key not in self.plane.objects]:
            gone = self.applied.pop(key)
            shared = any(a.cluster is gone.cluster and a.there == gone.there for a in self.applied.values())
            if gone.deletes and not shared:
                gone.cluster.objects.pop(gone.there, None)


def _may(action: str, obj: Manifest) -> bool:
    """Return whether an Object's management policies allow an action."""
    policies = obj["spec"].get("managementPolicies", ["*"])
    return "*" in policies or action in policies


def _available(obj: Manifest, *, now: str) -> Manifest:
    wanted = [{"type": "Ready", "status": "True", "reason": "Available"}]
    observed = value_at(obj, "status", "conditions") or []
    return {**obj, "status": {**obj.get("status", {}), "conditions": materialise.conditions(observed, wanted, now=now)}}
