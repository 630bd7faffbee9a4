# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the other functions read of an InferenceCluster, and the facts of clusters that several of them share."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct

from modelplane import meta, paths
from modelplane.inputs import Need

API_VERSION = "modelplane.ai/v1alpha1"
KIND = "InferenceCluster"

EVERY = Need(name="clusters", api_version=API_VERSION, kind=KIND)

INFERENCE_GATEWAY = "inference-gateway"
"""The Gateway of every workload cluster, in the platform's namespace there."""

DEFAULT_STORAGE_CLASS = {"GKE": "modelplane-rwx", "EKS": "modelplane-rwx-efs"}
"""The ReadWriteMany class that a source brings when nothing else is said."""


_NO_EXECUTE = "NoExecute"

SYSTEM_POOL = "system"
"""The pool that every cluster of a cloud has for what serves beside the models."""
SYSTEM_MACHINE = {"GKE": "e2-standard-4", "EKS": "m6i.xlarge"}
"""What its nodes are, unless its owner says another."""
SYSTEM_NODES = 3
"""How many it may grow to, or as many as the cluster has zones."""

EKS_LEAST_ZONES = 2
"""EKS puts its own network interfaces into two zones or more."""

KUBECONFIG = "Kubeconfig"
KUBECONFIG_KEY = "kubeconfig"
"""Where providers put a kubeconfig in a connection Secret."""
GOOGLE_CREDENTIALS = "GoogleApplicationCredentials"
GOOGLE_KEY = "private_key"
"""Where the provider puts a service account's key in a connection Secret."""


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a whole cluster; Kubernetes' semantics, one level up."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """One InferenceCluster as its neighbours see it; what it has not published is empty."""

    obj: Struct
    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    ready: bool
    provider_config: str
    gateway: str
    storage_class: str

    @property
    def evicts(self) -> bool:
        """Return whether a NoExecute taint is on the cluster."""
        return any(taint.effect == _NO_EXECUTE for taint in self.taints)


def one(name: str) -> Need:
    """Return the need of a single cluster by name."""
    return Need(name="cluster", api_version=API_VERSION, kind=KIND, match_name=name)


def read(obj: Struct) -> Cluster:
    """Read an InferenceCluster by path; raise Unreadable without a name."""
    return Cluster(
        obj=obj,
        name=meta.name(obj),
        labels=meta.labels(obj),
        taints=_taints(obj),
        ready=meta.statuses(obj).get("Ready") == "True",
        provider_config=provider_config(obj),
        gateway=paths.text(obj, "status", "gateway", "address"),
        storage_class=storage_class(obj),
    )


def provider_config(obj: Struct) -> str:
    """Return the name of the provider config by which a cluster is reached, empty until it is published."""
    return paths.text(obj, "status", "providerConfigRef", "name")


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether labels hold every wanted one; nothing wanted matches all."""
    return all(labels.get(key) == value for key, value in wanted.items())


def elsewhere(zones: Iterable[str], region: str) -> list[str]:
    """Return the zones that are not in a region of Amazon's."""
    return sorted(zone for zone in zones if not re.fullmatch(rf"{re.escape(region)}[a-z]", zone))


def evicts(obj: Struct) -> bool:
    """Return whether a NoExecute taint is on an InferenceCluster."""
    return any(paths.text(taint, "effect") == _NO_EXECUTE for taint in paths.children(obj, "spec", "taints"))


def storage_class(obj: Struct) -> str:
    """Return the ReadWriteMany class of an InferenceCluster: published, else given, else its source's default."""
    published = paths.text(obj, "status", "cache", "storageClassName")
    if published:
        return published
    spec = paths.child(obj, "spec", "cluster")
    source = paths.text(spec, "source")
    return paths.text(spec, source.lower(), "cache", "storageClassName") or DEFAULT_STORAGE_CLASS.get(source, "")


def _taints(obj: Struct) -> tuple[Taint, ...]:
    found = paths.children(obj, "spec", "taints")
    return tuple(Taint(paths.text(t, "key"), paths.text(t, "value"), paths.text(t, "effect")) for t in found)
