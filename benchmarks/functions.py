# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Measure every function against a server that does no work: `python benchmarks/functions.py`.

Both servers stay up and get the same bytes by turns, call by call, in the opposite order every other time, so that
whatever else the machine does hits both. A ratio is the median over the rounds of one round's p50 by the other's. The
exit code is 1 where a bar is missed, or where a reply does not hold what it should.
"""

import argparse
import shlex
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import cases
import installed
import servers
from cases import Case
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from servers import Server

CARRIES_CEL = ("compose-model-deployment",)
START_BAR = 1.4
MEMORY_BAR = {False: 8.0, True: 16.0}
INSTALLED_BAR = {False: 3.0, True: 20.0}
TOGETHER_BAR = 120.0
MIB = 1 << 20
FEWEST = 5
"""Calls of each server in a round, whatever the time."""


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure of the floor's, ours, how they compare, and the bar."""

    name: str
    floor: str
    ours: str
    compared: str
    bar: str
    holds: bool

    def __str__(self) -> str:
        """Return the line in Markdown."""
        cells = (self.name, self.floor, self.ours, self.compared, self.bar, "yes" if self.holds else "**no**")
        return f"| {' | '.join(cells)} |"


HEAD = ("| | floor | function | compared | bar | holds |", "|---|---|---|---|---|---|")


def main() -> None:
    """Print a table, and exit with 1 where a bar is missed."""
    given = _arguments()
    chosen = [case for case in cases.every(given.sizes) if given.only in case.name]
    failed = False
    sys.stdout.write("\n".join(HEAD) + "\n")
    for row in _rows(chosen, given):
        sys.stdout.write(f"{row}\n")
        sys.stdout.flush()
        failed = failed or not row.holds
    raise SystemExit(1 if failed else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=_sizes, default=[100, 1000], help="clusters of the fleets, for example 100,1000"
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=40, help="calls of each server in a round")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round, at most")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--starts", type=int, default=7, help="starts of each server, 0 to leave starts out")
    parser.add_argument("--floor", type=shlex.split, default=list(servers.FLOOR), help="another floor; takes --address")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def _rows(chosen: Sequence[Case], given: argparse.Namespace) -> Iterator[Row]:
    for case in chosen:
        yield latency(case, given)
    smallest = {case.function: case for case in sorted(chosen, key=lambda case: -case.req.ByteSize())}
    for case in smallest.values() if given.starts else ():
        yield from start(case, given)
        yield size(case.function)
    if given.starts and smallest:
        yield together(smallest.values())


def latency(case: Case, given: argparse.Namespace) -> Row:
    """Return the time of a call, and the server's processor time by it, against the floor's."""
    raw = case.req.SerializeToString(deterministic=True)
    with servers.serving(given.floor, raw) as floor, servers.serving(servers.one_function(case.function), raw) as ours:
        check(case, ours.call(raw))
        before = floor.cpu, ours.cpu
        rounds = [by_turns(floor, ours, raw, given) for _ in range(given.rounds)]
        cpu = (ours.cpu - before[1]) / max(floor.cpu - before[0], 0.01)
        check(case, ours.call(raw))
    floors, times = zip(*rounds, strict=True)
    ratios = [mine / other for mine, other in zip(times, floors, strict=True)]
    ratio = statistics.median(ratios)
    return Row(
        name=f"{case.name}, {len(raw) / MIB:.2f} MiB",
        floor=f"{statistics.median(floors):.2f} ms",
        ours=f"{statistics.median(times):.2f} ms",
        compared=f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; CPU {cpu:.2f})",
        bar=f"≤ {case.bar}",
        holds=ratio <= case.bar,
    )


def by_turns(floor: Server, ours: Server, raw: bytes, given: argparse.Namespace) -> tuple[float, float]:
    """Return the p50 of both servers in milliseconds, over a round of calls by turns."""
    times: dict[bool, list[float]] = {True: [], False: []}
    end = time.perf_counter() + given.seconds
    for index in range(given.calls):
        for server in (floor, ours) if index % 2 else (ours, floor):
            times[server is ours].append(server.timed(raw))
        if index >= FEWEST and time.perf_counter() > end:
            break
    return statistics.median(times[False]), statistics.median(times[True])


def check(case: Case, reply: bytes) -> None:
    """Exit where a reply does not hold the objects that it should."""
    rsp = fnv1.RunFunctionResponse.FromString(reply)
    found = cases.composed(rsp)
    if found != case.expected:
        raise SystemExit(f"{case.name}: the reply holds {dict(found)}, not {dict(case.expected)}: {list(rsp.results)}")


def start(case: Case, given: argparse.Namespace) -> Iterator[Row]:
    """Yield the time from exec to the first reply, and the memory then, against the floor's."""
    raw = case.req.SerializeToString(deterministic=True)
    pairs, floors, ours = [], [], []
    for index in range(given.starts):
        pair = {}
        for command in (given.floor, servers.one_function(case.function))[:: 1 if index % 2 else -1]:
            with servers.serving(command, raw) as server:
                pair[command is given.floor] = server.started
                (floors if command is given.floor else ours).append(server.memory)
        pairs.append((pair[True], pair[False]))
    ratio = statistics.median(mine / other for other, mine in pairs)
    yield Row(
        name=f"{case.function}, start to first reply",
        floor=f"{statistics.median(pair[0] for pair in pairs):.2f} s",
        ours=f"{statistics.median(pair[1] for pair in pairs):.2f} s",
        compared=f"{ratio:.2f}",
        bar=f"≤ {START_BAR}",
        holds=ratio <= START_BAR,
    )
    base, mine = statistics.median(floors), statistics.median(ours)
    yield more(f"{case.function}, memory after start", base, mine, MEMORY_BAR[case.function in CARRIES_CEL])


def size(function: str) -> Row:
    """Return what installing a function takes beyond the SDK."""
    base, mine = installed.size(installed.SDK), installed.size(function)
    return more(f"{function}, installed", base, mine, INSTALLED_BAR[function in CARRIES_CEL])


def more(name: str, base: float, mine: float, bar: float) -> Row:
    """Return a row of what ours takes beyond the floor."""
    compared = f"{mine - base:+.1f} MiB"
    return Row(name, f"{base:.1f} MiB", f"{mine:.1f} MiB", compared, f"≤ +{bar:.0f} MiB", holds=mine - base <= bar)


def together(chosen: Iterable[Case]) -> Row:
    """Return the memory of one process that serves every function, after each has answered."""
    every = [case.req.SerializeToString(deterministic=True) for case in chosen]
    with ExitStack() as stack:
        server = stack.enter_context(servers.serving(servers.ALL_FUNCTIONS, every[0]))
        for raw in every:
            server.call(raw)
        memory = server.memory
    name = "all functions in one process, memory"
    return Row(name, "", f"{memory:.1f} MiB", "", f"≤ {TOGETHER_BAR:.0f} MiB", holds=memory <= TOGETHER_BAR)


if __name__ == "__main__":
    main()
