# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Placing new replicas: a heap of the clusters that have room, best first."""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from compose_model_deployment import candidates, seats
from compose_model_deployment.candidates import Refusal
from compose_model_deployment.inputs import Site
from compose_model_deployment.ledger import Ledger
from compose_model_deployment.offers import Offers
from compose_model_deployment.seats import Seats
from compose_model_deployment.view import View


@dataclass(frozen=True, slots=True)
class New:
    """A place for a replica that does not exist yet."""

    cluster: str
    index: int
    seats: Seats


@dataclass(frozen=True, slots=True)
class Filled:
    """The new places; where they are fewer than wanted, how many clusters are refused for what."""

    places: tuple[New, ...] = ()
    refusals: Mapping[Refusal, int] | None = None


class _Entry(NamedTuple):
    """A cluster with room: fewest replicas of the deployment, cache staged, fewest idle devices, least room, name."""

    load: int
    unstaged: bool
    idle: int
    room: int
    cluster: str
    seats: Seats


@dataclass(frozen=True, slots=True)
class Desk:
    """What filling keeps book of; `load` counts the deployment's replicas by cluster."""

    view: View
    offers: Offers
    ledger: Ledger
    load: Counter[str]


def filled(desk: Desk, wanted: int) -> Filled:
    """Return places for as many replicas as wanted, or as there is room for, and charge the ledger for them."""
    heap: list[_Entry] = []
    refusals: Counter[Refusal] = Counter()
    for site in desk.view.sites.values():
        refusal = candidates.closed(site, desk.view)
        entry = _entry(desk, site) if refusal is None else None
        if entry is not None:
            heap.append(entry)
        else:
            refusals[refusal or candidates.cramped(site, desk.offers.of(site.pools))] += 1
    heapq.heapify(heap)
    places = _places(desk, heap, wanted)
    if len(places) == wanted:
        return Filled(places)
    refusals["full"] += len({place.cluster for place in places})
    return Filled(places, refusals)


def _places(desk: Desk, heap: list[_Entry], wanted: int) -> tuple[New, ...]:
    places: list[New] = []
    indices: dict[str, set[int]] = {}
    while heap and len(places) < wanted:
        found = heapq.heappop(heap)
        used = indices.setdefault(found.cluster, desk.view.census.taken(found.cluster))
        index = next(number for number in range(len(used) + 1) if number not in used)
        used.add(index)
        places.append(New(found.cluster, index, found.seats))
        desk.load[found.cluster] += 1
        desk.ledger.charge(found.cluster, seats.taken(found.seats))
        entry = _entry(desk, desk.view.sites[found.cluster])
        if entry is not None:
            heapq.heappush(heap, entry)
    return tuple(places)


def _entry(desk: Desk, site: Site) -> _Entry | None:
    free = desk.ledger.free(site.name)
    found = seats.best(desk.offers.of(site.pools), free)
    if found is None:
        return None
    return _Entry(
        load=desk.load[site.name],
        unstaged=site.name not in desk.view.cache.staged,
        idle=sum(seat.offer.idle for seat in found),
        room=sum(free[seat.pool] - seat.offer.nodes for seat in found),
        cluster=site.name,
        seats=found,
    )
