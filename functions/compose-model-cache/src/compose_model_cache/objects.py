# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every Object that the cache composes. Clusters differ in few strings, so Objects are stamped from templates."""

from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct
from modelplane import meta, names, paths, remote
from modelplane.clusters import Cluster
from modelplane.composed import Body
from modelplane.paths import Manifest

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

    resources: dict[str, Body]
    released: frozenset[str]


def compose(cache: Cache, stagings: tuple[Staging, ...], plan: Plan, *, token: Token, users: Users, image: str) -> Made:
    """Return the Objects of all clusters."""
    press = Press(cache, token=token, users=users, image=image)
    resources: dict[str, Body] = {}
    released: list[str] = []
    for one in stagings:
        made = press.objects(one, plan)
        resources.update(made)
        released += _released(one, made, plan)
    return Made(resources=resources, released=frozenset(released))


class Press:
    """Makes the Objects of one request; templates that differ are built when they are first needed."""

    def __init__(self, cache: Cache, *, token: Token, users: Users, image: str) -> None:
        self.cache = cache
        self.token = token
        self.users = users
        self.image = image
        self._namespace = paths.struct(
            remote.namespace_object(cache.namespace, owner=(_OWNER, cache.name), cluster=_ANY)
        )
        self._claim_there = self._template({}, volume.BOUND)
        self._job_there = self._template({}, job.COMPLETE)
        self._claims: dict[str, Struct] = {}
        self._jobs: dict[tuple[str, tuple[str, ...]], Struct] = {}
        self._access: dict[str, dict[str, Struct]] = {}

    def objects(self, one: Staging, plan: Plan) -> dict[str, Body]:
        """Return what a matched cluster gets now, by key. What it got before and is not in here is kept."""
        site = one.site
        if site.role != "matched" or plan.nothing:
            return {}
        out = {keys.NAMESPACE: self._stamped(site, keys.NAMESPACE, self._namespace)}
        if opened(site):
            out[keys.CLAIM] = self._claim(site)
            wanted = plan.jobs.get(site.name)
            if wanted is not None:
                out |= self._hydration(one, wanted)
        return {keys.key(site.name, what): obj for what, obj in out.items()}

    def _hydration(self, one: Staging, wanted: Wanted) -> dict[str, Body]:
        around = self._around(wanted.hash)
        out = {what: self._stamped(one.site, what, template) for what, template in around.items()}
        copied = keys.TOKEN + self.token.hash if self.token.hash else ""
        if wanted.exists or not copied or copied in one.site.seen:
            out[wanted.key] = self._job(one, wanted)
        return out

    def _around(self, job: str) -> dict[str, Struct]:
        """Return the templates of what a Job needs, by what they are."""
        found = self._access.get(job)
        if found is None:
            found = {
                keys.ACCOUNT: self._template(access.account(self.cache)),
                keys.ROLE: self._template(access.role(self.cache, job)),
                keys.BINDING: self._template(access.binding(self.cache)),
            }
            if self.token.hash:
                found[keys.TOKEN + self.token.hash] = self._template(secret.copy(self.cache, self.token))
            self._access[job] = found
        return found

    def _claim(self, site: Site) -> Body:
        """Return the claim as it is there, but as large as is wanted now; or a new one."""
        there = _manifest(site, keys.CLAIM, "PersistentVolumeClaim")
        if there is not None:
            return self._stamped(site, keys.CLAIM, self._claim_there, volume.grown(there, self.cache.size_gib))
        template = self._claims.get(site.storage_class)
        if template is None:
            template = self._template(volume.claim(self.cache, site.storage_class), volume.BOUND)
            self._claims[site.storage_class] = template
        return self._stamped(site, keys.CLAIM, template)

    def _job(self, one: Staging, wanted: Wanted) -> Body:
        """Return the Job as it is there, which no new release and no moving replica restarts; or a new one."""
        there = _manifest(one.site, wanted.key, "Job")
        if there is not None:
            return self._stamped(one.site, wanted.key, self._job_there, there)
        keep = tuple(sorted({one.entry.tree, *self.users.trees.get(one.site.name, ())} - {""}))
        template = self._jobs.get((wanted.hash, keep))
        if template is None:
            manifest = job.job(self.cache, wanted, image=self.image, token=self.token, keep=keep)
            template = self._jobs[wanted.hash, keep] = self._template(manifest, job.COMPLETE)
        return self._stamped(one.site, wanted.key, template)

    def _template(self, manifest: Manifest, readiness: remote.Readiness = remote.CREATED) -> Struct:
        """Return the Object for any cluster."""
        wrapped = remote.wrap(manifest, name="any", namespace=self.cache.namespace, cluster=_ANY, readiness=readiness)
        return paths.struct(wrapped)

    def _stamped(self, site: Site, what: str, template: Struct, manifest: Struct | None = None) -> Body:
        name = names.child(_OWNER, self.cache.name, site.name, *what.split("/"), limit=remote.NAME_LIMIT)
        return remote.stamped(
            template, name=name, cluster=site.name, provider_config=site.provider_config, manifest=manifest
        )


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


def _released(one: Staging, made: dict[str, Body], plan: Plan) -> list[str]:
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
