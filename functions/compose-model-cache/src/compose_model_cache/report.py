# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the hydrator reports of itself, in the annotation of its Job."""

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Progress of one Job; what it has not said is empty."""

    commit: str = ""
    tree: str = ""
    staged: int = 0
    total: int = 0
    rate: int = 0
    eta: int = 0
    reason: str = ""
    time: str = ""


@functools.lru_cache(maxsize=4096)
def read(annotation: str) -> Report:
    """Return the report in an annotation; one that is absent or makes no sense is empty."""
    if not annotation:
        return Report()
    try:
        said = json.loads(annotation)
    except ValueError:
        return Report()
    return _report(said) if isinstance(said, dict) else Report()


def _report(said: dict[str, Any]) -> Report:
    commit = _text(said, "commit")
    return Report(
        commit=commit if _COMMIT.fullmatch(commit) else "",
        tree=_text(said, "tree"),
        staged=_count(said, "bytes"),
        total=_count(said, "total"),
        rate=_count(said, "rate"),
        eta=_count(said, "eta"),
        reason=_text(said, "reason"),
        time=_text(said, "time"),
    )


def _text(said: dict[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _count(said: dict[str, Any], key: str) -> int:
    value = said.get(key)
    return int(value) if isinstance(value, int | float) and 0 <= value < float("inf") else 0
