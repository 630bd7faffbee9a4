# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Managed resources of cloud providers: their shape, and in which order they may come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct

from modelplane import labels, meta, names, paths, readiness
from modelplane.composite import Composite
from modelplane.paths import Manifest

EXTERNAL_NAME = "crossplane.io/external-name"
"""The annotation that holds a managed resource's name in its cloud."""


@dataclass(frozen=True)
class Part:
    """A managed resource of a cluster, and the keys of those that must be ready before it is first composed."""

    body: Manifest | Struct
    after: tuple[str, ...] = ()

    def made(self) -> "Part":
        """Return the part with its body ready to be sent, for those that many replies have alike."""
        return self if isinstance(self.body, Struct) else Part(paths.struct(self.body), self.after)


@dataclass(frozen=True)
class Cloud:
    """By whom, and with which credentials, the managed resources of a cluster are composed."""

    xr: Composite
    config: Mapping[str, str] = field(hash=False)

    def name(self, part: str, *, limit: int) -> str:
        """Return the name of a part in its cloud: unlike that of a cluster of the same name elsewhere."""
        return names.child(self.xr.name, part, names.digest(self.xr.uid, length=5), limit=limit)

    def resource(
        self,
        kind: str,
        part: str,
        for_provider: Manifest,
        *,
        limit: int = names.LABEL_LIMIT,
        first: Manifest | None = None,
        secret: str = "",
    ) -> Manifest:
        """Return a managed resource; `kind` is apiVersion and kind, `first` is only said at its creation.

        `secret` is where its connection details go.
        """
        api_version, _, short = kind.partition(" ")
        metadata = {"name": self.name(part, limit=limit), "namespace": self.xr.namespace, "labels": {labels.PART: part}}
        spec: Manifest = {"forProvider": for_provider, "providerConfigRef": dict(self.config)}
        spec |= {"initProvider": first} if first else {}
        spec |= {"writeConnectionSecretToRef": {"name": secret}} if secret else {}
        return {"apiVersion": api_version, "kind": short, "metadata": metadata, "spec": spec}


def sibling(part: str) -> Manifest:
    """Return the selector of the managed resource that the same XR composes as a part."""
    return {"matchControllerRef": True, "matchLabels": {labels.PART: part}}


def due(req: fnv1.RunFunctionRequest, parts: Mapping[str, Part]) -> dict[str, Manifest | Struct]:
    """Return the parts that may be composed by now: all that they follow is ready, or they are there already."""
    return {
        key: part.body
        for key, part in parts.items()
        if key in req.observed.resources or all(ready(req, before) for before in part.after)
    }


def ready(req: fnv1.RunFunctionRequest, key: str) -> bool:
    """Return whether a composed resource is observed and ready."""
    obj = observed(req, key)
    return obj is not None and readiness.ready(obj, meta.statuses(obj))


def observed(req: fnv1.RunFunctionRequest, key: str) -> Struct | None:
    """Return an observed composed resource, or None."""
    return req.observed.resources[key].resource if key in req.observed.resources else None


def external_name(obj: Struct | None) -> str:
    """Return a managed resource's name in its cloud, empty until it is known."""
    return "" if obj is None else meta.annotation(obj, EXTERNAL_NAME)
