# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Giving each of a few items one of its options, so that none of the bins overflows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

_STEPS = 4096
"""Fitting items into bins has no fast exact answer; a search this long gives up, always at the same point."""


class Option(NamedTuple):
    """A bin, and how much of its room the item takes there."""

    bin: str
    size: int


def assigned(options: Sequence[Sequence[Option]], room: Mapping[str, int]) -> tuple[int, ...] | None:
    """Return the index of each item's option, earlier options first, or None where they do not fit together."""
    order = sorted(range(len(options)), key=lambda item: (len(options[item]), item))
    chosen: dict[int, int] = {}
    if not _search(options, dict(room), order, chosen, [_STEPS]):
        return None
    return tuple(chosen[item] for item in range(len(options)))


def _search(
    options: Sequence[Sequence[Option]], room: dict[str, int], order: list[int], chosen: dict[int, int], left: list[int]
) -> bool:
    if len(chosen) == len(order):
        return True
    item = order[len(chosen)]
    for number, option in enumerate(options[item]):
        if option.size > room.get(option.bin, 0):
            continue
        left[0] -= 1
        if left[0] < 0:
            return False
        room[option.bin] -= option.size
        chosen[item] = number
        if _search(options, room, order, chosen, left):
            return True
        room[option.bin] += option.size
        del chosen[item]
    return False
