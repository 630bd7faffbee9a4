# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A program of the rig gets its share of the processors."""

import os
from pathlib import Path

import pytest
from e2e.rig.processes import Processes


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the rig needs Linux")
def test_a_session_has_a_priority(tmp_path: Path) -> None:
    """A program's session has the priority that it was started with, also where the kernel shares out by session."""
    programs = Processes(tmp_path)
    process = programs.start("sleeper", ["sleep", "60"], nice=5)
    try:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 5
        group = Path(f"/proc/{process.pid}/autogroup")
        assert not group.exists() or group.read_text().split()[1:] == ["nice", "5"]
    finally:
        programs.stop("sleeper", kill=True)
