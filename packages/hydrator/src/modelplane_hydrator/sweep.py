# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Remove what nobody needs any more: attempts, trash, and trees that nobody names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelplane_hydrator import lease, volume
from modelplane_hydrator.plan import WORK

if TYPE_CHECKING:
    from pathlib import Path

    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.holder import Holder
    from modelplane_hydrator.timing import Timing
    from modelplane_hydrator.volume import Place


@dataclass
class Sweep:
    """What this run found on the volume when it began, and what it may remove of it."""

    place: Place
    me: Holder
    timing: Timing
    keep: frozenset[str]
    trees: dict[str, int]
    watches: dict[str, lease.Watch] = field(default_factory=dict)

    def look(self) -> None:
        """Begin to watch every other lease, so that a silent one is known for what it is later."""
        for work in works(self.place):
            self.watches.setdefault(work.name, lease.Watch()).still(lease.look(work / "lease"))

    def others(self) -> list[str]:
        """Remove the staging of other trees, under their leases, and return what stayed."""
        left: list[str] = []
        for work in works(self.place):
            if work.name == self.place.key:
                continue
            left += self.leftover(work)
        return left

    def leftover(self, work: Path) -> list[str]:
        """Remove a tree's folder where nobody holds its lease, and return what stayed."""
        watch = self.watches.setdefault(work.name, lease.Watch())
        held = lease.abandoned(work / "lease", self.me, self.timing, watch)
        return self.folder(work, held) if held is not None else []

    def folder(self, work: Path, held: lease.Lease) -> list[str]:
        """Remove all attempts in a tree's folder, give its lease back and remove the folder."""
        left: list[str] = []
        for found in volume.inside(work):
            if found.name != "lease":
                left += volume.discard(found, self.place)
        held.release()
        volume.rmdir(work)
        return left

    def unnamed(self) -> list[str]:
        """Remove the trees that were here when we began and that nobody names, and return what stayed."""
        left: list[str] = []
        for name, inode in sorted(self.trees.items()):
            tree = self.place.target.parent / name
            if name in self.keep or identity(tree) != inode:
                continue
            work = self.place.work.with_name(name)
            volume.folders(work, below=self.place.root)
            held = lease.Lease(work / "lease", self.me, self.timing)
            if lease.claimed(held):
                left += volume.discard(tree, self.place)
                held.release()
                volume.rmdir(work)
        return left

    def trash(self) -> list[str]:
        """Empty the trash, and return what stayed."""
        left: list[str] = []
        for found in volume.inside(self.place.trash):
            left += volume.delete(found)
        volume.rmdir(self.place.trash)
        volume.rmdir(self.place.root / WORK)
        return left


def begin(options: Options, place: Place, me: Holder, timing: Timing) -> Sweep:
    """Return the sweep of a run that begins now."""
    found: dict[str, int] = {}
    if options.sweep and place.trees is not None:
        found = {one.name: identity(one) for one in volume.inside(place.trees)}
    made = Sweep(place, me, timing, frozenset({*options.keep, place.name}), found)
    made.look()
    return made


def identity(path: Path) -> int:
    """Return what tells a folder from a later one of the same name."""
    try:
        return path.lstat().st_ino
    except FileNotFoundError:
        return -1


def works(place: Place) -> list[Path]:
    """Return the folders of all trees that somebody stages, or staged."""
    return [one for one in volume.inside(place.root / WORK) if one.name != place.trash.name and one.is_dir()]
