# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What is published of each cluster, in status.clusters."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from google.protobuf.struct_pb2 import Struct
from modelplane import paths
from modelplane.paths import Manifest

Phase = Literal["Pending", "Hydrating", "Ready", "Failed"]

_PHASES: dict[str, Phase] = {"Hydrating": "Hydrating", "Ready": "Ready", "Failed": "Failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One cluster as published.

    tree, source and claim_uid are of the newest verified tree; revision and bytes are what the cluster reports last.
    """

    phase: Phase = "Pending"
    reason: str = ""
    message: str = ""
    tree: str = ""
    revision: str = ""
    source: str = ""
    claim_uid: str = ""
    staged: int = 0
    total: int = 0

    def manifest(self, name: str) -> Manifest:
        """Return the entry as plain data, without what is empty."""
        texts = {
            "name": name,
            "phase": self.phase,
            "reason": self.reason,
            "message": self.message,
            "tree": self.tree,
            "revision": self.revision,
            "source": self.source,
            "claimUID": self.claim_uid,
        }
        out: Manifest = {key: value for key, value in texts.items() if value}
        if self.total:
            out["bytesStaged"], out["bytesTotal"] = self.staged, self.total
        return out


@functools.lru_cache(maxsize=4096)
def shown(name: str, entry: Entry) -> Struct:
    """Return the entry as status.clusters holds it."""
    return paths.struct(entry.manifest(name))


def published(xr: Struct) -> Mapping[str, Entry]:
    """Return what the XR's status says of each cluster."""
    return dict(_read(entry.SerializeToString()) for entry in paths.children(xr, "status", "clusters"))


@functools.lru_cache(maxsize=4096)
def _read(raw: bytes) -> tuple[str, Entry]:
    """Read an entry from its bytes: most of a fleet's entries are the same from one reply to the next."""
    entry = Struct.FromString(raw)
    said = {key: value.string_value for key, value in entry.fields.items()}
    return said.get("name", ""), Entry(
        phase=_PHASES.get(said.get("phase", ""), "Pending"),
        tree=said.get("tree", ""),
        revision=said.get("revision", ""),
        source=said.get("source", ""),
        claim_uid=said.get("claimUID", ""),
        staged=paths.whole(entry, "bytesStaged"),
        total=paths.whole(entry, "bytesTotal"),
    )
