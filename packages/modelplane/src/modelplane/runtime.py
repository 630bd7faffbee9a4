# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The gRPC server of a function: any error becomes a Fatal result, never a crash."""

import functools
import gc
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click
import grpc
from crossplane.function import cli, logging
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from typing_extensions import override

from modelplane.composed import TTL_AWAITING, Composed
from modelplane.errors import ModelplaneError

MAX_RECEIVE_MIB = 64
"""A fleet's clusters and replicas do not fit into gRPC's default of 4."""

MAX_MESSAGE = 1024
"""Characters of a Fatal result: Kubernetes refuses longer events."""

GC_THRESHOLD = 50_000
"""Objects between two looks of the garbage collector: Python's 700 takes a fifth of a large reply's time."""

Compose = Callable[[fnv1.RunFunctionRequest], Composed]


def answer(compose: Compose, req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionResponse:
    """Return what a function answers to a request, its errors as a Fatal result, which keeps all that is composed."""
    try:
        return compose(req).write(req)
    except ModelplaneError as err:
        return fatal(req, str(err))
    except Exception as err:  # noqa: BLE001  the server outlives any bug; the log has its traceback
        # As text: the SDK's own rendering of exc_info prints local variables, tokens among them.
        logging.get_logger().error("cannot compose", error=type(err).__name__, traceback=traceback.format_exc())
        return fatal(req, f"cannot compose, this is a bug: {type(err).__name__}: {err}")


def fatal(req: fnv1.RunFunctionRequest, message: str) -> fnv1.RunFunctionResponse:
    """Return a reply that changes nothing and says why, in one line of bounded length."""
    rsp = fnv1.RunFunctionResponse(desired=req.desired)
    if req.HasField("context"):
        rsp.context.CopyFrom(req.context)
    rsp.meta.tag = req.meta.tag
    rsp.meta.ttl.seconds = TTL_AWAITING
    line = " ".join(message.split())[:MAX_MESSAGE]
    rsp.results.append(fnv1.Result(severity=fnv1.SEVERITY_FATAL, message=line))
    return rsp


class Runner(grpcv1.FunctionRunnerServiceServicer):
    """Serves one function, or many behind one `compose` that chooses."""

    def __init__(self, compose: Compose) -> None:
        self._compose = compose

    @override
    async def RunFunction(
        self, request: fnv1.RunFunctionRequest, context: grpc.aio.ServicerContext
    ) -> fnv1.RunFunctionResponse:
        return answer(self._compose, request)


def serve(compose: Compose, **options: Any) -> None:  # noqa: ANN401  the SDK's own options, passed through
    """Serve until SIGTERM. What is imported by now is taken out of the garbage collector's sight.

    A reply to a fleet makes tens of thousands of objects and no cycle among them: the collector looks rarely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    cli.run(Runner(compose), **options)


def main(compose: Callable[..., Composed], options: Sequence[click.Option] = ()) -> None:
    """Run a function as a program with the SDK's standard options, and its own: keywords of `compose`."""
    own = [option.name for option in options if option.name]

    def start(**given: Any) -> None:  # noqa: ANN401  click passes what the options declare
        settings = {name: given.pop(name) for name in own}
        serve(functools.partial(compose, **settings), **given)

    command = click.command(context_settings={"default_map": {"max_recv_message_size": MAX_RECEIVE_MIB}})
    program = command(cli.standard_options(start))
    program.params.extend(options)
    program()
