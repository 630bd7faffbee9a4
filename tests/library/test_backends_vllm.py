# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import pathlib
import subprocess

import pytest
from modelplane import engines
from modelplane.backends import vllm
from modelplane.engines import Engine

STUB = """#!/bin/sh
printf "%s" "{name}" >> "$SEEN"
for arg in "$@"; do printf "|%s" "$arg" >> "$SEEN"; done
echo >> "$SEEN"
"""


def _engine(**topology: int) -> Engine:
    container = {"name": "engine", "image": "vllm"}
    workers = {"topology": topology, "template": {"spec": {"containers": [container]}}}
    (engine,) = engines.read({"workers": workers})
    return engine


@pytest.mark.parametrize(
    ("engine", "args", "want"),
    [
        pytest.param(_engine(tensor=1), [], ["--tensor-parallel-size=1"], id="one GPU"),
        pytest.param(_engine(tensor=8), ["-tp", "4"], ["-tp", "4"], id="the user's short flag"),
        pytest.param(_engine(tensor=8), ["-tp=4"], ["-tp=4"], id="the user's short flag with its value"),
        pytest.param(
            _engine(tensor=8), ["--tensor_parallel_size=4"], ["--tensor_parallel_size=4"], id="written with underscores"
        ),
        pytest.param(
            _engine(tensor=8, pipeline=2),
            ["--x"],
            ["--x", "--tensor-parallel-size=8", "--pipeline-parallel-size=2", "--distributed-executor-backend=ray"],
            id="a gang",
        ),
        pytest.param(
            _engine(tensor=8, pipeline=2),
            ["--distributed-executor-backend", "mp", "-pp", "4"],
            ["--distributed-executor-backend", "mp", "-pp", "4", "--tensor-parallel-size=8"],
            id="a gang with the user's own",
        ),
    ],
)
def test_arguments(engine: Engine, args: list[str], want: list[str]) -> None:
    """Parallelism follows the topology, and the user's own flags win."""
    assert vllm.arguments(engine, args) == want


def _ran(tmp_path: pathlib.Path, command: list[str], args: list[str]) -> list[str]:
    """Return the programs that a command starts, each with its arguments, with stand-ins for ray, python3 and vllm."""
    for name in ("ray", "python3", "vllm"):
        stub = tmp_path / name
        stub.write_text(STUB.format(name=name))
        stub.chmod(0o755)
    seen = tmp_path / "seen"
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEEN": str(seen), "LWS_LEADER_ADDRESS": "q-0.q.team"}
    subprocess.run([*command, *args], env=env, check=True, timeout=10)  # noqa: S603  our own stand-ins
    return seen.read_text().splitlines()


@pytest.mark.parametrize(
    ("args", "server"),
    [
        pytest.param(
            ["--model=/m", "--x=a b"], "python3|-m|vllm.entrypoints.openai.api_server|--model=/m|--x=a b", id="flags"
        ),
        pytest.param(["Qwen/Q", "--x"], "vllm|serve|Qwen/Q|--x", id="a model by position"),
        pytest.param(
            ["--x=$(rm -rf /); `id` \"'|&"],
            "python3|-m|vllm.entrypoints.openai.api_server|--x=$(rm -rf /); `id` \"'|&",
            id="shell characters",
        ),
    ],
)
def test_leader_runs_head_then_server(tmp_path: pathlib.Path, args: list[str], server: str) -> None:
    """Whatever the user's arguments hold reaches the server as it is, and is never read by the shell."""
    assert _ran(tmp_path, vllm.leader(args), args) == ["ray|start|--head|--port=6379", server]


def test_worker_joins_its_leader(tmp_path: pathlib.Path) -> None:
    """A follower blocks on Ray, so that the pod ends when the gang does."""
    assert _ran(tmp_path, vllm.worker(), []) == ["ray|start|--address=q-0.q.team:6379|--block"]
