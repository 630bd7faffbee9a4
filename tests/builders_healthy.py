# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Healthy states: what each function sees once a fleet of clusters has answered all that it composed."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import builders
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest
from modelplane.runtime import Compose
from modelplane_cli import apis, functions
from modelplane_cli.objects import Ref, ref
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player

MAX_PASSES = 5
"""Crossplane's own limit on asking again with other requirements."""


@dataclass(frozen=True)
class State:
    """A request of a function that has come to rest."""

    function: str
    compose: Compose
    req: fnv1.RunFunctionRequest

    def answer(self, req: fnv1.RunFunctionRequest | None = None) -> fnv1.RunFunctionResponse:
        """Return what the function says to its own request, or to another."""
        return runtime.answer(self.compose, self.req if req is None else req)


@functools.cache
def composes() -> dict[str, Compose]:
    """Return every installed function by name, with its settings as they are by default."""
    return dict(functions.installed({}))


def played(*manifests: Manifest, limit: int = 60) -> Player:
    """Return a control plane and its fleet after the fleet answered until all is Ready; what has a status is data."""
    plane = Plane(apis.packaged(), composes())
    for manifest in manifests:
        plane.add(manifest, reconcile=not manifest.get("status"))
    player = Player(plane)
    player.play(limit)
    return player


def states(player: Player, *, managed: bool = True) -> Iterator[State]:
    """Yield the state of every composite resource that a function composes, by kind and name."""
    plane = player.plane
    for key in sorted(plane.composed):
        step = plane.apis[key.api_version, key.kind].steps[0].function
        yield State(step, plane.functions[step], request(plane, key, managed=managed))


def request(plane: Plane, xr: Ref, *, managed: bool = True) -> fnv1.RunFunctionRequest:
    """Return the request that Crossplane would send about an XR once its requirements are stable."""
    seen = {name: _shown(plane.objects[key], managed=managed) for name, key in plane.composed[xr].items()}
    req = builders.request(_shown(plane.objects[xr], managed=managed), observed=seen)
    compose = plane.functions[plane.apis[xr.api_version, xr.kind].steps[0].function]
    return resolved(compose, req, [_shown(obj, managed=managed) for obj in plane.objects.values()])


def resolved(compose: Compose, req: fnv1.RunFunctionRequest, world: Iterable[Manifest]) -> fnv1.RunFunctionRequest:
    """Return the request with all that the function asks for, found among the objects of a world."""
    objects = {ref(obj): obj for obj in world}
    asked: dict[str, fnv1.ResourceSelector] = {}
    for _ in range(MAX_PASSES):
        rsp = runtime.answer(compose, req)
        wanted = dict(rsp.requirements.resources)
        if wanted == asked:
            return req
        asked = wanted
        req.required_resources.clear()
        for need, selector in asked.items():
            req.required_resources[need].SetInParent()
            for obj in _found(objects, selector):
                paths.fill(req.required_resources[need].items.add().resource, obj)
    raise AssertionError(f"requirements are not stable after {MAX_PASSES} passes: {sorted(asked)}")


def _found(objects: dict[Ref, Manifest], selector: fnv1.ResourceSelector) -> list[Manifest]:
    if selector.HasField("match_name"):
        key = Ref(selector.api_version, selector.kind, selector.namespace, selector.match_name)
        return [objects[key]] if key in objects else []
    every = [key for key in objects if (key.api_version, key.kind) == (selector.api_version, selector.kind)]
    return [objects[key] for key in sorted(every) if selector.namespace in ("", key.namespace)]


def _shown(obj: Manifest, *, managed: bool) -> Manifest:
    return builders.managed(obj) if managed else obj
