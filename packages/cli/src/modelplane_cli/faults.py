# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What is wrong with one field of an object, and how a field is written."""

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""The steps from an object to one of its fields: names of fields, keys of maps, indices of lists."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Fault:
    """One field that the API server would refuse, with the fix in its message.

    A baffling one leaves nothing that a rule could judge: a wrong type, an unknown value, too much of it.
    """

    path: Path
    message: str
    baffling: bool = False


def dotted(path: Path) -> str:
    """Return a path as the API server writes it, for example spec.engines[0].name."""
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, str) and _PLAIN.fullmatch(step):
        return f".{step}"
    return f"[{step}]"
