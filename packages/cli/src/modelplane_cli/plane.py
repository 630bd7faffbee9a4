# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A small control plane in memory: runs every XR's functions and materialises what they desire, to a fixed point."""

from dataclasses import dataclass, field

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import paths
from modelplane.paths import Manifest

from modelplane_cli import materialise, pipeline, structure
from modelplane_cli.apis import Api, Apis
from modelplane_cli.errors import CannotSettle
from modelplane_cli.functions import Functions
from modelplane_cli.objects import COMPOSITE_LABEL, Objects, Ref, created, ref, selected, stamp
from modelplane_cli.pipeline import Result

MAX_ROUNDS = 40


@dataclass(frozen=True)
class Told:
    """A result of a function, and the XR that it is about."""

    about: Ref
    result: Result


@dataclass
class Plane:
    """The objects of a control plane, who composed them, and what functions told.

    An object of a kind with a Composition is an XR, unless it was added as data. A function answers the same input
    alike, so an XR is run again only when something changed since it was `seen`.
    """

    apis: Apis
    functions: Functions
    objects: Objects = field(default_factory=dict)
    composed: dict[Ref, dict[str, Ref]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    step: int = 0
    seen: dict[Ref, Objects] = field(default_factory=dict)
    structs: dict[Ref, tuple[Manifest, Struct]] = field(default_factory=dict)

    def add(self, body: Manifest, *, reconcile: bool = True) -> Ref:
        """Create an object with its schema's defaults; `reconcile` runs its functions, if its kind has any."""
        key = ref(body)
        api = self.apis.get((key.api_version, key.kind))
        if api is not None:
            body = structure.defaulted(body, api.schema)
        self.objects[key] = created(body, step=self.step)
        if reconcile and api is not None and api.steps:
            labels = {COMPOSITE_LABEL: key.name, **self.objects[key]["metadata"].get("labels", {})}
            self.objects[key]["metadata"]["labels"] = labels
            self.composed.setdefault(key, {})
        return key

    def adopt(self, owner: Ref, resource_name: str, body: Manifest) -> None:
        """Add an object as one that an XR composed before."""
        mine = materialise.rendered(body, self.objects[owner], name=resource_name)
        self.composed[owner][resource_name] = self.add(mine)

    def owner(self, reference: Manifest | None, namespace: str) -> Ref | None:
        """Return the XR that a controller reference names, the first without a reference, None if it is not here."""
        for xr in sorted(self.composed):
            named = reference is None or (xr.kind, xr.name) == (reference.get("kind"), reference.get("name"))
            if named and xr.namespace in ("", namespace):
                return xr
        return None

    def store(self, key: Ref, body: Manifest) -> None:
        """Keep an object; one that is equal to what is there changes nothing, so that comparing is cheap."""
        if self.objects.get(key) != body:
            self.objects[key] = body

    def settle(self) -> None:
        """Run every XR until nothing changes any more."""
        for _ in range(MAX_ROUNDS):
            if True not in {self._reconcile(xr) for xr in sorted(self.composed)}:
                return
        moving = [str(xr) for xr in sorted(self.composed) if self._reconcile(xr)]
        raise CannotSettle(f"cannot settle: {', '.join(moving)} still changes after {MAX_ROUNDS} rounds; this is a bug")

    def _reconcile(self, xr: Ref) -> bool:
        """Run one XR's functions; return whether anything changed."""
        if xr not in self.composed or self.seen.get(xr) == self.objects:
            return False
        before = self.seen[xr] = dict(self.objects)
        api = self.apis[xr.api_version, xr.kind]
        outcome = pipeline.run(self._observed(xr), api.steps, functions=self.functions, fetch=self._fetch)
        self.told.extend(Told(xr, result) for result in outcome.results)
        if outcome.fatal:
            self.store(xr, materialise.failed(self.objects[xr], outcome, now=stamp(self.step)))
        else:
            self._apply(xr, outcome.desired)
            self.store(xr, materialise.reported(self.objects[xr], outcome, now=stamp(self.step)))
            self._check(self.objects[xr], api)
        return before != self.objects

    def _observed(self, xr: Ref) -> fnv1.State:
        state = fnv1.State()
        state.composite.resource.CopyFrom(self._struct(xr))
        for name, key in sorted(self.composed[xr].items()):
            state.resources[name].resource.CopyFrom(self._struct(key))
        return state

    def _struct(self, key: Ref) -> Struct:
        """Return an object as a Struct, made once for as long as it stays the same."""
        known = self.structs.get(key)
        if known is None or known[0] is not self.objects[key]:
            known = self.structs[key] = (self.objects[key], paths.struct(self.objects[key]))
        return known[1]

    def _fetch(self, selector: fnv1.ResourceSelector) -> list[Struct]:
        if selector.HasField("match_name"):
            key = Ref(selector.api_version, selector.kind, selector.namespace, selector.match_name)
            return [self._struct(key)] if key in self.objects else []
        labels = selector.match_labels.labels
        found = selected(
            self.objects,
            api_version=selector.api_version,
            kind=selector.kind,
            namespace=selector.namespace,
            labels=labels,
        )
        return [self._struct(key) for key in found]

    def _apply(self, xr: Ref, desired: fnv1.State) -> None:
        """Delete what is composed and no longer desired, create and update what is."""
        mine = self.composed[xr]
        for name in [name for name in mine if name not in desired.resources]:
            self._delete(mine.pop(name))
        for name, resource in sorted(desired.resources.items()):
            body = materialise.rendered(paths.manifest(resource.resource), self.objects[xr], name=name)
            if name in mine:
                body = materialise.renamed(body, mine[name])
            self._put(xr, name, body)

    def _put(self, xr: Ref, name: str, body: Manifest) -> None:
        key = ref(body)
        owner = materialise.controller(self.objects.get(key, {}))
        if owner and owner != self.objects[xr]["metadata"]["uid"]:
            raise CannotSettle(f"{xr} cannot compose {key} as {name!r}: another XR composes it; this is a bug")
        api = self.apis.get((key.api_version, key.kind))
        if api is not None:
            self._check(body, api)
            body = structure.defaulted(body, api.schema)
            if api.steps:
                self.composed.setdefault(key, {})
        self.composed[xr][name] = key
        self.store(key, materialise.updated(self.objects.get(key), body, step=self.step))

    def _delete(self, key: Ref) -> None:
        """Delete an object and what it composed."""
        for composed in self.composed.pop(key, {}).values():
            self._delete(composed)
        self.objects.pop(key, None)

    def _check(self, body: Manifest, api: Api) -> None:
        field_path = structure.undeclared(body, api.schema)
        if field_path:
            raise CannotSettle(f"cannot apply {ref(body)}: {field_path} is not declared in its schema; this is a bug")
