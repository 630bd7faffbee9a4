# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every case of the rig runs in one lane, and every lane comes to its turn."""

import itertools

import pytest
from e2e.rig import cases

MARKS = [lane.mark for lane in cases.LANES if lane.mark]
SETS = [set(chosen) for count in range(len(MARKS) + 1) for chosen in itertools.combinations(MARKS, count)]


@pytest.mark.parametrize("marked", [pytest.param(marked, id="-".join(sorted(marked)) or "none") for marked in SETS])
def test_a_case_is_in_one_lane(marked: set[str]) -> None:
    """Whatever marks a case has, one lane runs it: that of the last of them, or that of cases without any."""
    named = {mark: mark in marked for mark in MARKS}
    lanes = [lane for lane in cases.LANES if eval(cases.expression(lane), dict(named))]  # noqa: S307 - ours
    assert [lane.mark for lane in lanes] == [max(marked, key=MARKS.index, default="")]


def test_a_lane_follows_earlier_ones() -> None:
    """A lane waits only for lanes that stand before it, so none waits for ever."""
    seen: set[str] = set()
    for lane in cases.LANES:
        assert seen >= set(lane.after)
        seen.add(lane.name)
