# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every object that any function composes, on its way and at rest: an API server takes it, and nobody else has it."""

import functools
from collections import defaultdict
from collections.abc import Iterator

import apiserver
import builders_worlds as worlds
import pytest
from builders_healthy import State
from modelplane import paths
from modelplane.paths import Manifest

SIZE = 2
TICKS = (*range(6), worlds.MANY)


@functools.cache
def _composed(ticks: int) -> list[tuple[State, str, Manifest]]:
    """Return what every function desires, with its composed-resource key."""
    return [
        (state, key, paths.manifest(resource.resource))
        for state in worlds.states(SIZE, ticks)
        for key, resource in sorted(state.answer().desired.resources.items())
    ]


def _whole(state: State, manifest: Manifest) -> Manifest:
    """Return a composed resource as Crossplane applies it: in the namespace of its XR, by a name in any case."""
    xr = paths.manifest(state.req.observed.composite.resource)["metadata"]
    given = {"namespace": xr["namespace"]} if "namespace" in xr else {}
    return {**manifest, "metadata": {"name": "generated", **given, **manifest.get("metadata", {})}}


@pytest.mark.parametrize("ticks", TICKS)
def test_an_api_server_takes_what_is_composed(ticks: int) -> None:
    """No unknown field, no name too long, no label or quantity that is none, and readiness that can be evaluated."""
    composed = _composed(ticks)
    assert composed
    for state, _key, manifest in composed:
        apiserver.validate(_whole(state, manifest))


def _identity(manifest: Manifest) -> tuple[str, str, str, str]:
    metadata, group = manifest["metadata"], manifest["apiVersion"].rpartition("/")[0]
    return group, manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _claims(ticks: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every object that an XR claims, on the control plane and on clusters, with who claims it."""
    for state, key, manifest in _composed(ticks):
        xr = paths.manifest(state.req.observed.composite.resource)
        owner = f"{xr['kind']} {xr['metadata']['name']}: {key}"
        if "name" in manifest.get("metadata", {}):
            yield ("control plane", *_identity(_whole(state, manifest))), owner
        carried = manifest.get("spec", {}).get("forProvider", {}).get("manifest")
        if carried and carried["kind"] != "Namespace" and not apiserver.is_only_observed(manifest):
            yield (manifest["spec"]["providerConfigRef"]["name"], *_identity(carried)), owner


@pytest.mark.parametrize("ticks", TICKS)
def test_no_object_has_two_owners(ticks: int) -> None:
    """Two XRs that write one object would fight over it; only a tenant's Namespace is shared."""
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for claimed, owner in _claims(ticks):
        owners[claimed].add(owner)
    assert {claimed: sorted(who) for claimed, who in owners.items() if len(who) > 1} == {}


def test_the_worlds_compose_every_kind_of_object() -> None:
    """A kind that no world composes would go unchecked."""
    carried = [m.get("spec", {}).get("forProvider", {}).get("manifest") for t in TICKS for _, _, m in _composed(t)]
    kinds = {manifest["kind"] for manifest in carried if manifest} | {
        m["kind"] for t in TICKS for _, _, m in _composed(t)
    }
    assert kinds >= {
        *("Namespace", "PersistentVolumeClaim", "Secret", "Job", "ServiceAccount", "Role", "RoleBinding"),
        *("Deployment", "LeaderWorkerSet", "Service", "HTTPRoute", "ResourceClaimTemplate"),
        *("Object", "Usage", "ModelReplica"),
    }


def test_published_statuses_are_declared() -> None:
    """Crossplane prunes a status field that the schema does not know, and the function would publish it for ever."""
    for ticks in TICKS:
        for state in worlds.states(SIZE, ticks):
            rsp = state.answer()
            xr = paths.manifest(state.req.observed.composite.resource)
            status = paths.manifest(rsp.desired.composite.resource).get("status", {})
            apiserver.validate({**xr, "status": status})
