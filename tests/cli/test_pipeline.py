# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A pipeline in process resolves requirements and chains steps as Crossplane does."""

from collections.abc import Callable

import pytest
from builders_preview import need, xr
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, paths
from modelplane.composed import Composed
from modelplane.errors import InvalidSpec
from modelplane.paths import Manifest
from modelplane_cli import pipeline
from modelplane_cli.apis import Step
from modelplane_cli.errors import BadInput
from modelplane_cli.pipeline import Outcome

Compose = Callable[[fnv1.RunFunctionRequest], Composed]


def run(*functions: Compose, fetch: pipeline.Fetch = lambda _: []) -> Outcome:
    """Run functions as the steps of one pipeline."""
    observed = fnv1.State()
    paths.fill(observed.composite.resource, xr())
    names = [f"f{index}" for index in range(len(functions))]
    steps = tuple(Step(f"run-{name}", name, {"kind": "Input"}) for name in names)
    return pipeline.run(observed, steps, functions=dict(zip(names, functions, strict=True)), fetch=fetch)


def config(name: str) -> Manifest:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_requirements_are_resolved_until_they_are_stable() -> None:
    """A function that asks for more once it has seen something gets it, and is called no more often than needed."""
    calls: list[list[str]] = []

    def compose(req: fnv1.RunFunctionRequest) -> Composed:
        calls.append(sorted(req.required_resources))
        needs = (need("a"), need("b")) if "a" in req.required_resources else (need("a"),)
        found = [item for name in req.required_resources for item in req.required_resources[name].items]
        return Composed(needs=needs, status={"found": len(found)}, ready=True, empty_ok=True)

    outcome = run(compose, fetch=lambda selector: [paths.struct(config(selector.match_name or "all"))])
    assert calls == [[], ["a"], ["a", "b"]]
    assert paths.whole(outcome.desired.composite.resource, "status", "found") == 2


def test_absent_is_answered_with_nothing() -> None:
    """What does not exist is there as an empty list, not left out: absent differs from unresolved."""
    seen: list[bool] = []

    def compose(req: fnv1.RunFunctionRequest) -> Composed:
        seen.append("a" in req.required_resources)
        return Composed(needs=(need("a", match_name="none"),))

    run(compose)
    assert seen == [False, True]


def test_requirements_that_never_settle() -> None:
    """A function that asks for something else each time is called six times, then that is a fatal result."""
    calls: list[int] = []

    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        calls.append(1)
        return Composed(needs=(need(f"n{len(calls)}"),))

    outcome = run(compose)
    assert len(calls) == 6
    assert outcome.fatal == "requirements of step 'run-f0' did not stabilize after 5 iterations"


def test_steps_chain() -> None:
    """A step sees what the one before desired, and the step's own input."""

    def first(_req: fnv1.RunFunctionRequest) -> Composed:
        return Composed(resources={"one": config("one")}, conditions=(conditions.true("First", "Done"),))

    def second(req: fnv1.RunFunctionRequest) -> Composed:
        assert paths.text(req.input, "kind") == "Input"
        assert list(req.desired.resources) == ["one"]
        return Composed(resources={"two": config("two")}, conditions=(conditions.true("Second", "Done"),))

    outcome = run(first, second)
    assert sorted(outcome.desired.resources) == ["one", "two"]
    assert {"First", "Second"} <= {condition.type for condition in outcome.conditions}


@pytest.mark.parametrize(
    ("error", "want"),
    [
        pytest.param(
            InvalidSpec("cannot read Box 'box': spec.size"), "cannot read Box 'box': spec.size", id="on-purpose"
        ),
        pytest.param(KeyError("x"), "cannot compose, this is a bug: KeyError: 'x'", id="a-bug"),
    ],
)
def test_fatal_ends_the_pipeline(error: Exception, want: str) -> None:
    """A function's error is its message in one line, and later steps do not run."""

    def first(_req: fnv1.RunFunctionRequest) -> Composed:
        raise error

    def second(_req: fnv1.RunFunctionRequest) -> Composed:
        raise AssertionError("a step ran after a fatal result")

    outcome = run(first, second)
    assert outcome.fatal == want
    assert [(r.severity, r.step) for r in outcome.results] == [("Fatal", "run-f0")]


def test_a_function_that_is_not_installed() -> None:
    """A step whose function is missing names it and those that are there."""
    with pytest.raises(BadInput, match=r"function 'gone' is not installed \(installed: box\)"):
        pipeline.run(
            fnv1.State(), (Step("s", "gone", None),), functions={"box": lambda _: Composed()}, fetch=lambda _: []
        )
