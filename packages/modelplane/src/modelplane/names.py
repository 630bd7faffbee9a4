# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Names derived from other names: readable, unambiguous, and short enough for every kind that they name."""

import functools
import hashlib
import re

LABEL_LIMIT = 63
"""Longest DNS label (RFC 1035), and Crossplane's limit for the name of an XR."""

WORKLOAD_LIMIT = 45
"""Leaves room for the suffixes of pods, and of the revision labels of StatefulSets and LeaderWorkerSets."""

_DIGEST = 10


def digest(*parts: str, length: int = _DIGEST) -> str:
    """Return a hash of the parts in hexadecimal, each part on its own: ("a-b", "c") differs from ("a", "b-c")."""
    sha = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        sha.update(b"%d:" % len(raw))
        sha.update(raw)
    return sha.hexdigest()[:length]


@functools.lru_cache(maxsize=32768)
def child(*parts: str, limit: int = LABEL_LIMIT) -> str:
    """Return a DNS-1035 label that is unique to the parts: a readable prefix and their hash."""
    prefix = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
    if not prefix[:1].isalpha():
        prefix = f"m{prefix}"
    return f"{prefix[: limit - _DIGEST - 1].rstrip('-')}-{digest(*parts)}"
