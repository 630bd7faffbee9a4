# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""All Objects of a replica on its cluster."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from google.protobuf.struct_pb2 import Struct
from modelplane import labels, names, paths, remote
from modelplane.backends import llmd, native
from modelplane.backends.base import Mount
from modelplane.backends.pods import Place
from modelplane.clusters import Cluster
from modelplane.engines import Engine
from modelplane.paths import Manifest

from compose_model_replica import claims, inputs, route
from compose_model_replica.claims import Offer, Template
from compose_model_replica.observed import Pods

NAMESPACE = "namespace"
SERVICE = "service"
ROUTE = "route"

_OWNER = "ModelReplica"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that the Objects of a replica are made of; `raw` are the bytes of its spec."""

    name: str
    namespace: str
    deployment: str
    cluster: str
    provider_config: str
    raw: bytes
    offer: Offer
    mount: Mount | None


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves: Objects by composed-resource key, and of each workload's key the pods that it is to have."""

    objects: Mapping[str, Struct]
    pods: Mapping[str, Pods]
    mount: Mount | None


@functools.lru_cache(maxsize=256)
def namespace(site: Site) -> Struct:
    """Return the Object of the replica's namespace on its cluster."""
    cluster = _cluster(site)
    return paths.struct(remote.namespace_object(site.namespace, owner=(site.name, _OWNER), cluster=cluster))


@functools.lru_cache(maxsize=128)
def serving(site: Site) -> Serving:
    """Return the workload of each engine with its claims, and the way to them."""
    objects: dict[str, Struct] = {}
    pods: dict[str, Pods] = {}
    for engine in inputs.spec(site.raw, site.name).engines:
        templates = dict(_templates(site, engine))
        backend = (llmd if engine.gang else native).BACKEND
        key = f"{backend.key}-{engine.name}"
        by_role = {role: found.name for role, found in templates.items()}
        manifest = backend.workload(_resolved(site, engine), _place(site, engine, templates=by_role))
        objects |= {t.key: _object(site, t.key, manifest=_claim(site, t)) for t in templates.values()}
        objects[key] = _object(site, key, manifest=manifest, readiness=backend.readiness)
        pods[key] = Pods(site.mount, frozenset(by_role.values()))
    metadata = _metadata(site, names.child(site.name, site.namespace))
    objects[SERVICE] = _object(site, SERVICE, manifest=route.service(metadata, site.name))
    objects[ROUTE] = _object(site, ROUTE, manifest=route.http_route(metadata, site.name, namespace=site.namespace))
    return Serving(objects, pods, site.mount)


def _templates(site: Site, engine: Engine) -> Iterator[tuple[str, Template]]:
    for member in _resolved(site, engine).members:
        found = claims.template(member, engine.name, site.name, site.namespace)
        if found is not None:
            yield member.role, found


def _resolved(site: Site, engine: Engine) -> Engine:
    return replace(engine, members=tuple(claims.resolved(member, site.offer) for member in engine.members))


def _place(site: Site, engine: Engine, *, templates: Mapping[str, str]) -> Place:
    return Place(
        workload=names.child(site.name, engine.name, site.namespace, limit=names.WORKLOAD_LIMIT),
        namespace=remote.remote_namespace(site.namespace),
        replica=site.name,
        metadata=_labels(site),
        mount=site.mount,
        claims=templates,
    )


def _claim(site: Site, template: Template) -> Manifest:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": _metadata(site, template.name),
        "spec": template.spec,
    }


def _metadata(site: Site, name: str) -> Manifest:
    return {"name": name, "namespace": remote.remote_namespace(site.namespace), "labels": _labels(site)}


def _labels(site: Site) -> dict[str, str]:
    own = {labels.REPLICA: site.name}
    return {**own, labels.DEPLOYMENT: site.deployment} if site.deployment else own


def _object(site: Site, key: str, *, manifest: Manifest, readiness: remote.Readiness = remote.CREATED) -> Struct:
    name = names.child(site.name, key, _OWNER, limit=remote.NAME_LIMIT)
    wrapped = remote.wrap(manifest, name=name, namespace=site.namespace, cluster=_cluster(site), readiness=readiness)
    return paths.struct(wrapped)


def _cluster(site: Site) -> Cluster:
    """Return the little of the replica's cluster that an Object carries."""
    return Cluster(
        obj=Struct(),
        name=site.cluster,
        labels={},
        taints=(),
        ready=True,
        provider_config=site.provider_config,
        gateway="",
        storage_class="",
    )
