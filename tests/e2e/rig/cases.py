# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The end-to-end cases, run by pytest in processes of its own, and the one table of what came of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from e2e.rig import places

TOGETHER = 4
NO_CASES = 5  # pytest's exit code where nothing was selected
RESULTS = "MODELPLANE_RIG_RESULTS"


@dataclass(frozen=True)
class Case:
    """What came of one case, and what it measured."""

    name: str
    result: str
    seconds: float
    figures: str = ""


def run(only: str, say: Callable[[str], None]) -> int:
    """Run the cases, those that disturb no other side by side, print the table, return the first bad exit code."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        together = _pytest(results, only, "not alone", f"-n{TOGETHER}", "--dist=loadgroup")
        alone = _pytest(results, only, "alone", "-n0")
        for line in table(read(results)):
            say(line)
    say(f"{time.monotonic() - start:.0f} seconds in all")
    if together == alone == NO_CASES:
        return NO_CASES
    return next((code for code in (together, alone) if code not in (0, NO_CASES)), 0)


def write(found: Iterable[Case]) -> None:
    """Add results to the file that the command reads, where there is one."""
    if path := os.environ.get(RESULTS):
        with Path(path).open("a") as file:
            file.writelines(json.dumps(vars(case)) + "\n" for case in found)


def read(path: Path) -> list[Case]:
    """Return the results that were written."""
    return [Case(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def table(found: list[Case]) -> list[str]:
    """Return a line for each test function: its result, the worst of its rows', and its seconds, all of its rows'."""
    rows: dict[str, list[Case]] = {}
    for case in found:
        rows.setdefault(case.name.partition("[")[0], []).append(case)
    lines = [f"{'case':90} {'result':8} {'seconds':>8}"]
    for name, cases in sorted(rows.items()):
        count = f" ({len(cases)})" if len(cases) > 1 else ""
        worst = next((case.result for case in cases if case.result != "passed"), "passed")
        lines.append(f"{name + count:90} {worst:8} {sum(case.seconds for case in cases):8.1f}")
        lines += [f"  {case.figures}" for case in cases if case.figures]
    return lines


def _pytest(results: Path, only: str, marked: str, *more: str) -> int:
    argv = [sys.executable, "-m", "pytest", "tests/e2e", "-m", marked, *more]
    argv += ["-k", only] if only else []
    environment = {**os.environ, "MODELPLANE_RIG": "1", RESULTS: str(results)}
    return subprocess.run(argv, cwd=places.REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our own tests
