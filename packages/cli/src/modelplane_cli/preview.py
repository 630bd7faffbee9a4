# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""From documents to a control plane: what is applied, what is only there to be read, what was composed before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from modelplane import clusters
from modelplane.paths import Manifest

from modelplane_cli import shapes
from modelplane_cli.apis import Api, Apis
from modelplane_cli.errors import BadInput
from modelplane_cli.functions import Functions
from modelplane_cli.load import Document
from modelplane_cli.objects import RESOURCE_NAME, Ref, ref, value_at
from modelplane_cli.plane import Plane

DEFAULT_NAMESPACE = "default"

_OURS = clusters.API_VERSION.partition("/")[0]
_NAMESPACED = frozenset({"ConfigMap", "Secret"})


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The documents of a preview.

    manifests  what the user applies; a cluster among them that has a status belongs to the fleet
    fleet      InferenceClusters and their classes, as they are; a cluster without a status is made first
    required   anything else that functions may ask for
    observed   what the XRs composed before, as it is
    """

    manifests: Sequence[Document]
    fleet: Sequence[Document] = ()
    required: Sequence[Document] = ()
    observed: Sequence[Document] = field(default=())


def plane(inputs: Inputs, apis: Apis, functions: Functions) -> Plane:
    """Return a control plane that holds all inputs, its functions not yet run; raise BadInput."""
    out = Plane(apis, functions)
    _refuse_twice((*inputs.manifests, *inputs.fleet, *inputs.required), apis)
    for doc in inputs.required:
        out.add(applied(doc, apis), reconcile=False)
    for doc in inputs.manifests:
        out.add(applied(doc, apis), reconcile=not _is_there(doc.body))
    given = bool(out.composed)
    for doc in inputs.fleet:
        out.add(applied(doc, apis), reconcile=doc.body["kind"] == clusters.KIND and not _is_there(doc.body))
    if not given:
        kinds = ", ".join(sorted(api.kind for api in apis.values() if api.steps))
        where = ", ".join(sorted({doc.path for doc in inputs.manifests})) or "nothing"
        raise BadInput(f"cannot find anything to compose in {where}: give a manifest of {kinds}")
    for doc in sorted(inputs.observed, key=lambda doc: (doc.body["apiVersion"], doc.body["kind"]) not in apis):
        _adopt(out, doc)
    return out


def applied(doc: Document, apis: Apis) -> Manifest:
    """Return a document's object as kubectl would apply it: of a known kind, with a name, in a namespace."""
    api = _api(doc, apis)
    fault = shapes.misshapen(doc.body)
    if fault:
        path, wanted = fault
        where = f"{doc.path}:{doc.line_of(*path)}"
        raise BadInput(f"{where}: {doc.body['kind']}: {'.'.join(map(str, path))} must be {wanted}")
    metadata = doc.body.get("metadata") or {}
    if not metadata.get("name"):
        raise BadInput(f"{doc.where}: cannot apply a {doc.body['kind']} without metadata.name; add it")
    namespaced = api.namespaced if api else doc.body["kind"] in _NAMESPACED
    if namespaced and not metadata.get("namespace"):
        metadata = {**metadata, "namespace": DEFAULT_NAMESPACE}
    if api and not namespaced:
        metadata = {key: value for key, value in metadata.items() if key != "namespace"}
    return {**doc.body, "metadata": metadata}


def _api(doc: Document, apis: Apis) -> Api | None:
    api_version, kind = doc.body["apiVersion"], doc.body["kind"]
    found = apis.get((api_version, kind))
    if found is None and api_version.partition("/")[0].rpartition(_OURS)[1]:
        known = sorted(f"{k} ({v})" for v, k in apis)
        line = doc.line_of("kind")
        raise BadInput(
            f"{doc.path}:{line}: cannot apply kind {kind!r} of {api_version}: it is none of {', '.join(known)}"
        )
    return found


def _refuse_twice(docs: Iterable[Document], apis: Apis) -> None:
    seen: dict[Ref, Document] = {}
    for doc in docs:
        key = ref(applied(doc, apis))
        if key in seen:
            raise BadInput(f"{doc.where}: cannot apply {key} twice: it is at {seen[key].where}, too; remove one")
        seen[key] = doc


def _is_there(body: Manifest) -> bool:
    """Return whether a manifest shows a cluster that is there already."""
    return body["kind"] == clusters.KIND and bool(body.get("status"))


def _adopt(out: Plane, doc: Document) -> None:
    """Add an observed composed resource to the XR that its controller reference names, or to the only one there is."""
    name = value_at(doc.body, "metadata", "annotations", RESOURCE_NAME)
    if not isinstance(name, str) or not name:
        raise BadInput(f"{doc.where}: cannot observe a resource without the annotation {RESOURCE_NAME}; add it")
    body = applied(doc, out.apis)
    owners = [o for o in value_at(body, "metadata", "ownerReferences") or [] if o.get("controller")]
    if not owners and len(out.composed) > 1:
        raise BadInput(f"{doc.where}: cannot tell which XR composed {ref(body)}; add metadata.ownerReferences")
    owner = out.owner(owners[0] if owners else None, ref(body).namespace)
    if owner is None:
        raise BadInput(
            f"{doc.where}: cannot find {owners[0].get('kind')} {owners[0].get('name')!r}, the owner of {ref(body)}; "
            "give its manifest, too"
        )
    out.adopt(owner, name, body)
