# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a local Hub serves: repositories with commits and branches, made from folders or from bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LFS_OVER = 64 << 10
PIECE = 16 << 20


@dataclass(frozen=True)
class Blob:
    """One file's content, in memory or on disk, and what the Hub says of it."""

    content: bytes | Path
    size: int
    sha256: str
    git: str
    lfs: bool

    @property
    def etag(self) -> str:
        """Return what the Hub calls this content."""
        return self.sha256 if self.lfs else self.git

    @property
    def pointer(self) -> bytes:
        """Return the text that git stores for a large file."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()

    @property
    def oid(self) -> str:
        """Return the git object of this file."""
        return git(self.pointer) if self.lfs else self.git


def git(content: bytes) -> str:
    """Return the name that git gives to bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def blob(content: bytes | Path, *, lfs_over: int = LFS_OVER, sha256: str = "") -> Blob:
    """Return a blob of bytes, or of a file that is not read into memory."""
    if isinstance(content, bytes):
        size = len(content)
        return Blob(content, size, hashlib.sha256(content).hexdigest(), git(content), lfs=size > lfs_over)
    size = content.stat().st_size
    lfs = size > lfs_over
    if sha256:
        return Blob(content, size, sha256, "", lfs=lfs)
    large, small = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with content.open("rb") as opened:
        while piece := opened.read(PIECE):
            large.update(piece)
            if not lfs:
                small.update(piece)
    return Blob(content, size, large.hexdigest(), small.hexdigest(), lfs=lfs)


@dataclass
class Repo:
    """One model repository."""

    name: str
    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(
        self, files: Mapping[str, bytes | Path | Blob], *, branch: str = "main", lfs_over: int = LFS_OVER
    ) -> str:
        """Add a commit of exactly these files, move a branch to it and return its hash."""
        blobs = {
            path: content if isinstance(content, Blob) else blob(content, lfs_over=lfs_over)
            for path, content in sorted(files.items())
        }
        listing = "".join(f"{path} {found.etag}\n" for path, found in blobs.items())
        sha = hashlib.sha1(f"{self.name}\n{listing}".encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = blobs
        self.branches[branch] = sha
        return sha

    def resolve(self, revision: str) -> str:
        """Return the commit of a branch or of itself, nothing where there is none."""
        return self.branches.get(revision) or (revision if revision in self.commits else "")


def folder(path: Path) -> dict[str, bytes | Path]:
    """Return the files below a folder as a commit takes them."""
    found = (one for one in sorted(path.rglob("*")) if one.is_file())
    return {one.relative_to(path).as_posix(): one for one in found}
