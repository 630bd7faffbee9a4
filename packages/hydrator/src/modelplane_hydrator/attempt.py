# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One attempt's folder: staging and journal, begun anew or gone on with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelplane_hydrator import holder, journal, volume
from modelplane_hydrator.lease import read
from modelplane_hydrator.staged import Staged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelplane_hydrator.holder import Holder
    from modelplane_hydrator.plan import Entry
    from modelplane_hydrator.volume import Place

OURS, OTHERS = "a-", "s-"


@dataclass(frozen=True)
class Attempt:
    """Where one attempt keeps its files; whoever takes the lease moves this folder away from it."""

    folder: Path
    range_bytes: int

    @property
    def tree(self) -> Path:
        """Return the staging folder."""
        return self.folder / "tree"

    @property
    def journal(self) -> Path:
        """Return the journal's folder."""
        return self.folder / "journal"

    def staged(self, entry: Entry) -> Staged:
        """Return a file of this attempt with what the journal knows of it."""
        large = entry.size > self.range_bytes
        known = journal.prefixes(self.journal, entry, self.range_bytes) if large else None
        path = self.tree / entry.path
        if known is not None and not path.is_file():
            known.cut(0)
        return Staged(entry, path, self.range_bytes, known)


def begin(place: Place, me: Holder, range_bytes: int) -> tuple[Attempt, list[Path]]:
    """Return our attempt and the ones of others, all moved away from whoever made them."""
    made = Attempt(place.work / f"{OURS}{me.nonce}", range_bytes)
    left = leftovers(place.work)
    for found in sorted((one for one in left if ours(one, me)), key=used, reverse=True)[:1]:
        volume.move(found, made.folder)
        left.remove(found)
    volume.folders(made.folder, below=place.root)
    volume.write(made.folder / "holder", me.dump())
    for folder in (made.tree, made.journal):
        volume.folders(folder, below=made.folder)
    others = [place.work / f"{OTHERS}{me.nonce}-{count}" for count in range(len(left))]
    for found, aside in zip(left, others, strict=True):
        volume.move(found, aside)
    return made, others


def leftovers(work: Path) -> list[Path]:
    """Return the attempts in a tree's folder."""
    return [one for one in volume.inside(work) if one.name.startswith((OURS, OTHERS))]


def ours(folder: Path, me: Holder) -> bool:
    """Whether we may go on in an attempt in place."""
    made_by = holder.load(read(folder / "holder"))
    return folder.name.startswith(OURS) and made_by is not None and me.resumes(made_by)


def used(folder: Path) -> int:
    """Return the bytes that a folder's files take."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(top, name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def shape(attempt: Attempt, entries: Iterable[Entry], place: Place) -> list[str]:
    """Make the folders of the wanted files and remove everything else, and return what stayed."""
    files = {entry.path for entry in entries}
    wanted = {str(parent) for name in files for parent in Path(name).parents}
    left: list[str] = []
    for top, names, plain in os.walk(attempt.tree):
        here = Path(top).relative_to(attempt.tree)
        for name in [*names, *plain]:
            known = wanted if name in names and not Path(top, name).is_symlink() else files
            if str(here / name) not in known or Path(top, name).is_symlink():
                left += volume.discard(Path(top, name), place)
        names[:] = [name for name in names if Path(top, name).is_dir()]
    for name in sorted(wanted):
        volume.folders(attempt.tree / name, below=attempt.tree)
    return left
