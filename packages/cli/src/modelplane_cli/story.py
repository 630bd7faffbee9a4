# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A whole preview as text: what was given, the timeline until Ready or until nothing moves, and how it ended."""

from collections.abc import Iterable, Iterator

from modelplane import clusters

from modelplane_cli import sections, timeline, verdict
from modelplane_cli.objects import value_at
from modelplane_cli.plane import Plane
from modelplane_cli.play import MAX_STEPS, Player
from modelplane_cli.timeline import Cell, Snapshot

MADE_UP = (
    "The functions are real. The clusters' answers are made up: volumes bind, downloads succeed, pods start; "
    "commits and sizes are no real ones."
)


def told(player: Player) -> Iterator[str]:
    """Play until Ready and yield the story's lines."""
    plane = player.plane
    yield from _given(plane)
    yield ""
    player.start()
    before = timeline.EMPTY
    while True:
        after = Snapshot.of(player)
        yield from _step(plane.step, timeline.lines(player, before, after))
        before = after
        if player.ready() or plane.step >= MAX_STEPS or not player.tick():
            break
    yield ""
    yield from _end(player)


def _given(plane: Plane) -> Iterator[str]:
    fleet = [
        f"{key.name} ({value_at(plane.objects[key], 'spec', 'cluster', 'source')})"
        for key in sorted(plane.objects)
        if key.kind == clusters.KIND
    ]
    yield f"Applied: {', '.join(str(xr) for xr in sections.in_order(plane))}"
    yield f"Fleet:   {', '.join(fleet) or 'no clusters; give them with --fleet'}"
    yield MADE_UP


def _step(number: int, cells: Iterable[Cell]) -> Iterator[str]:
    """Yield one step's lines in columns; who is named once for lines that follow each other."""
    head, last = f"step {number}", ""
    for who, what in cells:
        yield f"{head:<8} {who if who != last else '':<34} {what}"
        head, last = "", who


def _end(player: Player) -> Iterator[str]:
    if player.ready():
        yield f"Ready after {player.plane.step} steps."
        return
    yield f"Not Ready, and nothing moves any more after {player.plane.step} steps:"
    yield from (f"  {line}" for line in verdict.waits(player.plane))
