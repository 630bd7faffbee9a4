# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The schedule of one deployment, a pure function of what is observed: retain first, then fill."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from compose_model_deployment import census, fill, offers, overcommit, retain
from compose_model_deployment.candidates import Refusal
from compose_model_deployment.census import Census, Replica
from compose_model_deployment.fill import Fleet, New
from compose_model_deployment.inputs import Cache, Deployment, Site
from compose_model_deployment.ledger import Ledger
from compose_model_deployment.retain import Held, Kept


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


def frozen(found: Census, deployment: Deployment, sites: Mapping[str, Site]) -> Schedule:
    """Return the schedule of a deployment that cannot be placed: replicas stay as they are, or go."""
    stays, released = _remaining(found, deployment, sites)
    return Schedule(kept=tuple(Kept(replica) for replica in stays), released=released)


def scheduled(found: Census, deployment: Deployment, sites: Mapping[str, Site], cache: Cache) -> Schedule:
    """Return the schedule of a deployment; a stray replica goes as soon as there is a place for it elsewhere."""
    stays, released = _remaining(found, deployment, sites)
    ledger = Ledger(sites, found.others)
    known = offers.Offers(offers.ask(engine) for engine in deployment.engines)
    kept = retain.kept(stays, deployment, sites, known, ledger)
    strays = [one for one in kept if one.stray]
    missing = max(0, deployment.replicas - len(kept))
    if not missing and not strays:
        return Schedule(kept=kept, released=released)
    fleet = Fleet(
        deployment=deployment,
        cache=cache,
        sites=sites,
        offers=known,
        ledger=ledger,
        load=Counter(one.replica.cluster for one in kept if not one.stray),
        taken=lambda cluster: census.taken(deployment, found, cluster),
    )
    filled = fill.filled(fleet, missing + len(strays))
    moved = {one.replica.key for one in strays[: max(0, len(filled.places) - missing)]}
    return Schedule(
        kept=tuple(one for one in kept if one.replica.key not in moved),
        new=filled.places,
        released=released | moved,
        refusals=filled.refusals,
    )


def _remaining(
    found: Census, deployment: Deployment, sites: Mapping[str, Site]
) -> tuple[tuple[Replica, ...], frozenset[str]]:
    """Return the replicas that remain, and the keys of those that go at once."""
    gone = retain.evicted(found.own, sites, deployment) | overcommit.yielding(found, sites)
    left = [replica for replica in found.own if replica.key not in gone]
    gone |= retain.surplus(left, sites, deployment.replicas)
    return tuple(replica for replica in left if replica.key not in gone), gone
