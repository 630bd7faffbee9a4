# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Seating the engines of one replica on the pools of one cluster: a whole engine goes on one pool."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compose_model_deployment import assignment
from compose_model_deployment.assignment import Option
from compose_model_deployment.offers import Offer


@dataclass(frozen=True, slots=True)
class Seat:
    """An engine on a pool."""

    pool: str
    offer: Offer


Seats = tuple[Seat, ...]
"""One for each engine of the deployment, in its order."""


def taken(seats: Iterable[Seat]) -> dict[str, int]:
    """Return the nodes that seats take, by the name of the pool."""
    nodes: dict[str, int] = {}
    for seat in seats:
        nodes[seat.pool] = nodes.get(seat.pool, 0) + seat.offer.nodes
    return nodes


def best(offers: Sequence[Mapping[str, Offer]], free: Mapping[str, int]) -> Seats | None:
    """Return the seats that leave the fewest devices idle, then the fewest nodes free; None where there is no room."""
    ranked = [sorted(found.items(), key=lambda o: (o[1].idle, free.get(o[0], 0), o[0])) for found in offers]
    options = [[Option(pool, offer.nodes) for pool, offer in found] for found in ranked]
    chosen = assignment.assigned(options, free)
    if chosen is None:
        return None
    return tuple(Seat(*found[number]) for found, number in zip(ranked, chosen, strict=True))
