# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the rig cannot do is one line that names the way out, and nothing is started."""

import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from e2e.rig import __main__ as command
from e2e.rig import commands, fleet, layout, machine, processes, tools
from e2e.rig.errors import RigError


class Usage(NamedTuple):
    """What shutil.disk_usage returns."""

    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep away from a rig that runs on this machine."""
    monkeypatch.setenv("MODELPLANE_RIG_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MODELPLANE_RIG_CACHE", str(tmp_path / "cache"))


def test_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anyone but root is told what root is needed for."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RigError, match="need root; run it as root"):
        machine.check()


def test_without_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told with both numbers and the way out."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 1 << 40, 5 << 20))
    with pytest.raises(RigError, match=r"5 MiB free and it needs 10240; .*MODELPLANE_RIG_STATE"):
        machine.check()


def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that something else holds is named, with what the rig wants it for."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        monkeypatch.setattr(layout, "tcp_ports", lambda: {port: "the registry"})
        with pytest.raises(RigError, match=f"port {port}, for the registry, is in use"):
            machine.check_ports()


def test_two_commands_at_once() -> None:
    """A second command is refused while the first holds the rig; a lock file of a dead one holds nothing."""
    with (
        fleet.lock(),
        pytest.raises(RigError, match=f"another command holds it \\(process {os.getpid()}\\)"),
        fleet.lock(),
    ):
        pass
    with fleet.lock():
        pass


def test_a_tool_that_is_not_built() -> None:
    """A missing program names the command that builds it."""
    with pytest.raises(RigError, match="it is not built; run `scripts/rig build`"):
        tools.binary("etcd")


def test_a_log_that_nobody_wrote() -> None:
    """A wrong name lists the right ones."""
    result = CliRunner().invoke(command.rig, ["logs", "nothing"])
    assert isinstance(result.exception, RigError)
    assert "the rig has none yet" in str(result.exception)


def test_a_program_that_ends_at_once(tmp_path: Path) -> None:
    """A program that does not come up is told with the last line of its log."""
    started = processes.Processes(tmp_path)
    process = started.start("broken", ["sh", "-c", "echo no such flag; exit 1"])
    with pytest.raises(RigError, match="cannot start broken: it ended at once: no such flag"):
        started.wait(process, lambda: False, seconds=10)
    started.stop("broken")
    assert started.all() == []


def test_a_reused_process_id(tmp_path: Path) -> None:
    """A recorded id that belongs to another program by now is never signalled."""
    started = processes.Processes(tmp_path)
    process = started.start("short", ["true"])
    assert processes.until(lambda: not process.alive, seconds=10)
    other = processes.Process("short", os.getpid(), process.started, process.log)
    assert not other.alive


def test_a_program_that_is_never_done() -> None:
    """A program that takes too long is ended, and told in one line."""
    with pytest.raises(RigError, match="cannot wait: sleep was not done after 0 s"):
        commands.run(["sleep", "60"], what="wait", seconds=0.1)
