# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a pool offers to an engine: which device serves each request, and what that costs in nodes."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from modelplane import names, pools
from modelplane.engines import DeviceRequest, Engine
from modelplane.pools import Device, Pool

from compose_model_deployment import assignment, cel
from compose_model_deployment.assignment import Option

Claims = tuple[DeviceRequest, ...]
"""What each pod of a member claims; requests on synthetic devices are matched and not among them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What an engine asks of a pool: for each member its number of pods, and what each of them requests."""

    copies: int
    members: tuple[tuple[int, tuple[DeviceRequest, ...]], ...]

    @property
    def digest(self) -> str:
        """Return a hash of the requests, which are what decides whether a pool fits."""
        return names.digest(*(part for _, requests in self.members for part in _parts(requests)))


@dataclass(frozen=True, slots=True)
class Offer:
    """An engine on a pool: the claims of each member, the nodes that it takes, the devices that it leaves idle."""

    claims: tuple[Claims, ...]
    nodes: int
    idle: int = 0


def ask(engine: Engine) -> Ask:
    """Return what an engine asks of a pool."""
    return Ask(engine.copies, tuple((member.nodes, member.devices) for member in engine.members))


class Offers:
    """What pools offer to the engines of one deployment, decided once for each distinct list of pools."""

    def __init__(self, asks: Iterable[Ask]) -> None:
        self._asks = tuple(asks)
        self._found: dict[int, tuple[tuple[Pool, ...], tuple[Mapping[str, Offer], ...]]] = {}

    def of(self, found: tuple[Pool, ...]) -> tuple[Mapping[str, Offer], ...]:
        """Return for each engine its offers by the name of the pool."""
        known = self._found.get(id(found))
        if known is None:
            offers = tuple(dict(_by_pool(wanted, found)) for wanted in self._asks)
            known = self._found[id(found)] = (found, offers)
        return known[1]


def _by_pool(wanted: Ask, found: tuple[Pool, ...]) -> Iterable[tuple[str, Offer]]:
    for pool in found:
        made = offer(wanted, pool.devices)
        if made is not None:
            yield pool.name, made


@functools.lru_cache(maxsize=4096)
def offer(wanted: Ask, devices: tuple[Device, ...]) -> Offer | None:
    """Return what nodes with these devices offer, None where they do not have what is asked, or nothing to claim."""
    claims: list[Claims] = []
    nodes = idle = 0
    for pods, requests in wanted.members:
        matched = _matched(requests, devices)
        if matched is None:
            return None
        taken = [(r, d) for r, d in zip(requests, matched, strict=True) if d.claim != pools.SYNTHETIC]
        claims.append(tuple(_claim(request, device) for request, device in taken))
        if taken:
            nodes += pods * wanted.copies
            idle += pods * wanted.copies * _idle(taken)
    return Offer(tuple(claims), nodes, idle) if nodes else None


def _matched(requests: tuple[DeviceRequest, ...], devices: tuple[Device, ...]) -> tuple[Device, ...] | None:
    """Return the device for each request; the count of a device on a node bounds what is taken of it."""
    options = [[device for device in devices if _serves(device, request)] for request in requests]
    if not all(options):
        return None
    sizes = [
        [Option(device.name, 0 if device.claim == pools.SYNTHETIC else request.count) for device in found]
        for request, found in zip(requests, options, strict=True)
    ]
    chosen = assignment.assigned(sizes, {device.name: device.count for device in devices})
    if chosen is None:
        return None
    return tuple(found[number] for found, number in zip(options, chosen, strict=True))


def _serves(device: Device, request: DeviceRequest) -> bool:
    if device.count < request.count or not _claimable(device):
        return False
    return all(cel.holds(selector, device) for selector in request.selectors)


def _claimable(device: Device) -> bool:
    """Return whether the cluster says how the device is claimed; a synthetic one needs no saying."""
    if device.claim == pools.EXTENDED_RESOURCE:
        return bool(device.extended_resource)
    return device.claim == pools.SYNTHETIC or bool(device.device_class)


def _claim(request: DeviceRequest, device: Device) -> DeviceRequest:
    if device.claim == pools.EXTENDED_RESOURCE:
        return replace(request, device_class="", extended_resource=device.extended_resource)
    return replace(request, device_class=device.device_class, extended_resource="")


def _idle(taken: list[tuple[DeviceRequest, Device]]) -> int:
    used: dict[str, int] = {}
    for request, device in taken:
        used[device.name] = used.get(device.name, 0) + request.count
    return sum({device.name: device.count - used[device.name] for _, device in taken}.values())


def _parts(requests: tuple[DeviceRequest, ...]) -> Iterable[str]:
    yield str(len(requests))
    for request in requests:
        yield from (request.name, str(request.count), str(len(request.selectors)), *request.selectors)
