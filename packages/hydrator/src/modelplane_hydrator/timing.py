# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every duration and bound of a hydration, in one value that callers may scale."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds, unless the name says otherwise; all on the monotonic clock."""

    beat: float = 10.0
    stale: float = 90.0
    busy: float = 3600.0
    poll: float = 2.0
    connect: float = 20.0
    stall: float = 30.0
    crawl: float = 300.0
    crawl_bytes: int = MIB
    listing: float = 900.0
    backoff: float = 0.5
    backoff_most: float = 30.0
    attempts: int = 7
    patience: float = 300.0
    refetches: int = 3
    line: float = 5.0
    bar: float = 0.2
    report: float = 60.0
    report_final: float = 60.0
    report_call: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many bytes move at once, and over how many connections."""

    range_bytes: int = 16 * MIB
    connections: int = 8
    spare_buffers: int = 2
    syncers: int = 8
