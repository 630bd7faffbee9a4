# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A control plane of two small kinds of the tests' own: a Box composes an Item and a claim, an Item nothing."""

from collections.abc import Callable, Mapping

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import clusters, paths, remote
from modelplane.composed import Composed
from modelplane.inputs import Need
from modelplane.paths import Manifest
from modelplane_cli import apis
from modelplane_cli.apis import Apis
from modelplane_cli.objects import Ref
from modelplane_cli.plane import Plane

GROUP = "tests.example.com"
VERSION = f"{GROUP}/v1"
NAMESPACE = "ml-team"

BOX = Ref(VERSION, "Box", NAMESPACE, "box")
ITEM = Ref(VERSION, "Item", NAMESPACE, "item")

_CLUSTER = clusters.read(paths.struct({"metadata": {"name": "alpha"}, "status": {"providerConfigRef": {"name": "pc"}}}))


def xrd(kind: str, spec: Manifest, status: Manifest, *, scope: str = "Namespaced") -> Manifest:
    """Return the XRD of a kind whose spec and status have the given properties."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": spec},
            "status": {"type": "object", "properties": status},
        },
    }
    version = {"name": "v1", "served": True, "referenceable": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": f"{kind.lower()}s"}
    body = {"group": GROUP, "scope": scope, "names": names, "versions": [version]}
    return {"kind": "CompositeResourceDefinition", "spec": body}


def composition(kind: str, *functions: str) -> Manifest:
    """Return the Composition of a kind with one step for each function."""
    steps = [{"step": f"run-{name}", "functionRef": {"name": name}} for name in functions]
    return {
        "kind": "Composition",
        "spec": {"compositeTypeRef": {"apiVersion": VERSION, "kind": kind}, "pipeline": steps},
    }


def known(*manifests: Manifest) -> Apis:
    """Return the two kinds, with a Composition each, and whatever else is given."""
    size = {"size": {"type": "integer", "default": 3}, "note": {"type": "string"}}
    return apis.read(
        [
            xrd("Box", size, {"seen": {"type": "integer"}}),
            xrd("Item", size, {"seen": {"type": "integer"}}),
            composition("Box", "box"),
            composition("Item", "item"),
            *manifests,
        ]
    )


def xr(kind: str = "Box", name: str = "", **spec: object) -> Manifest:
    """Return an XR of one of the kinds, named as its kind unless told otherwise."""
    metadata = {"name": name or kind.lower(), "namespace": NAMESPACE}
    return {"apiVersion": VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def claim_object(query: str = 'object.status.phase == "Bound"', **claim: object) -> Manifest:
    """Return the Object of a claim on cluster alpha, ready by a query."""
    spec = {"resources": {"requests": {"storage": "4Gi"}}, "accessModes": ["ReadWriteMany"], **claim}
    manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim", "namespace": "kube-system"},
        "spec": spec,
    }
    name = "claim-object"
    return remote.wrap(manifest, name=name, namespace=NAMESPACE, cluster=_CLUSTER, readiness=remote.cel(query))


def answering(resources: Mapping[str, Manifest], **rest: object) -> Callable[[fnv1.RunFunctionRequest], Composed]:
    """Return a function that always desires the same resources, and is ready when they are."""

    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        return Composed(resources=resources, ready=True, **rest)  # ty: ignore[invalid-argument-type]  any field of Composed

    return compose


Answers = list[Mapping[str, Manifest]]
"""What a function desires, call by call."""


def latest(answers: Answers) -> Callable[[fnv1.RunFunctionRequest], Composed]:
    """Return a function that desires whatever the list ends with when it is called."""

    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        return Composed(resources=answers[-1], ready=True)

    return compose


def box(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose an Item of the same size and a claim; the status tells the size."""
    size = paths.whole(req.observed.composite.resource, "spec", "size")
    return Composed(
        resources={"item": xr("Item", size=size), "claim": claim_object()},
        status={"seen": size},
        ready=True,
    )


def item(_req: fnv1.RunFunctionRequest) -> Composed:
    """Compose nothing and be ready."""
    return Composed(ready=True, empty_ok=True)


def plane(*bodies: Manifest, **functions: Callable[[fnv1.RunFunctionRequest], Composed]) -> Plane:
    """Return a control plane with the given XRs, a Box unless told otherwise; functions by name replace ours."""
    out = Plane(known(), {"box": box, "item": item, **functions})
    for body in bodies or (xr(),):
        out.add(body)
    return out


def need(name: str, *, kind: str = "ConfigMap", match_name: str = "") -> Need:
    """Return a need of a namespaced object."""
    return Need(name=name, api_version="v1", kind=kind, match_name=match_name, namespace=NAMESPACE)
