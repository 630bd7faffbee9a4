# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""In which order a cluster goes: what each guard blocks, played out as API server and providers would."""

from collections.abc import Iterator

import builders
import builders_clusters as clusters
import builders_infra as infra
import pytest
from modelplane import remote, usages
from modelplane.paths import Manifest
from modelplane_cli.objects import Objects, Ref, ref
from modelplane_cli.play import Player

SOURCES = {"GKE": clusters.hardware(), "EKS": clusters.amazons()}
CONFIGS = ("ProviderConfig", "ClusterProviderConfig")
every_source = pytest.mark.parametrize("source", SOURCES)


def _life(source: str, minutes: int = infra.MANY) -> Player:
    return infra.life(clusters.inference("a", source=source), SOURCES[source], minutes=minutes)


def _owned(player: Player, xr: Ref) -> Iterator[Ref]:
    """Yield an XR and all that it composed, directly or not."""
    yield xr
    for child in player.plane.composed.get(xr, {}).values():
        yield from _owned(player, child)


def _named(guard: Manifest, which: str) -> Ref:
    spec, namespace = guard["spec"][which], guard["metadata"].get("namespace", "")
    return Ref(spec["apiVersion"], spec["kind"], namespace, spec["resourceRef"]["name"])


def _blocks(guard: Manifest, key: Ref, objects: Objects) -> bool:
    """Return whether a guard refuses an object's deletion."""
    return _named(guard, "of") == key and ("by" not in guard["spec"] or _named(guard, "by") in objects)


def _is_refused(key: Ref, objects: Objects) -> bool:
    """Return whether an object stays: it is guarded, a guard itself and what it is `by` is there, or in use."""
    if key.kind in usages.KINDS:
        return "by" in objects[key]["spec"] and _named(objects[key], "by") in objects
    if key.kind in CONFIGS:
        return any(_uses(body, key) for body in objects.values())
    return any(_blocks(body, key, objects) for other, body in objects.items() if other.kind in usages.KINDS)


def _uses(body: Manifest, config: Ref) -> bool:
    """Return whether a provider counts an object as a user of its configuration, which stays as long."""
    named = body.get("spec", {}).get("providerConfigRef", {})
    of_provider = body["apiVersion"].partition("/")[0] == config.api_version.partition("/")[0]
    return of_provider and (named.get("kind"), named.get("name")) == (config.kind, config.name)


def _order(player: Player, xr: Ref) -> dict[Ref, int]:
    """Return in which round each object of an XR goes once the XR is deleted.

    An XR goes as soon as its deletion is accepted, and what it composed is asked to go then: seen on a real API server.
    """
    asked, objects, gone = [xr], dict(player.plane.objects), {}
    for number in range(30):
        accepted = [key for key in asked if key in objects and not _is_refused(key, objects)]
        asked += [child for key in accepted for child in player.plane.composed.get(key, {}).values()]
        for key in accepted:
            del objects[key]
            gone[key] = number
    left = sorted(key for key in _owned(player, xr) if key in objects)
    assert not left, f"never goes: {left}"
    return gone


def _xr(player: Player, kind: str) -> Ref:
    (found,) = (key for key in player.plane.composed if key.kind == kind)
    return found


def _of_kind(order: dict[Ref, int], kind: str, group: str = "", name: str = "") -> list[int]:
    return [
        number
        for key, number in order.items()
        if key.kind == kind and group in key.api_version.partition("/")[0] and name in key.name
    ]


@every_source
def test_what_runs_on_a_cluster_goes_first(source: str) -> None:
    """Gateway and class go before their controller, all that the stack installed before the cluster, and all goes."""
    player = _life(source)
    order = _order(player, _xr(player, "InferenceCluster"))
    gateways = _of_kind(order, "Object", name="stack-gateway")
    releases = _of_kind(order, "Release", name="stack-gateway-helm")
    installed = [*_of_kind(order, "Release"), *_of_kind(order, "Object", name="stack")]
    (made,) = _of_kind(order, f"{source}Cluster")
    in_cloud = [number for key, number in order.items() if ".m.upbound.io" in key.api_version]
    assert len(gateways) == 2
    assert max(gateways) < min(releases)
    assert max(installed) < made < min(in_cloud)


def test_amazons_control_plane_keeps_its_rights() -> None:
    """The cluster's role loses its policy only after the cluster is gone."""
    player = _life("EKS")
    order = _order(player, _xr(player, "InferenceCluster"))
    rights = _of_kind(order, "RolePolicyAttachment", name="policy-cluster")
    assert len(rights) == 1
    assert min(rights) > max(_of_kind(order, "Cluster", group="eks"))


@every_source
def test_nothing_is_deleted_through_a_dying_kubeconfig(source: str) -> None:
    """What an InferenceCluster itself put on its cluster goes with it; only the stack, which goes first, asks."""
    player = _life(source)
    composed = player.plane.composed[_xr(player, "InferenceCluster")]
    policies = [player.plane.objects[key]["spec"]["managementPolicies"] for key in composed.values() if _wraps(key)]
    assert len(policies) == 2
    assert not any({"Delete", "*"} & set(allowed) for allowed in policies)


def _wraps(key: Ref) -> bool:
    return (key.api_version, key.kind) == (remote.API_VERSION, remote.KIND)


@every_source
def test_a_cluster_goes_at_any_minute(source: str) -> None:
    """Whatever of it is there yet, the stack goes before the cluster and nothing waits for ever."""
    for minutes in range(20):
        player = _life(source, minutes)
        order = _order(player, _xr(player, "InferenceCluster"))
        (made,) = _of_kind(order, f"{source}Cluster")
        first = [
            *_of_kind(order, "ServingStack"),
            *_of_kind(order, "Release"),
            *_of_kind(order, "Object", name="stack"),
        ]
        assert all(number < made for number in first), minutes


@every_source
def test_what_is_used_does_not_go(source: str) -> None:
    """A class that a cluster has nodes of, and a cluster with a replica or a cache on it, are refused at once."""
    replica = builders.replica(cluster="a", ready=True)
    player = infra.life(clusters.inference("a", source=source), SOURCES[source], replica)
    objects = player.plane.objects
    for used in (_xr(player, "InferenceCluster"), ref(SOURCES[source])):
        refusing = [body for key, body in objects.items() if key.kind in usages.KINDS and _blocks(body, used, objects)]
        assert [body["kind"] for body in refusing] == ["ClusterUsage"], used


@every_source
def test_a_guard_says_why_and_waits_for_no_owner(source: str) -> None:
    """A guard with `by` would wait for ever for an XR that composed it; only what goes with it is waited for."""
    player = _life(source)
    for xr, composed in player.plane.composed.items():
        guards = [player.plane.objects[key] for key in composed.values() if key.kind in usages.KINDS]
        for guard in guards:
            assert guard["spec"]["reason"]
            if "by" in guard["spec"]:
                assert _named(guard, "by") in {*_owned(player, xr)} - {xr}
                assert guard["spec"]["replayDeletion"] is True, xr
            else:
                assert "replayDeletion" not in guard["spec"]
