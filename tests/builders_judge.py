# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Judging what servers answer to fuzzed requests: points 1 to 3 of the contract, and that they live."""

from collections.abc import Iterable, Sequence

import builders_worlds as worlds
import grpc
import laws
from builders_fuzz import Case
from builders_healthy import State
from builders_servers import Server
from crossplane.function.proto.v1 import run_function_pb2 as fnv1


def fuzzed(server: Server, cases: Iterable[Case]) -> int:
    """Return how many cases were answered; fail on the first breach."""
    count = 0
    for case in cases:
        rsp = server.call(case.req)
        found = [*laws.breaches(case.req, rsp), *laws.leaks(worlds.TOKEN, rsp)]
        if not case.may_release:
            found += laws.lost(case.req, rsp)
        if not case.may_release and set(case.state.req.required_resources) - set(case.req.required_resources):
            found += laws.forgotten(case.req.observed.composite.resource, rsp)
        assert not found, f"{case.state.function}: {case.what}:\n" + "\n".join(found[:5])
        count += 1
    assert server.alive
    return count


def mangled(server: Server, raws: Iterable[bytes]) -> int:
    """Return how many byte strings were sent: each is answered, or refused as no request."""
    count = 0
    for raw in raws:
        refusal = _refusal(server, raw)
        assert refusal in (None, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN), refusal
        count += 1
    assert server.alive
    return count


def healthy(server: Server, states: Sequence[State]) -> None:
    """Assert that a server still answers healthy requests as it should."""
    for state in states:
        assert laws.canonical(server.call(state.req)) == laws.canonical(state.answer()), state.function


def _refusal(server: Server, raw: bytes) -> grpc.StatusCode | None:
    try:
        fnv1.RunFunctionResponse.FromString(server.send(raw))
    except grpc.RpcError as err:
        return err.code() if isinstance(err, grpc.Call) else grpc.StatusCode.UNKNOWN
    return None
