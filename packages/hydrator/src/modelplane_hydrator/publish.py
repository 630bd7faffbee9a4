# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Make a verified tree appear: by one rename, or file by file where a tree of ours is already there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from modelplane_hydrator import errors, marker, volume
from modelplane_hydrator.plan import MARKER, REPAIRING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelplane_hydrator.attempt import Attempt
    from modelplane_hydrator.lease import Lease
    from modelplane_hydrator.plan import Entry, Plan
    from modelplane_hydrator.volume import Place


def whole(attempt: Attempt, place: Place, plan: Plan, lease: Lease) -> None:
    """Publish a new tree: folders, marker, one rename, both parents, in this order."""
    sync_folders(attempt.tree)
    volume.write(attempt.tree / MARKER, marker.dump(plan, lease.me.nonce))
    volume.sync(attempt.tree)
    volume.writable_parent(place)
    lease.ensure()
    try:
        volume.move(attempt.tree, place.target)
    except OSError as err:
        found = marker.load(place.target / MARKER)
        if found is None or found.attempt != lease.me.nonce:
            raise lost(err, place) from err
    volume.sync(place.target.parent)
    volume.sync(attempt.folder)


def lost(err: OSError, place: Place) -> Exception:
    """Return what a refused rename means: our staging was taken, or somebody else was there first."""
    if isinstance(err, FileNotFoundError) or not volume.empty(place.target):
        return errors.VolumeBusyError(
            f"cannot publish {place.target}: another Job took this attempt or was there first; run again"
        )
    return err


def sync_folders(top: Path) -> None:
    """Make every name below a folder durable, and the folders readable for all."""
    for folder, _, _ in os.walk(top, topdown=False):
        Path(folder).chmod(0o755)
        volume.sync(Path(folder))


def withdraw(place: Place) -> marker.Marker | None:
    """Take the marker off a tree that is not what it says, and return what it said."""
    said, repairing = place.target / MARKER, place.target / REPAIRING
    known = marker.load(said) or marker.load(repairing)
    if os.path.lexists(said):
        volume.move(said, repairing)
    elif not repairing.exists():
        volume.write(repairing, b"{}\n")
    volume.sync(place.target)
    return known


def mend(attempt: Attempt, place: Place, plan: Plan, bad: Iterable[Entry], lease: Lease) -> list[str]:
    """Put verified files into a tree that is there, each by one rename, the marker last; return what stayed."""
    left: list[str] = []
    touched = {place.target}
    for entry in bad:
        lease.ensure()
        target = place.target / entry.path
        left += clear(target, place)
        touched.update(place.target / parent for parent in Path(entry.path).parents)
        volume.move(attempt.tree / entry.path, target)
    for folder in sorted(touched, reverse=True):
        volume.sync(folder)
    volume.write(attempt.folder / "marker", marker.dump(plan, lease.me.nonce))
    lease.ensure()
    volume.move(attempt.folder / "marker", place.target / MARKER)
    (place.target / REPAIRING).unlink(missing_ok=True)
    volume.sync(place.target)
    volume.sync(place.target.parent)
    return left


def clear(target: Path, place: Place) -> list[str]:
    """Make the folders of a file, and move what is no folder, or no file, out of the way."""
    left: list[str] = []
    for parent in reversed(target.relative_to(place.target).parents):
        folder = place.target / parent
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            left += volume.discard(folder, place)
        volume.folders(folder, below=place.target)
    if target.is_dir() and not target.is_symlink():
        left += volume.discard(target, place)
    return left


def drop_obsolete(place: Place, known: marker.Marker | None, plan: Plan) -> None:
    """Remove the files that an older manifest lists and the wanted one does not."""
    wanted = {entry.path for entry in plan.entries}
    for entry in known.plan.entries if known else ():
        path = place.target / entry.path
        if entry.path in wanted or not marker.sized(path, entry.size):
            continue
        path.unlink(missing_ok=True)
        for parent in Path(entry.path).parents:
            if parent != Path():
                volume.rmdir(place.target / parent)
