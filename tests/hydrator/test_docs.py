# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

from modelplane_hydrator import errors
from modelplane_hydrator.timing import Timing

PAGE = (Path(__file__).resolve().parents[2] / "docs/hydration.md").read_text(encoding="utf-8")


def test_exit_codes_are_documented() -> None:
    """The page's table of exit codes is the code's, permanence and meaning included."""
    rows = [
        f"| {kind.exit_code} | {kind.reason} | {'yes' if kind.permanent else 'no'} | {kind.__doc__} |"
        for kind in errors.REASONS
    ]
    start = PAGE.index("| 1 | InternalError")
    assert PAGE[start:].split("\n\n")[0].splitlines() == rows


def test_bounds_are_documented() -> None:
    """The page's bounds are the code's."""
    timing = Timing()
    assert (timing.stall, timing.attempts, timing.patience, timing.crawl) == (30, 7, 300, 300)
    assert (timing.listing, timing.busy, timing.stale, timing.beat, timing.report) == (900, 3600, 90, 10, 60)
    for words in ("no byte for 30 s", "seven failures in a row", "15 minutes of listing", "90 s", "at most every 60 s"):
        assert words in PAGE
