# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the stack that is wanted, and by which Secrets its cluster is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import access, labels, meta, names
from modelplane.composite import Composite
from modelplane.paths import Manifest
from models.ai.modelplane.infrastructure.servingstack import v1alpha1

HTTP = {"name": "http", "port": 80, "protocol": "HTTP"}
"""The listener of a gateway whose spec names none."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A ServingStack's spec; `cluster` is the InferenceCluster that it serves, or its own name."""

    xr: Composite
    cluster: str
    secrets: tuple[v1alpha1.Secret, ...]
    versions: Mapping[str, str] = field(hash=False)
    external: frozenset[str] = frozenset()
    driver_root: str = "/"
    gateway_class: str = ""
    listeners: tuple[Manifest, ...] = ()

    @property
    def config(self) -> str:
        """Return the name of the stack's own provider configurations."""
        return access.stack_config(self.xr.name)

    def name(self, *parts: str) -> str:
        """Return the name of one thing that the stack composes."""
        return names.child(self.xr.name, "stack", *parts)


def read(req: fnv1.RunFunctionRequest) -> Stack:
    """Read the XR; raise InvalidSpec naming the first bad field."""
    xr = Composite.read(req)
    spec = xr.spec(v1alpha1.Spec)
    gateway = spec.gateway or v1alpha1.Gateway()
    components = (spec.components or v1alpha1.Components()).model_dump(exclude_none=True)
    listeners = [listener.model_dump(exclude_none=True) for listener in gateway.listeners or ()]
    return Stack(
        xr=xr,
        cluster=meta.labels(xr.obj).get(labels.CLUSTER, xr.name),
        secrets=tuple(spec.secrets),
        versions=(spec.versions or v1alpha1.Versions()).model_dump(exclude_none=True),
        external=frozenset(key for key, how in components.items() if how == "External"),
        driver_root=spec.nvidiaDriverRoot or "/",
        gateway_class=gateway.className or "envoy",
        listeners=tuple(sorted(listeners, key=lambda each: each["name"])) or (HTTP,),
    )
