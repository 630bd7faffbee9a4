# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The marker: a manifest inside a tree that says which commit's bytes these are."""

from __future__ import annotations

import datetime as dt
import json
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelplane_hydrator.plan import DIGEST, MARKER, REPAIRING, Entry, Plan

if TYPE_CHECKING:
    from pathlib import Path

    from modelplane_hydrator.flags import Options

VERSION = 1


@dataclass(frozen=True)
class Marker:
    """What a marker says, and by which attempt it was written."""

    plan: Plan
    attempt: str


def dump(plan: Plan, attempt: str) -> bytes:
    """Return the bytes of a marker."""
    content = {
        "version": VERSION,
        "identity": {"repo": plan.repo, "include": plan.include, "exclude": plan.exclude},
        "commit": plan.commit,
        "totals": {"files": len(plan.entries), "bytes": plan.total},
        "attempt": attempt,
        "written": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "files": [{"path": e.path, "size": e.size, e.algorithm: e.digest} for e in plan.entries],
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def load(path: Path) -> Marker | None:
    """Return a marker, nothing where there is none or it is damaged."""
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    try:
        return parse(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None


def parse(said: dict[str, Any]) -> Marker | None:
    """Return a marker from its JSON, nothing where it contradicts itself."""
    identity = said["identity"]
    made = Plan(
        identity["repo"],
        said["commit"],
        tuple(identity["include"]),
        tuple(identity["exclude"]),
        tuple(sorted(entry(one) for one in said["files"])),
    )
    sound = said["version"] == VERSION and said["totals"] == {"files": len(made.entries), "bytes": made.total}
    return Marker(made, str(said["attempt"])) if sound and made.entries else None


def entry(said: dict[str, Any]) -> Entry:
    """Return one file of a manifest."""
    algorithm = next(name for name in DIGEST if name in said)
    return Entry(str(said["path"]), int(said["size"]), algorithm, str(said[algorithm]))


def complete(target: Path, options: Options, commit: str) -> Plan | None:
    """Return what a tree holds where its marker answers these options and its files look right."""
    found = load(target / MARKER)
    if found is None or (target / REPAIRING).exists():
        return None
    plan = found.plan
    said = (plan.repo, plan.commit, plan.include, plan.exclude)
    if said != (options.repo, commit, options.include, options.exclude):
        return None
    return plan if all(sized(target / one.path, one.size) for one in plan.entries) else None


def sized(path: Path, size: int) -> bool:
    """Whether a path is a plain file of a size."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size
