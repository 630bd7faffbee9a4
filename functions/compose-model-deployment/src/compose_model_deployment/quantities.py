# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Kubernetes quantities, exact: every value is a whole number of billionths."""

import re

NANO = 10**9
LARGEST = (2**63 - 1) * NANO
"""Kubernetes caps larger values."""

_LONGEST = 64
_DIGITS = 40
"""Powers of ten beyond this are capped, or rounded to one billionth, whatever stands before them."""

_SYNTAX = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)\.?([0-9]*)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def billionths(text: str) -> int:
    """Return a quantity in billionths, rounded away from zero as Kubernetes does; raise ValueError."""
    found = _SYNTAX.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"{text[:_LONGEST]!r} is no quantity, write it like 80Gi or 500m")
    sign, whole, part, suffix = (group or "" for group in found.groups())
    mantissa = int(whole + part or "0") * 1024 ** _BINARY.get(suffix, 0)
    value = min(_scaled(mantissa, _power(suffix) - len(part) + 9), LARGEST)
    return -value if sign == "-" else value


def _power(suffix: str) -> int:
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix not in _BINARY:
        return int(suffix[1:])
    return _DECIMAL.get(suffix, 0)


def _scaled(mantissa: int, power: int) -> int:
    if power >= 0:
        return mantissa * 10 ** min(power, _DIGITS)
    return -(-mantissa // 10 ** min(-power, 2 * _LONGEST))
