# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The functions that are installed, and the options that they declare: entry points, never a list."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.composed import Composed
from modelplane.runtime import Compose

from modelplane_cli.apis import Apis
from modelplane_cli.errors import BadInput

COMPOSES = "modelplane.functions"
OPTIONS = "modelplane.options"

Functions = Mapping[str, Compose]
"""By the name that a Composition's functionRef calls them."""


def options() -> dict[str, list[click.Option]]:
    """Return the options of every installed function that has any, by the function's name."""
    return {point.name: list(point.load()) for point in sorted(entry_points(group=OPTIONS))}


def own_options() -> list[click.Option]:
    """Return the options of all functions, one where several share it."""
    every = {option.name: option for declared in options().values() for option in declared}
    return [every[name] for name in sorted(name for name in every if name)]


@dataclass
class Function:
    """An installed function with its settings, imported when it is first called."""

    point: EntryPoint
    settings: dict[str, Any]

    def __call__(self, req: fnv1.RunFunctionRequest) -> Composed:
        """Answer a request."""
        return self.compose(req)

    @functools.cached_property
    def compose(self) -> Compose:
        """Return the function itself."""
        return functools.partial(self.point.load(), **self.settings)


def installed(settings: Mapping[str, Any]) -> dict[str, Function]:
    """Return every installed function, each with the settings that it declares."""
    declared = options()
    out: dict[str, Function] = {}
    for point in sorted(entry_points(group=COMPOSES)):
        names = [option.name for option in declared.get(point.name, []) if option.name]
        out[point.name] = Function(point, {name: settings[name] for name in names if name in settings})
    return out


def serving(apis: Apis, functions: Mapping[str, Function]) -> dict[tuple[str, str], Compose]:
    """Return the function of every kind that has a Composition; raise BadInput where it is not installed."""
    out: dict[tuple[str, str], Compose] = {}
    for kind, api in sorted(apis.items()):
        for step in api.steps[:1]:
            if step.function not in functions:
                raise BadInput(
                    f"cannot serve {api.kind}: function {step.function!r} is not installed; "
                    f"install it beside this command, installed are {', '.join(sorted(functions)) or 'none'}"
                )
            out[kind] = functions[step.function].compose
    return out
