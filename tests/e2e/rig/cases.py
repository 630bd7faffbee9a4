# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The end-to-end cases, run by pytest in a process of its own."""

import os
import subprocess
import sys

from e2e.rig import places


def run(only: str) -> int:
    """Run the cases and return pytest's exit code."""
    argv = [sys.executable, "-m", "pytest", "tests/e2e", "-p", "no:xdist"]
    argv += ["-k", only] if only else []
    environment = {**os.environ, "MODELPLANE_RIG": "1"}
    return subprocess.run(argv, cwd=places.REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our own tests
