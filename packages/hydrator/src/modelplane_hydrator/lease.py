# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One holder per tree, without flock: mkdir and O_EXCL take the lease, a beat keeps it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelplane_hydrator import errors, holder, volume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelplane_hydrator.holder import Holder
    from modelplane_hydrator.timing import Timing

MISSES = 5


@dataclass(frozen=True)
class Sight:
    """What a lease looked like when it was read."""

    owner: bytes
    beat: bytes

    @property
    def holder(self) -> Holder | None:
        """Return who holds it."""
        return holder.load(self.owner)


def look(folder: Path) -> Sight | None:
    """Return what a lease looks like now, or nothing where there is none."""
    if not folder.is_dir():
        return None
    owner = read(folder / "owner")
    found = holder.load(owner)
    return Sight(owner, read(folder / f"beat-{found.nonce}") if found else b"")


def read(path: Path) -> bytes:
    """Return a small file's bytes, none where it is absent."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return path.read_bytes()
    return b""


class Watch:
    """How long a lease has looked the same, on our own monotonic clock."""

    def __init__(self) -> None:
        self.seen: Sight | None = None
        self.since = time.monotonic()

    def still(self, now: Sight | None) -> float:
        """Return for how many seconds the lease has not changed."""
        if now != self.seen:
            self.seen, self.since = now, time.monotonic()
        return time.monotonic() - self.since


class Lease:
    """A lease that is ours until it is released or lost."""

    def __init__(self, folder: Path, me: Holder, timing: Timing) -> None:
        self.folder = folder
        self.me = me
        self.timing = timing
        self.lost = threading.Event()
        self.stopped = threading.Event()
        self.count = 0
        self.thread = threading.Thread(target=self._beats, name="lease", daemon=True)

    def claim(self) -> bool:
        """Take the lease if nobody has it."""
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=0o755)
        try:
            handle = os.open(self.folder / "owner", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return self.held()
        try:
            os.write(handle, self.me.dump())
            os.fsync(handle)
        finally:
            os.close(handle)
        volume.write(self.folder / f"beat-{self.me.nonce}", b"0\n")
        return self.held()

    def held(self) -> bool:
        """Whether the lease names us."""
        found = holder.load(read(self.folder / "owner"))
        return found is not None and found.nonce == self.me.nonce

    def ensure(self) -> None:
        """Raise VolumeBusy where the lease is no longer ours."""
        if self.lost.is_set() or not self.held():
            raise errors.VolumeBusyError(
                f"cannot go on with {self.folder.parent.name}: another Job took its lease while this one was paused;"
                " run again, it goes on from what is there"
            )

    def evict(self, seen: Sight | None) -> bool:
        """Take a silent holder's lease out of the way, or put it back where it moved after all."""
        aside = self.folder.with_name(f"lease-{self.me.nonce}")
        try:
            volume.move(self.folder, aside)
        except FileNotFoundError:
            return True
        if look(aside) == seen:
            volume.delete(aside)
            return True
        try:
            volume.move(aside, self.folder)
        except OSError:
            volume.delete(aside)
        return False

    def start(self) -> None:
        """Begin to beat."""
        self.thread.start()

    def release(self) -> None:
        """Stop beating and give the lease back, if it is still ours."""
        self.stopped.set()
        if self.thread.ident is not None:
            self.thread.join()
        if self.held():
            self.evict(look(self.folder))

    def _beats(self) -> None:
        """Change the beat every few seconds until stopped or lost."""
        misses = 0
        while not self.stopped.wait(self.timing.beat if not misses else self.timing.beat / 10):
            try:
                alive = self._beat()
            except OSError:
                alive = False
            misses = 0 if alive else misses + 1
            if misses >= MISSES:
                self.lost.set()
                return

    def _beat(self) -> bool:
        """Change the beat once, only in a lease that is ours."""
        if not self.held():
            return False
        self.count += 1
        handle = os.open(self.folder / f"beat-{self.me.nonce}", os.O_WRONLY)
        try:
            os.write(handle, b"%d\n" % self.count)
            os.fsync(handle)
        finally:
            os.close(handle)
        return True


def acquire(
    folder: Path, me: Holder, timing: Timing, *, stop: threading.Event, waiting: Callable[[Sight | None], bool]
) -> Lease | None:
    """Return the lease once it is ours, or nothing where waiting says that there is no need any more."""
    lease, watch, deadline = Lease(folder, me, timing), Watch(), time.monotonic() + timing.busy
    while not claimed(lease):
        seen = look(folder)
        owner = seen.holder if seen else None
        if (owner is not None and owner.dead(me)) or watch.still(seen) > timing.stale:
            lease.evict(seen)
            continue
        if not waiting(seen):
            return None
        if time.monotonic() > deadline or stop.wait(timing.poll):
            who = f"Job {owner.job}" if owner and owner.job else "another process"
            raise errors.VolumeBusyError(f"cannot stage {folder.parent.name}: {who} holds its lease; run again later")
    lease.start()
    return lease


def claimed(lease: Lease) -> bool:
    """Take a lease whose parent may vanish under us."""
    for _ in range(100):
        try:
            return lease.claim()
        except FileNotFoundError:
            work = lease.folder.parent
            volume.folders(work, below=work.parent.parent)
    return False


def abandoned(folder: Path, me: Holder, timing: Timing, watch: Watch) -> Lease | None:
    """Return the lease of somebody else's tree if nobody is there, waiting only while that is open."""
    lease, first = Lease(folder, me, timing), watch.seen or look(folder)
    while True:
        try:
            if lease.claim():
                return lease
        except FileNotFoundError:
            return None
        seen = look(folder)
        owner = seen.holder if seen else None
        if seen != first:
            return None
        if (owner is not None and owner.dead(me)) or watch.still(seen) > timing.stale:
            lease.evict(seen)
        else:
            time.sleep(timing.poll)
