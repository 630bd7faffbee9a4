# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The names on a volume, and the few operations that NFS keeps its word on."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelplane_hydrator import errors
from modelplane_hydrator.plan import WORK

if TYPE_CHECKING:
    from modelplane_hydrator.flags import Options

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
TREES = "trees"


@dataclass(frozen=True)
class Place:
    """Where one tree appears, and the folder on the same filesystem where it is made."""

    root: Path
    target: Path
    key: str
    trees: Path | None = None
    in_place: bool = False

    @property
    def work(self) -> Path:
        """Return the folder of this tree's lease and attempts."""
        return self.root / WORK / self.key

    @property
    def trash(self) -> Path:
        """Return the folder of what is being removed."""
        return self.root / WORK / "trash"

    @property
    def name(self) -> str:
        """Return the tree's name as it is reported."""
        return self.target.name


def place(options: Options, commit: str) -> Place:
    """Return where a commit goes by these options."""
    if options.volume is not None:
        name = f"{options.tree}-{commit[:12]}"
        trees = options.volume / TREES
        return Place(options.volume, trees / name, name, trees=trees)
    dest = Path(os.path.abspath(options.dest or Path()))  # noqa: PTH100 - resolve() would follow a link at DIR
    if dest.is_dir() and (os.path.ismount(dest) or not os.access(dest.parent, os.W_OK)):
        return Place(dest, dest, "dest", in_place=True)
    return Place(dest.parent, dest, f"dest-{dest.name}")


def trouble(err: OSError, root: Path) -> errors.HydrateError:
    """Return what an error of the volume means for the run."""
    shown = err.strerror or str(err)
    if err.errno in FULL:
        return errors.DiskFullError(
            f"cannot write to {root}: {shown}; {free(root)} bytes are free, make room or grow the volume"
        )
    if err.errno in REFUSED:
        return not_writable(root, shown)
    return errors.VolumeFaultError(f"cannot use {root}: {shown}; check the volume's server, then run again")


def not_writable(root: Path, shown: str) -> errors.VolumeNotWritableError:
    """Return the error that says who may not write what, and what a StorageClass must set."""
    try:
        found = root.stat()
        owner = f"it belongs to {found.st_uid}:{found.st_gid}, mode {stat.S_IMODE(found.st_mode):04o}"
    except OSError as err:
        owner = f"it cannot be read: {err.strerror}"
    return errors.VolumeNotWritableError(
        f"cannot write to {root} as uid {os.getuid()} gid {os.getgid()} ({shown}): {owner}; let its StorageClass mount"
        " it read-write and make its root writable for gid 1000 (fsGroup support, or gid=1000 with mode 0770)"
    )


def free(root: Path) -> int:
    """Return the bytes that a volume still takes from us."""
    try:
        found = os.statvfs(root)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def folders(path: Path, *, below: Path) -> None:
    """Make a folder and what is missing of its parents, down from one that exists."""
    for _ in range(100):
        try:
            path.mkdir(mode=0o755)
        except FileExistsError:
            return
        except FileNotFoundError:
            if path in {below, path.parent}:
                raise
            folders(path.parent, below=below)
        else:
            return
    raise errors.VolumeBusyError(f"cannot make {path}: somebody keeps removing its parent; run again later")


def prepare(at: Place) -> None:
    """Make the working folder of a tree; a volume must be there already, the parents of a --dest need not."""
    if at.trees is None:
        at.root.mkdir(parents=True, exist_ok=True)
    if not at.root.is_dir():
        raise not_writable(at.root, "there is no such folder")
    folders(at.work, below=at.root)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def move(source: Path, target: Path) -> None:
    """Rename, and after an error believe the names rather than the reply."""
    before = source.lstat()
    try:
        source.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            after = target.lstat()
            if (after.st_ino, after.st_dev) == (before.st_ino, before.st_dev) and not os.path.lexists(source):
                return
        raise


def write(path: Path, content: bytes) -> None:
    """Write a small file durably."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def empty(folder: Path) -> bool:
    """Whether a folder is absent or holds nothing."""
    try:
        with os.scandir(folder) as found:
            return next(found, None) is None
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return False


def inside(folder: Path) -> list[Path]:
    """Return what a folder holds, nothing where it is gone."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def discard(path: Path, at: Place) -> list[str]:
    """Remove a file or folder by way of the trash, and return what could not be removed."""
    aside = at.trash / f"{path.name[:200]}-{uuid.uuid4().hex[:12]}"
    for _ in range(100):
        if not os.path.lexists(path):
            break
        folders(at.trash, below=at.root)
        try:
            move(path, aside)
        except FileNotFoundError:
            continue
        except OSError as err:
            return [f"{path} ({err.strerror})"]
    return delete(aside)


def delete(path: Path) -> list[str]:
    """Remove a file or folder for good, and return what could not be removed."""
    if path.is_symlink() or not path.is_dir():
        try:
            path.unlink(missing_ok=True)
        except OSError as err:
            return [f"{path} ({err.strerror})"]
        return []
    left: list[str] = []

    def keep(_: object, name: str, info: tuple[type, BaseException, object]) -> None:
        if not isinstance(info[1], FileNotFoundError):
            left.append(f"{name} ({getattr(info[1], 'strerror', info[1])})")

    shutil.rmtree(path, onerror=keep)
    return left


def rmdir(folder: Path) -> None:
    """Remove a folder if it is empty and nobody minds."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def writable_parent(at: Place) -> None:
    """Make the folder that will hold the target, and put one that we may not write out of the way."""
    parent = at.target.parent
    folders(parent, below=at.root if at.trees else Path(parent.anchor))
    if at.trees is None or os.access(parent, os.W_OK | os.X_OK):
        return
    aside = f"{parent.name}-{uuid.uuid4().hex[:12]}"
    folders(at.trash, below=at.root)
    try:
        move(parent, at.trash / aside)
    except OSError:
        try:
            move(parent, at.root / f"{aside}.aside")
        except OSError as err:
            raise not_writable(parent, err.strerror or str(err)) from err
    folders(parent, below=at.root)
