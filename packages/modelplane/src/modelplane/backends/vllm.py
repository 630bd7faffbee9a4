# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The one engine that Modelplane knows: vLLM's parallelism flags, and how a gang of it finds together over Ray."""

from collections.abc import Sequence

from modelplane.backends import base
from modelplane.engines import Engine

RAY_PORT = 6379

_TENSOR = ("--tensor-parallel-size", "-tp")
_PIPELINE = ("--pipeline-parallel-size", "-pp")
_EXECUTOR = ("--distributed-executor-backend",)


def arguments(engine: Engine, args: Sequence[str]) -> list[str]:
    """Return the arguments with the engine's parallelism, each flag only where the user did not give it."""
    wanted: list[tuple[tuple[str, ...], int | str]] = [(_TENSOR, engine.tensor)]
    if engine.gang:
        wanted += [(_PIPELINE, engine.pipeline), (_EXECUTOR, "ray")]
    given = {arg.partition("=")[0].replace("_", "-") for arg in args}
    return [*args, *(f"{flags[0]}={value}" for flags, value in wanted if given.isdisjoint(flags))]


def leader(args: Sequence[str]) -> list[str]:
    """Return the command of a gang's leader: Ray's head, then the server with the container's own arguments.

    The arguments reach the shell as "$@" only. A model given by position is understood by `vllm serve` alone, one
    given by flag by every version's server module.
    """
    server = "vllm serve" if base.positional_model(args) else "python3 -m vllm.entrypoints.openai.api_server"
    return ["/bin/sh", "-c", f'ray start --head --port={RAY_PORT} && exec {server} "$@"', "vllm"]


def worker() -> list[str]:
    """Return the command of the other pods of a gang."""
    return ["/bin/sh", "-c", f"exec ray start --address=$LWS_LEADER_ADDRESS:{RAY_PORT} --block"]
