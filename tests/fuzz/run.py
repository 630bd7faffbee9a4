# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The long form of the fuzz test: `python tests/fuzz/run.py --requests 10000`."""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import builders_fuzz
import builders_judge as judge
import builders_servers as servers
import builders_worlds as worlds


def main() -> None:
    """Fuzz every function alone and all of them in one process, and say how many requests were answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="over all servers")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    states = [state for ticks in (0, 3, worlds.MANY) for size in (1, 3) for state in worlds.states(size, ticks)]
    names = sorted({state.function for state in states})
    served = [*[(servers.one_function(name), [s for s in states if s.function == name]) for name in names]]
    served.append((servers.ALL_FUNCTIONS, states))
    answered, each = 0, -(-given.requests // len(served))
    for command, own in served:
        with servers.serving(command) as server:
            answered += judge.fuzzed(server, builders_fuzz.cases(own, count=each, seed=given.seed))
            answered += judge.mangled(server, builders_fuzz.mangled(own, count=each // 20, seed=given.seed))
            judge.healthy(server, own)
        sys.stdout.write(f"{' '.join(command[1:])}: {answered} answered so far\n")
    sys.stdout.write(f"{answered} requests answered by {len(served)} servers, seed {given.seed}\n")


if __name__ == "__main__":
    main()
