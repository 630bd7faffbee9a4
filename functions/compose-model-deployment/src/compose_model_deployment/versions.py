# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Semantic versions (semver.org, 2.0.0) and their order."""

import re
from dataclasses import dataclass

_NUMBER = r"(0|[1-9][0-9]*)"
_SYNTAX = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_LOOSE = re.compile(r"v?([0-9]+(?:\.[0-9]+){0,2})(.*)", re.DOTALL)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Version:
    """A version as far as its precedence goes: build metadata is not part of it."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""

    @property
    def order(self) -> tuple[int, int, int, bool, list[tuple[bool, int, str]]]:
        """Return what sorts by precedence: a release is above its pre-releases, numbers are below words."""
        steps = [_step(part) for part in self.prerelease.split(".") if part]
        return self.major, self.minor, self.patch, not steps, steps


def parse(text: str) -> Version:
    """Return a version; raise ValueError where it is not exactly one."""
    found = _SYNTAX.fullmatch(text)
    if found is None or not _well_formed(found[4] or ""):
        raise ValueError(f"{text[:64]!r} is no semantic version, write it like 1.2.3")
    numbers = [int(number) for number in found.groups()[:3] if len(number) < len(str(_LARGEST))]
    if len(numbers) < 3:  # noqa: PLR2004  major, minor and patch
        raise ValueError(f"{text[:64]!r} has a number that is too large for a version")
    return Version(*numbers, prerelease=found[4] or "")


def normalized(text: str) -> Version:
    """Return a version that may have a leading v, leading zeros or fewer than three numbers; raise ValueError."""
    found = _LOOSE.fullmatch(text)
    if found is None:
        return parse(text)
    numbers = [number.lstrip("0") or "0" for number in found[1].split(".")]
    return parse(".".join([*numbers, "0", "0"][:3]) + found[2])


def _well_formed(prerelease: str) -> bool:
    parts = prerelease.split(".") if prerelease else []
    return all(part and not (part.isdecimal() and part[0] == "0" and len(part) > 1) for part in parts)


def _step(part: str) -> tuple[bool, int, str]:
    return (False, int(part), "") if part.isdecimal() else (True, 0, part)
