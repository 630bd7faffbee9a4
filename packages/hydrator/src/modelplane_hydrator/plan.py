# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a run has to stage: one commit, its selected files, their sizes and digests."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from modelplane_hydrator import errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelplane_hydrator.flags import Options

MARKER = ".modelplane-hydrated"
REPAIRING = ".modelplane-repairing"
WORK = ".modelplane"
NAME_MOST, PATH_MOST = 255, 3000
SHA256, GIT = "sha256", "git-sha1"
DIGEST = {SHA256: re.compile(r"[0-9a-f]{64}"), GIT: re.compile(r"[0-9a-f]{40}")}


@dataclass(frozen=True, order=True)
class Entry:
    """One file of the commit."""

    path: str
    size: int
    algorithm: str
    digest: str

    def hasher(self) -> Any:  # noqa: ANN401 - hashlib names no type for its objects
        """Return the hash object whose digest must be this entry's, fed with the file's bytes."""
        if self.algorithm == SHA256:
            return hashlib.sha256(usedforsecurity=False)
        return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)


@dataclass(frozen=True)
class Plan:
    """A commit and what is wanted of it."""

    repo: str
    commit: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def total(self) -> int:
        """Return the bytes of all files."""
        return sum(entry.size for entry in self.entries)


def plan(options: Options, commit: str, listed: Iterable[Entry]) -> Plan:
    """Return what is wanted of a commit, or say why that cannot be staged."""
    entries = {entry.path: entry for entry in listed if selected(entry.path, options)}
    if not entries:
        raise errors.NoFilesSelectedError(
            f"cannot stage {options.repo}: --include and --exclude leave none of its files; loosen them"
        )
    for entry in entries.values():
        check(entry, entries)
    ordered = tuple(sorted(entries.values()))
    return Plan(options.repo, commit, options.include, options.exclude, ordered)


def selected(path: str, options: Options) -> bool:
    """Whether include and exclude choose a path, by the rules of snapshot_download."""
    name = path.replace("\\", "/")
    wanted = not options.include or any(fnmatchcase(name, pattern(one)) for one in options.include)
    return wanted and not any(fnmatchcase(name, pattern(one)) for one in options.exclude)


def pattern(given: str) -> str:
    """Return a pattern in which a folder stands for all that is in it."""
    plain = given.replace("\\", "/")
    return f"{plain}*" if plain.endswith("/") else plain


def check(entry: Entry, entries: dict[str, Entry]) -> None:
    """Raise where an entry would leave the tree, hide our files or cannot be verified."""
    parts = entry.path.split("/")
    unsafe = (
        any(part in {"", ".", ".."} or len(part.encode()) > NAME_MOST for part in parts)
        or any(ord(mark) < ord(" ") or mark in "\\\x7f" for mark in entry.path)
        or parts[0] in {MARKER, REPAIRING, WORK}
        or len(entry.path.encode()) > PATH_MOST
        or any("/".join(parts[:depth]) in entries for depth in range(1, len(parts)))
    )
    if unsafe:
        raise errors.UnsafePathError(
            f"cannot stage a file named {entry.path[:200]!r}: it does not stay in its tree; --exclude it"
        )
    if entry.size < 0 or not DIGEST[entry.algorithm].fullmatch(entry.digest):
        raise errors.SourceUnavailableError(
            f"cannot verify {entry.path!r}: the source lists no usable size and digest for it; run again later"
        )
