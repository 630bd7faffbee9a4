# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The whole story of a run: is it there, what is wanted, bring it, publish it, tidy up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelplane_hydrator import (
    attempt,
    errors,
    journal,
    lease,
    marker,
    publish,
    salvage,
    sweep,
    verify,
    volume,
)
from modelplane_hydrator import plan as plans
from modelplane_hydrator.api import Api
from modelplane_hydrator.fetch import Fetch
from modelplane_hydrator.hub import Hub
from modelplane_hydrator.source import Source

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.holder import Holder
    from modelplane_hydrator.network import Network
    from modelplane_hydrator.plan import Entry, Plan
    from modelplane_hydrator.progress import Progress
    from modelplane_hydrator.timing import Sizes, Timing
    from modelplane_hydrator.volume import Place


@dataclass
class Run:
    """One run: what it was told, and the means that it has."""

    options: Options
    network: Network
    timing: Timing
    sizes: Sizes
    me: Holder
    progress: Progress
    stop: threading.Event

    def hydrate(self) -> str:
        """Bring the tree to where it is wanted, and return the line that says so."""
        found = self.there(self.options.commit) if self.options.commit else None
        if found is not None and (not self.options.verify or self.options.offline):
            return self.stage(found) if self.options.verify else self.skip(found)
        if self.options.offline:
            raise errors.OfflineError(
                "cannot reach the source: HF_HUB_OFFLINE is set and the tree is not complete; unset it, then run again"
            )
        return self.online(Api(self.options, self.network, self.timing, self.stop))

    def online(self, api: Api) -> str:
        """Ask the source what the revision is, and bring it unless it is there."""
        settled = self.options.commit or self.options.verify or self.options.plan
        if not settled and (found := self.there(api.glance())) is not None:
            return self.skip(found)
        hub = Hub(self.options, api)
        commit = hub.commit()
        plan = plans.plan(self.options, commit, hub.entries(commit))
        return describe(plan, self.options) if self.options.plan else self.stage(plan)

    def there(self, commit: str) -> Plan | None:
        """Return the manifest of the wanted tree where it is complete."""
        if self.options.plan or not commit:
            return None
        return marker.complete(volume.place(self.options, commit).target, self.options, commit)

    def skip(self, plan: Plan) -> str:
        """End a run that has nothing to fetch."""
        place = volume.place(self.options, plan.commit)
        self.progress.begin(plan.commit, place.name, plan.total)
        self.progress.counters.keep(plan.total)
        tidy = sweep.begin(self.options, place, self.me, self.timing)
        self.tidy(tidy, held=None)
        return f"already there: {summary(plan)}, {place.target}"

    def stage(self, plan: Plan) -> str:
        """Fetch what is missing and publish, under the tree's lease."""
        place = volume.place(self.options, plan.commit)
        self.progress.begin(plan.commit, place.name, plan.total)
        volume.prepare(place)
        tidy = sweep.begin(self.options, place, self.me, self.timing)
        held = lease.acquire(
            place.work / "lease",
            self.me,
            self.timing,
            stop=self.stop,
            waiting=lambda seen: self.wait(seen, plan.commit),
        )
        if held is None:
            return self.skip(plan)
        try:
            if self.options.verify or self.there(plan.commit) is None:
                self.bring(plan, place, held, tidy)
            self.tidy(tidy, held=held)
        finally:
            held.release()
        return f"complete: {summary(plan)}, {place.target}"

    def wait(self, seen: lease.Sight | None, commit: str) -> bool:
        """Whether it is still worth waiting for the lease."""
        who = seen.holder if seen else None
        self.progress.action = f"waiting for {who.job if who and who.job else 'another process'},"
        return self.options.verify or self.there(commit) is None

    def bring(self, plan: Plan, place: Place, held: lease.Lease, tidy: sweep.Sweep) -> None:
        """Bring a tree to the commit's bytes, as a new one or into the one that is there."""
        self.progress.action = "fetching"
        mending = self.mendable(place)
        bad: Iterable[Entry] = plan.entries
        if mending:
            bad = self.differing(plan, place)
            found = marker.complete(place.target, self.options, plan.commit)
            if not bad and found is not None and found.entries == plan.entries:
                return
        else:
            self.warn(volume.discard(place.target, place) if not volume.empty(place.target) else [])
        known = publish.withdraw(place) if mending else None
        made = self.fetch(plan, list(bad), place, held, tidy)
        if not mending:
            publish.whole(made, place, plan, held)
            return
        self.warn(publish.mend(made, place, plan, bad, held))
        publish.drop_obsolete(place, known, plan)

    def mendable(self, place: Place) -> bool:
        """Whether files go into a folder that is there, instead of a new one in its place."""
        if volume.empty(place.target) and not place.in_place:
            return False
        ours = any((place.target / name).exists() for name in (plans.MARKER, plans.REPAIRING))
        if place.trees is not None:
            return place.target.is_dir() and (ours or self.options.verify)
        if ours or self.options.verify or only_work(place):
            return True
        raise errors.InvalidArgumentsError(
            f"cannot publish {place.target}: it holds files of somebody else; name a new folder, or --verify to mend it"
        )

    def differing(self, plan: Plan, place: Place) -> list[Entry]:
        """Return the entries whose files in the published tree are not the commit's."""
        self.progress.action = "verifying"
        good = verify.right(place.target, plan.entries, self.progress.counters.keep)
        bad = [entry for entry in plan.entries if entry not in good]
        self.progress.counters.kept = sum(entry.size for entry in good)
        self.progress.action = "fetching"
        return bad

    def fetch(
        self, plan: Plan, wanted: list[Entry], place: Place, held: lease.Lease, tidy: sweep.Sweep
    ) -> attempt.Attempt:
        """Have every wanted file verified and durable in this attempt's staging."""
        made, others = attempt.begin(place, self.me, self.sizes.range_bytes)
        self.warn(attempt.shape(made, wanted, place))
        done = journal.done(made.journal)
        try:
            for folder in others:
                salvage.take(folder, made, wanted, done, held.ensure)
                self.warn(volume.discard(folder, place))
            staged = [made.staged(one) for one in wanted if not done.has(one, made.tree / one.path)]
            left = sum(one.left for one in staged)
            self.progress.counters.kept = plan.total - left
            self.room(place, left, plan.total, tidy)
            source = Source(self.options, self.network, plan.commit)
            fetch = Fetch(source, self.progress.counters, self.timing, self.sizes, done)
            fetch.run(staged, lambda: self.check(held))
        finally:
            done.close()
        return made

    def check(self, held: lease.Lease) -> None:
        """Raise where this run must not go on."""
        if held.lost.is_set():
            held.ensure()

    def room(self, place: Place, needed: int, total: int, tidy: sweep.Sweep) -> None:
        """Make room for what is missing, or say with three numbers that there is none."""
        if needed <= volume.free(place.root):
            return
        self.warn([*tidy.unnamed(), *tidy.others(), *tidy.trash()])
        if needed > (free := volume.free(place.root)):
            raise errors.DiskFullError(
                f"cannot stage {total} bytes: {needed} are missing and {free} are free on {place.root};"
                " grow the volume (sizeGiB), or free room, then run again"
            )

    def tidy(self, tidy: sweep.Sweep, *, held: lease.Lease | None) -> None:
        """Remove what this run, and those before it, left behind."""
        if held is not None:
            self.warn(tidy.folder(tidy.place.work, held))
        elif tidy.place.work.is_dir():
            self.warn(tidy.leftover(tidy.place.work))
        self.warn([*tidy.unnamed(), *tidy.others(), *tidy.trash()])

    def warn(self, left: list[str]) -> None:
        """Say what could not be removed."""
        for one in left:
            self.progress.say(f"cannot remove {one}; remove it by hand")


def only_work(place: Place) -> bool:
    """Whether a folder holds nothing but our own working folder."""
    return place.target.is_dir() and all(one.name == plans.WORK for one in place.target.iterdir())


def summary(plan: Plan) -> str:
    """Return a plan in one line."""
    return f"{len(plan.entries)} files, {plan.total} bytes, commit {plan.commit}"


def describe(plan: Plan, options: Options) -> str:
    """Return a plan as --plan prints it."""
    lines = [f"{entry.size:>15}  {entry.path}" for entry in plan.entries]
    return "\n".join([*lines, f"{options.repo}: {summary(plan)}"])
