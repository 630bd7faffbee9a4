# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A cluster's life in a cloud: what a control plane holds after some minutes of the providers' answers."""

from collections.abc import Iterator

import builders_healthy
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.paths import Manifest
from modelplane_cli.objects import Ref, condition
from modelplane_cli.play import Player

MANY = 60

_OWN = ("name", "namespace", "labels", "annotations")


def life(*manifests: Manifest, minutes: int = MANY) -> Player:
    """Return the control plane that holds the manifests, after some minutes or when all is Ready."""
    return builders_healthy.played(*manifests, limit=minutes)


def composed(player: Player, kind: str = "") -> dict[str, Manifest]:
    """Return everything that XRs of a kind, or all of them, composed: by composed-resource key."""
    found = {xr: keys for xr, keys in player.plane.composed.items() if kind in ("", xr.kind)}
    return {key: player.plane.objects[at] for keys in found.values() for key, at in sorted(keys.items())}


def desired(player: Player) -> Iterator[Manifest]:
    """Yield everything composed as it would be applied, without what servers and providers add."""
    for body in composed(player).values():
        metadata = {key: value for key, value in body["metadata"].items() if key in _OWN}
        yield {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def xr(player: Player, kind: str) -> Manifest:
    """Return the one XR of a kind."""
    (found,) = (key for key in player.plane.composed if key.kind == kind)
    return player.plane.objects[found]


def told(player: Player, kind: str, typ: str) -> tuple[str, str]:
    """Return reason and message of a condition of the one XR of a kind."""
    found = condition(xr(player, kind), typ)
    return found.get("reason", ""), found.get("message", "")


def request(player: Player, kind: str) -> fnv1.RunFunctionRequest:
    """Return the request that Crossplane would send about the one XR of a kind."""
    (found,) = (key for key in player.plane.composed if key.kind == kind)
    return builders_healthy.request(player.plane, Ref(found.api_version, found.kind, found.namespace, found.name))
