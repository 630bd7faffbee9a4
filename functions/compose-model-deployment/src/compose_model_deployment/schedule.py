# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The schedule of one deployment, a pure function of what is observed: retain first, then fill."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from compose_model_deployment import fill, offers, overcommit, retain
from compose_model_deployment.candidates import Refusal
from compose_model_deployment.census import Replica
from compose_model_deployment.fill import Desk, New
from compose_model_deployment.ledger import Ledger
from compose_model_deployment.offers import Offers
from compose_model_deployment.retain import Held, Kept
from compose_model_deployment.view import View


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who stays, who is new, who goes; where there is no room for all, how many clusters are refused for what."""

    kept: tuple[Kept, ...] = ()
    new: tuple[New, ...] = ()
    released: frozenset[str] = frozenset()
    refusals: Mapping[Refusal, int] | None = None

    @property
    def placed(self) -> int:
        """Return the number of replicas that have a place."""
        return len(self.kept) + len(self.new)

    @property
    def held(self) -> Mapping[Held, list[str]]:
        """Return the names of the replicas that stay as they are, by reason."""
        found: dict[Held, list[str]] = {}
        for one in self.kept:
            if one.held is not None:
                found.setdefault(one.held, []).append(one.replica.name or one.replica.key)
        return found


def frozen(view: View) -> Schedule:
    """Return the schedule of a deployment that cannot be placed: replicas stay as they are, or go."""
    stays, released = _remaining(view)
    return Schedule(kept=tuple(Kept(replica) for replica in stays), released=released)


def scheduled(view: View) -> Schedule:
    """Return the schedule of a deployment; a stray replica goes as soon as there is a place for it elsewhere."""
    stays, released = _remaining(view)
    ledger = Ledger(view.sites, view.census.others)
    offered = Offers(offers.ask(engine) for engine in view.deployment.engines)
    kept = retain.kept(stays, view, offered=offered, ledger=ledger)
    strays = [one for one in kept if one.stray]
    missing = max(0, view.deployment.replicas - len(kept))
    if not missing and not strays:
        return Schedule(kept=kept, released=released)
    load = Counter(one.replica.cluster for one in kept if not one.stray)
    filled = fill.filled(Desk(view, offered, ledger, load), missing + len(strays))
    moved = {one.replica.key for one in strays[: max(0, len(filled.places) - missing)]}
    return Schedule(
        kept=tuple(one for one in kept if one.replica.key not in moved),
        new=filled.places,
        released=released | moved,
        refusals=filled.refusals,
    )


def _remaining(view: View) -> tuple[tuple[Replica, ...], frozenset[str]]:
    """Return the replicas that remain, and the keys of those that go at once."""
    gone = retain.evicted(view) | overcommit.yielding(view)
    left = [replica for replica in view.census.own if replica.key not in gone]
    gone |= retain.surplus(left, view)
    return tuple(replica for replica in left if replica.key not in gone), gone
