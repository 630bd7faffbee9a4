# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an attempt knows to be right: per file the digest of every verified prefix, and the files that are done."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from modelplane_hydrator.plan import Entry

DONE = "done"


@dataclass
class Prefixes:
    """The verified ranges of one large file: for each, the digest of the file up to its end."""

    path: Path
    head: str
    digests: list[str] = field(default_factory=list)
    handle: int = -1

    def add(self, digest: str) -> None:
        """Record one more range; a torn line is ignored by the next reader."""
        if self.handle < 0:
            self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.write(self.handle, "".join(f"{line}\n" for line in [self.head, *self.digests]).encode())
        os.write(self.handle, f"{digest}\n".encode())
        self.digests.append(digest)

    def cut(self, count: int) -> None:
        """Forget every range after the first few; the file is written anew with the next one."""
        self.close()
        del self.digests[count:]
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1


def prefixes(folder: Path, entry: Entry, range_bytes: int) -> Prefixes:
    """Return what a journal says of a file, nothing where it speaks of another one."""
    path = folder / hashlib.sha256(entry.path.encode()).hexdigest()[:32]
    head = f"{entry.digest} {entry.size} {range_bytes}"
    try:
        lines = path.read_text(encoding="ascii", errors="replace").split("\n")
    except FileNotFoundError:
        lines = []
    whole = [line for line in lines[1:-1] if len(line) == len(entry.digest)]
    fits = bool(lines) and lines[0] == head and len(whole) == len(lines) - 2
    return Prefixes(path, head, whole if fits else [])


@dataclass
class Done:
    """The files that are verified and durable, each with the look that it had then."""

    path: Path
    known: dict[str, list[object]] = field(default_factory=dict)
    handle: int = -1

    def add(self, entry: Entry, staged: Path) -> None:
        """Record a file that fsync accepted."""
        if self.handle < 0:
            self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.known[entry.path] = look(entry, staged)
        line = json.dumps([entry.path, self.known[entry.path]])
        os.write(self.handle, f"\n{line}\n".encode())

    def has(self, entry: Entry, staged: Path) -> bool:
        """Whether a file is known and looks as it did."""
        try:
            return self.known.get(entry.path) == look(entry, staged)
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1


def look(entry: Entry, staged: Path) -> list[object]:
    """Return what tells a staged file from any other state of it."""
    found = staged.lstat()
    return [entry.digest, found.st_size, found.st_mtime_ns, found.st_ino]


def done(folder: Path) -> Done:
    """Return the files that a journal calls done."""
    path = folder / DONE
    known: dict[str, list[object]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                name, seen = json.loads(line)
            except (ValueError, TypeError):
                continue
            known[name] = seen
    return Done(path, known)
