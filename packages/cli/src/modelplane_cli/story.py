# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A whole preview as text: what was given, step by step what happened, what there is in the end, and how it ended."""

import textwrap
from collections.abc import Iterable, Iterator

from modelplane import clusters

from modelplane_cli import sections, timeline, tree, verdict
from modelplane_cli.objects import value_at
from modelplane_cli.plane import Plane
from modelplane_cli.play import MAX_STEPS, Player
from modelplane_cli.timeline import Cell, Snapshot

WIDTH = 120

MADE_UP = (
    "The functions are the real ones. What the clusters answer is made up: volumes bind, downloads succeed, pods "
    "start. Sizes and commits (facade...) are made up, too."
)

_STEP = 9
_WHO = 28


def told(player: Player, *, limit: int = MAX_STEPS) -> Iterator[str]:
    """Play until Ready, or for as many steps as the limit says, and yield the story's lines."""
    player.start()
    yield from _given(player.plane)
    before = timeline.EMPTY
    while True:
        after = Snapshot.of(player)
        yield from _step(player.plane.step, timeline.cells(player, before, after))
        before = after
        if player.ready() or player.plane.step >= limit or not player.tick():
            break
    yield from ("", "What there is in the end:", "")
    yield from tree.drawn(player.plane).splitlines()
    yield ""
    yield from end(player)


def end(player: Player) -> Iterator[str]:
    """Yield how a preview ended: Ready, or what every XR that is not waits for."""
    plane = player.plane
    if player.ready():
        yield f"Ready after {plane.step} steps."
        return
    yield f"Not Ready after {plane.step} steps:"
    for xr in sections.in_order(plane):
        for line in verdict.waits(plane, xr):
            yield from _wrapped(f"{xr}: {line}", indent=2)


def _given(plane: Plane) -> Iterator[str]:
    mine = {key for composed in plane.composed.values() for key in composed.values()}
    applied = ", ".join(str(xr) for xr in sorted(plane.composed) if xr not in mine)
    fleet = [
        f"{key.name} ({value_at(plane.objects[key], 'spec', 'cluster', 'source')})"
        for key in sorted(plane.objects)
        if key.kind == clusters.KIND
    ]
    yield from _wrapped(f"Applied  {applied}", hang=_STEP)
    yield from _wrapped(f"Fleet    {', '.join(fleet) or 'no clusters; give them with --fleet'}", hang=_STEP)
    yield from _wrapped(f"Played   {MADE_UP}", hang=_STEP)
    yield ""


def _step(number: int, cells: Iterable[Cell]) -> Iterator[str]:
    """Yield one step's lines in columns; who is named once for lines that follow each other."""
    head, last = f"step {number}", ""
    for who, what in cells:
        start = f"{head:<{_STEP}}{who if who != last else '':<{_WHO}} "
        yield from _wrapped(start + what, hang=_STEP + _WHO + 1)
        head, last = "", who


def _wrapped(line: str, *, hang: int = 0, indent: int = 0) -> list[str]:
    """Return a line broken at the width; long words stay whole."""
    first, rest = " " * indent, " " * (hang or indent + 2)
    made = textwrap.TextWrapper(WIDTH, initial_indent=first, subsequent_indent=rest)
    made.break_long_words = made.break_on_hyphens = False
    return made.wrap(line)
