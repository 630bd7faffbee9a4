# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A Composition's steps, run in process: requirements resolved as Crossplane does, one step's desired state the next's.

Crossplane calls a function again with what it asked for, until it asks for the same as before, at most five times
more. An object that does not exist is answered with an empty list. A Fatal result ends the pipeline.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import paths, runtime
from modelplane.runtime import Compose

from modelplane_cli.apis import Step
from modelplane_cli.errors import BadInput
from modelplane_cli.functions import Functions

MAX_ITERATIONS = 5

CAPABILITIES = (
    fnv1.CAPABILITY_CAPABILITIES,
    fnv1.CAPABILITY_REQUIRED_RESOURCES,
    fnv1.CAPABILITY_CREDENTIALS,
    fnv1.CAPABILITY_CONDITIONS,
)

Fetch = Callable[[fnv1.ResourceSelector], list[Struct]]

Severity = Literal["Normal", "Warning", "Fatal"]

_SEVERITIES: dict[int, Severity] = {
    fnv1.SEVERITY_NORMAL: "Normal",
    fnv1.SEVERITY_WARNING: "Warning",
    fnv1.SEVERITY_FATAL: "Fatal",
}


@dataclass(frozen=True)
class Result:
    """What a function told the user."""

    step: str
    severity: Severity
    reason: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What a pipeline answered; `fatal` says why it ended early, and then nothing desired counts."""

    desired: fnv1.State
    conditions: tuple[fnv1.Condition, ...]
    results: tuple[Result, ...]
    fatal: str = ""


def run(observed: fnv1.State, steps: tuple[Step, ...], *, functions: Functions, fetch: Fetch) -> Outcome:
    """Return what the pipeline answers to an observed state."""
    req = fnv1.RunFunctionRequest(observed=observed)
    conditions: list[fnv1.Condition] = []
    results: list[Result] = []
    for step in steps:
        rsp = _resolved(_request(req, step), _function(step, functions), step=step, fetch=fetch)
        conditions.extend(rsp.conditions)
        told = [_result(result, step) for result in rsp.results]
        results.extend(told)
        fatal = next((result.message for result in told if result.severity == "Fatal"), "")
        if fatal:
            return Outcome(rsp.desired, tuple(conditions), tuple(results), fatal)
        req = fnv1.RunFunctionRequest(observed=observed, desired=rsp.desired, context=rsp.context)
    return Outcome(req.desired, tuple(conditions), tuple(results))


def _function(step: Step, functions: Functions) -> Compose:
    if step.function not in functions:
        have = ", ".join(sorted(functions)) or "none"
        raise BadInput(
            f"cannot run step {step.name!r}: function {step.function!r} is not installed (installed: {have})"
        )
    return functions[step.function]


def _request(base: fnv1.RunFunctionRequest, step: Step) -> fnv1.RunFunctionRequest:
    req = fnv1.RunFunctionRequest()
    req.CopyFrom(base)
    if step.input is not None:
        req.input.CopyFrom(paths.struct(step.input))
    req.meta.tag = hashlib.sha256(req.SerializeToString(deterministic=True)).hexdigest()
    req.meta.capabilities.extend(CAPABILITIES)
    return req


def _resolved(req: fnv1.RunFunctionRequest, compose: Compose, *, step: Step, fetch: Fetch) -> fnv1.RunFunctionResponse:
    """Call a function until its requirements are stable."""
    asked: fnv1.Requirements | None = None
    for _ in range(MAX_ITERATIONS + 1):
        rsp = runtime.answer(compose, req)
        if any(result.severity == fnv1.SEVERITY_FATAL for result in rsp.results) or rsp.requirements == asked:
            return rsp
        asked = rsp.requirements
        req.required_resources.clear()
        req.extra_resources.clear()
        for name, selector in asked.resources.items():
            _fill(req.required_resources[name], fetch(selector))
        for name, selector in asked.extra_resources.items():
            _fill(req.extra_resources[name], fetch(selector))
        req.context.CopyFrom(rsp.context)
    message = f"requirements of step {step.name!r} did not stabilize after {MAX_ITERATIONS} iterations"
    return runtime.fatal(req, message)


def _fill(target: fnv1.Resources, found: list[Struct]) -> None:
    target.SetInParent()
    for obj in found:
        target.items.add().resource.CopyFrom(obj)


def _result(result: fnv1.Result, step: Step) -> Result:
    return Result(step.name, _SEVERITIES.get(result.severity, "Warning"), result.reason, result.message)
