# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Who holds a lease or made an attempt, and what proves that it is gone."""

from __future__ import annotations

import json
import os
import platform
import uuid
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Holder:
    """One process of one Job; without a scope nothing can be proven of it."""

    nonce: str
    job: str = ""
    scope: str = ""
    pid: int = 0
    started: str = ""

    def dead(self, seen_by: Holder) -> bool:
        """Whether this process is certainly gone, as seen from the same kernel and process namespace."""
        if not self.scope or self.scope != seen_by.scope or self.nonce == seen_by.nonce:
            return False
        return started(self.pid) != self.started

    def resumes(self, other: Holder) -> bool:
        """Whether this process may go on in place with another's files: nobody has them open any more."""
        return (bool(self.job) and self.job == other.job) or other.dead(self)

    def dump(self) -> bytes:
        """Return this holder as the bytes of a file."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


def load(raw: bytes) -> Holder | None:
    """Return the holder that a file names, or nothing where it is torn or foreign."""
    names = {one.name for one in fields(Holder)}
    try:
        found = json.loads(raw)
        return Holder(**{name: value for name, value in found.items() if name in names})
    except (ValueError, TypeError, AttributeError):
        return None


def here(job: str = "") -> Holder:
    """Return the holder that this process is."""
    pid = os.getpid()
    return Holder(nonce=uuid.uuid4().hex, job=job, scope=scope(), pid=pid, started=started(pid))


def scope() -> str:
    """Return what names this kernel's boot and this process namespace, or nothing outside Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{platform.node()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def started(pid: int) -> str:
    """Return when a process started, in the kernel's own count, or nothing where it is gone."""
    try:
        fields_after_name = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return ""
    state, since = fields_after_name[0], fields_after_name[19]
    return "" if state in {"Z", "X"} else since
