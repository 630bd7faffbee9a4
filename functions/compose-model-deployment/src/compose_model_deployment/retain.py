# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which of its replicas a deployment keeps, and where their engines sit now.

A replica keeps its cluster, whatever its health, its labels or the selectors say. It goes when it is scaled down, under
an untolerated NoExecute taint, and when it yields; it moves, once there is another place, when its cluster is deleted
or its pool no longer fits the device selectors, which were edited since.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from modelplane.engines import Engine

from compose_model_deployment import offers, seats
from compose_model_deployment.census import Replica, Seated
from compose_model_deployment.ledger import Ledger
from compose_model_deployment.offers import Offer, Offers
from compose_model_deployment.seats import Seat, Seats
from compose_model_deployment.view import View

Held = Literal["unreadable", "gone", "unknown", "misfit", "full"]

SAYS: dict[Held, str] = {
    "gone": "the cluster of {} is deleted",
    "misfit": "the device selectors no longer fit the pool of {}",
    "full": "the cluster has no room for what {} should become",
    "unknown": "the cluster publishes no pools for what {} should become",
    "unreadable": "metadata.name or spec.clusterName is not set in {}",
}
"""What a message says of replicas that stay as they are."""


_NOWHERE = Seated("", {}, "")


@dataclass(frozen=True, slots=True)
class Kept:
    """A replica that stays: with seats it becomes what the deployment says, else it stays as it is, for a reason."""

    replica: Replica
    seats: Seats | None = None
    held: Held | None = None

    @property
    def stray(self) -> bool:
        """Return whether it goes once there is a place for it elsewhere."""
        return self.held in ("gone", "misfit")


def evicted(view: View) -> frozenset[str]:
    """Return the keys of the replicas on clusters whose NoExecute taints the deployment does not tolerate."""
    return frozenset(replica.key for replica in view.census.own if view.repels(replica.cluster, "NoExecute"))


def surplus(replicas: Iterable[Replica], view: View) -> frozenset[str]:
    """Return the keys of the replicas to scale down: lost ones, then not ready ones, then from the fullest cluster."""
    left = {replica.key: replica for replica in replicas}
    load = Counter(replica.cluster for replica in left.values())
    gone: set[str] = set()
    while len(left) > view.deployment.replicas:
        last = max(left.values(), key=lambda r: (*_dispensable(r, view), load[r.cluster], r.index, r.cluster, r.key))
        load[last.cluster] -= 1
        gone.add(left.pop(last.key).key)
    return frozenset(gone)


def kept(replicas: Iterable[Replica], view: View, *, offered: Offers, ledger: Ledger) -> tuple[Kept, ...]:
    """Return the replicas that stay, each with its seats, and charge the ledger for them."""
    found = list(replicas)
    for replica in found:
        ledger.charge(replica.cluster, ledger.on(replica.cluster, replica.costs))
    return tuple(_kept(replica, view, offered=offered, ledger=ledger) for replica in found)


def _dispensable(replica: Replica, view: View) -> tuple[bool, bool, bool]:
    """Return what makes a replica go first: a list that is behind may still show one that was released before."""
    gone = view.complete and replica.cluster not in view.sites
    return not replica.composed, replica.leaving or gone, not replica.ready


def _kept(replica: Replica, view: View, *, offered: Offers, ledger: Ledger) -> Kept:
    site = view.sites.get(replica.cluster)
    if not replica.name or not replica.cluster:
        return Kept(replica, held="unreadable")
    if site is None and view.complete:
        return Kept(replica, held="gone")
    pools = site.pools if site is not None else ()
    pairs = [(engine, replica.engines.get(engine.name, _NOWHERE)) for engine in view.deployment.engines]
    found = offered.of(pools)
    staying = [_stays(engine, seated, offers) for (engine, seated), offers in zip(pairs, found, strict=True)]
    if None in staying and not pools:
        return Kept(replica, held="unknown")
    before = ledger.on(replica.cluster, replica.costs)
    ledger.credit(replica.cluster, before)
    seated = _seated(staying, found, free=ledger.free(replica.cluster))
    ledger.charge(replica.cluster, seats.taken(seated) if seated is not None else before)
    if seated is not None:
        return Kept(replica, seated)
    misfit = any(seat is None and _edited(*pair) for pair, seat in zip(pairs, staying, strict=True))
    return Kept(replica, held="misfit" if misfit else "full")


def _stays(engine: Engine, seated: Seated, found: Mapping[str, Offer]) -> Seat | None:
    """Return the seat that an engine keeps: its pool fits, or its device requests are as they were."""
    if seated.pool in found:
        return Seat(seated.pool, found[seated.pool])
    return Seat(seated.pool, _as_claimed(engine, seated)) if seated.pool and not _edited(engine, seated) else None


def _edited(engine: Engine, seated: Seated) -> bool:
    """Return whether the device requests differ from those that the pool was chosen for.

    A replica without our annotation shows only those that are claimed, not those of synthetic devices.
    """
    if not seated.pool:
        return False
    if seated.digest:
        return seated.digest != offers.ask(engine).digest
    for member in engine.members:
        wanted = {request.name: (request.count, request.selectors) for request in member.devices}
        claims = seated.claims.get(member.role, ())
        if any(wanted.get(claim.name) != (claim.count, claim.selectors) for claim in claims):
            return True
    return False


def _as_claimed(engine: Engine, seated: Seated) -> Offer:
    claims = tuple(seated.claims.get(member.role, ()) for member in engine.members)
    pods = sum(member.nodes for member, claimed in zip(engine.members, claims, strict=True) if claimed)
    return Offer(claims, pods * engine.copies)


def _whole(staying: Iterable[Seat | None]) -> Seats:
    return tuple(seat for seat in staying if seat is not None)


def _seated(
    staying: list[Seat | None], offered: tuple[Mapping[str, Offer], ...], *, free: Mapping[str, int]
) -> Seats | None:
    """Return the seats that stay, and the best free ones for the engines that have none."""
    if None not in staying:
        return _whole(staying)
    left = dict(free)
    for pool, nodes in seats.taken(_whole(staying)).items():
        left[pool] = left.get(pool, 0) - nodes
    missing = [number for number, seat in enumerate(staying) if seat is None]
    found = seats.best([offered[number] for number in missing], left)
    if found is None:
        return None
    new = dict(zip(missing, found, strict=True))
    return tuple(seat if seat is not None else new[number] for number, seat in enumerate(staying))
