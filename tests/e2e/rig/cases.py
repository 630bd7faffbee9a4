# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The end-to-end cases, run by pytest in a process of its own."""

import os
import subprocess
import sys

from e2e.rig import places

TOGETHER = 4
NO_CASES = 5  # pytest's exit code where nothing was selected


def run(only: str) -> int:
    """Run the cases, those that disturb no other side by side, and return the first bad exit code."""
    together = _pytest(only, "not alone", f"-n{TOGETHER}")
    alone = _pytest(only, "alone", "-n0")
    if together == alone == NO_CASES:
        return NO_CASES
    return next((code for code in (together, alone) if code not in (0, NO_CASES)), 0)


def _pytest(only: str, marked: str, *more: str) -> int:
    argv = [sys.executable, "-m", "pytest", "tests/e2e", "-m", marked, *more]
    argv += ["-k", only] if only else []
    environment = {**os.environ, "MODELPLANE_RIG": "1"}
    return subprocess.run(argv, cwd=places.REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our own tests
