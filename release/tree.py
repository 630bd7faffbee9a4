# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A folder as a layer: bytecode, then a tar that has the same bytes each time."""

import gzip
import tarfile
from pathlib import Path

from release import programs
from release.errors import PackageError

EPOCH = 315532800
"""1980, the first year that every archive can say. Not the commit's time: a layer that did not change stays one."""
HASHED = "unchecked-hash"
"""Bytecode that Python believes without a look at its source, since nothing in an image changes."""


def compile_bytecode(folder: Path, python: str) -> None:
    """Compile every module below a folder that is laid out like the image's root."""
    argv = [_interpreter(python), "-m", "compileall", "-q", "-f", "-j", "1", f"--invalidation-mode={HASHED}"]
    argv += ["-s", str(folder), "-p", "/", str(folder)]
    programs.run(argv, what="compile bytecode", env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""})


def pack(folder: Path, archive: Path) -> Path:
    """Pack a folder's content: sorted, owned by root, without times."""
    with archive.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as zipped:
        _write(folder, zipped)
    return archive


def pack_root(folder: Path, archive: Path) -> Path:
    """Pack a root filesystem: sorted, without times, its owners, modes and devices kept."""
    argv = [programs.path("tar"), "-C", str(folder), "--sort=name", f"--mtime=@{EPOCH}", "--numeric-owner"]
    programs.run([*argv, "--format=gnu", "-cf", str(archive), "."], what=f"pack the base {folder}")
    return archive


def _write(folder: Path, zipped: gzip.GzipFile) -> None:
    with tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            member = tar.gettarinfo(path, str(path.relative_to(folder)))
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = EPOCH
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            if member.isreg():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)


def _interpreter(python: str) -> str:
    done = programs.attempt([programs.path("uv"), "python", "find", "--no-project", python])
    if done.code:
        raise PackageError(
            f"cannot compile bytecode for Python {python}, which the base has: install it (uv python install {python})"
        )
    return done.stdout.strip()
