# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every Object that the cache composes. Clusters differ in few strings, so Objects are stamped from templates."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from google.protobuf.struct_pb2 import Struct
from modelplane import meta, names, paths, remote
from modelplane.clusters import Cluster
from modelplane.paths import Manifest
from modelplane.remote import Stamped

from compose_model_cache import access, job, keys, secret, volume
from compose_model_cache.inputs import Cache, Token, Users
from compose_model_cache.jobs import Plan, Wanted
from compose_model_cache.sites import Site
from compose_model_cache.staging import Staging

_OWNER = "modelcache"
_ANY = Cluster(
    obj=Struct(), name="any", labels={}, taints=(), ready=False, provider_config="any", gateway="", storage_class=""
)
"""Stands for every cluster in a template."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What is composed, and what may go."""

    resources: dict[str, Stamped]
    released: frozenset[str]


def compose(cache: Cache, stagings: tuple[Staging, ...], plan: Plan, *, token: Token, users: Users, image: str) -> Made:
    """Return the Objects of all clusters."""
    press = Press(cache, token=token, users=users, image=image)
    resources: dict[str, Stamped] = {}
    released: list[str] = []
    for one in stagings:
        made = press.objects(one, plan)
        resources |= made
        released += _released(one, made, plan)
    return Made(resources=resources, released=frozenset(released))


class Press:
    """Makes the Objects of one request; each template is built when it is first needed."""

    def __init__(self, cache: Cache, *, token: Token, users: Users, image: str) -> None:
        self.cache = cache
        self.token = token
        self.users = users
        self.image = image
        self._templates: dict[tuple[str, ...], Struct] = {}

    def objects(self, one: Staging, plan: Plan) -> dict[str, Stamped]:
        """Return what a matched cluster gets now, by key. What it got before and is not in here is kept."""
        site = one.site
        if site.role != "matched" or plan.nothing:
            return {}
        out = {keys.NAMESPACE: self._stamped(site, keys.NAMESPACE, self._template(self._namespace, keys.NAMESPACE))}
        if opened(site):
            out[keys.CLAIM] = self._claim(site)
            wanted = plan.jobs.get(site.name)
            if wanted is not None:
                out |= self._hydration(one, wanted)
        return {keys.key(site.name, what): obj for what, obj in out.items()}

    def _hydration(self, one: Staging, wanted: Wanted) -> dict[str, Stamped]:
        copied = keys.TOKEN + self.token.hash if self.token.hash else ""
        manifests = {
            keys.ACCOUNT: partial(access.account, self.cache),
            keys.ROLE: partial(access.role, self.cache, wanted.hash),
            keys.BINDING: partial(access.binding, self.cache),
        }
        if copied:
            manifests[copied] = partial(secret.copy, self.cache, self.token)
        out = {
            what: self._stamped(one.site, what, self._template(partial(self._wrapped, manifest), what, wanted.hash))
            for what, manifest in manifests.items()
        }
        if wanted.exists or not copied or copied in one.site.seen:
            out[wanted.key] = self._job(one, wanted)
        return out

    def _claim(self, site: Site) -> Stamped:
        """Return the claim as it is there, but as large as is wanted now; or a new one."""
        there = _manifest(site, keys.CLAIM, "PersistentVolumeClaim")
        if there is not None:
            template = self._template(partial(self._wrapped, dict, volume.BOUND), keys.CLAIM)
            return self._stamped(site, keys.CLAIM, template, volume.grown(there, self.cache.size_gib))
        manifest = partial(volume.claim, self.cache, site.storage_class)
        template = self._template(partial(self._wrapped, manifest, volume.BOUND), keys.CLAIM, site.storage_class)
        return self._stamped(site, keys.CLAIM, template)

    def _job(self, one: Staging, wanted: Wanted) -> Stamped:
        """Return the Job as it is there, which no new release and no moving replica restarts; or a new one."""
        there = _manifest(one.site, wanted.key, "Job")
        if there is not None:
            template = self._template(partial(self._wrapped, dict, job.COMPLETE), keys.JOB)
            return self._stamped(one.site, wanted.key, template, there)
        keep = sorted({one.entry.tree, *self.users.trees.get(one.site.name, ())} - {""})
        manifest = partial(job.job, self.cache, wanted, image=self.image, token=self.token, keep=keep)
        template = self._template(partial(self._wrapped, manifest, job.COMPLETE), wanted.key, *keep)
        return self._stamped(one.site, wanted.key, template)

    def _namespace(self) -> Manifest:
        return remote.namespace_object(self.cache.namespace, owner=(_OWNER, self.cache.name), cluster=_ANY)

    def _wrapped(self, build: Callable[[], Manifest], readiness: remote.Readiness = remote.CREATED) -> Manifest:
        return remote.wrap(build(), name="any", namespace=self.cache.namespace, cluster=_ANY, readiness=readiness)

    def _template(self, build: Callable[[], Manifest], *variant: str) -> Struct:
        """Return the Object for any cluster; `variant` is all that it depends on."""
        found = self._templates.get(variant)
        if found is None:
            found = self._templates[variant] = paths.struct(build())
        return found

    def _stamped(self, site: Site, what: str, template: Struct, manifest: Struct | None = None) -> Stamped:
        parts = (_OWNER, self.cache.name, site.name, *what.split("/"))
        name = names.child(*parts, limit=remote.NAME_LIMIT)
        return Stamped(template, name, site.name, site.provider_config, manifest)


def opened(site: Site) -> bool:
    """Return whether the namespace is there, or was when the first other Object was composed."""
    if len(site.seen) > 1:
        return True
    namespace = site.seen.get(keys.NAMESPACE)
    if namespace is None:
        return bool(site.seen)
    return meta.statuses(namespace).get("Ready") == "True" or bool(
        paths.text(remote.reported(namespace), "metadata", "uid")
    )


def _released(one: Staging, made: dict[str, Stamped], plan: Plan) -> list[str]:
    """Return the keys of a cluster that may go: all where it is given up, the hydration's once it has done its work."""
    site = one.site
    if site.role == "released":
        return [keys.key(site.name, what) for what in site.seen]
    wanted = plan.jobs.get(site.name)
    replaced = wanted is not None and keys.key(site.name, wanted.key) in made
    if not (one.ready or replaced):
        return []
    gone = (keys.key(site.name, what) for what in site.seen if keys.is_hydration(what))
    return [key for key in gone if key not in made]


def _manifest(site: Site, what: str, kind: str) -> Struct | None:
    """Return the manifest of an observed Object where it is of the kind that it should be."""
    obj = site.seen.get(what)
    found = remote.desired(obj) if obj is not None else None
    return found if found is not None and paths.text(found, "kind") == kind else None
