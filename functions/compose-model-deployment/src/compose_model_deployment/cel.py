# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""CEL in DRA's dialect: selectors over one device, type-checked when compiled.

There are two environments. The checking one knows every type, so that a misspelt `device.drvier` or a quantity
compared to a string is an error. The running one knows kinds only: two functions of one name on two message types,
which the runtime cannot tell apart, are one function there.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cel_expr_python import cel
from modelplane.pools import Device

from compose_model_deployment import dialect, quantities, versions

_LONGEST = 300
"""Characters of an error: it quotes what the user wrote, which may be long."""
_EXTENSIONS = ("bindings", "lists", "optional", "sets", "strings")
_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_LITERAL = re.compile(r"\b(quantity|semver)\(\s*(?:\"([^\"\\]*)\"|'([^'\\]*)')\s*\)")
_DOMAIN = re.compile(r"\bdevice\s*\.\s*(attributes|capacity)\s*\[\s*(?:\"([^\"\\]*)\"|'([^'\\]*)')\s*\]")
_MEMBERSHIP = re.compile(r"\bin\s+device\b")


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled selector, or why it is none.

    `domains` are those that it indexes by a literal: DRA reads an unknown domain as one without entries.
    """

    error: str = ""
    expression: cel.Expression | None = None
    domains: tuple[tuple[str, str], ...] = ()

    def holds(self, device: Device) -> bool:
        """Return whether the selector is true of a device; an evaluation error is no match."""
        if self.expression is None:
            return False
        try:
            found = self.expression.eval(data={"device": _bound(device, self.domains)})
        except RuntimeError:  # the budget of iterations is spent
            return False
        return found.type() == cel.Type.BOOL and found.value() is True


@functools.lru_cache(maxsize=1024)
def program(source: str) -> Program:
    """Return a selector, compiled."""
    try:
        checked = _checking().compile(source)
        expression = _running().compile(source, disable_check=True)
    except RuntimeError as err:
        return Program(error=_reason(str(err)))
    if checked.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        return Program(error="it must be true or false of a device")
    problem = _bad_literal(source)
    if problem:
        return Program(error=problem)
    found = () if _MEMBERSHIP.search(source) else sorted({(m[1], m[2] or m[3] or "") for m in _DOMAIN.finditer(source)})
    return Program(expression=expression, domains=tuple(found))


@functools.lru_cache(maxsize=8192)
def holds(source: str, device: Device) -> bool:
    """Return whether a selector is true of a device."""
    return program(source).holds(device)


def _reason(message: str) -> str:
    found = _ERROR.search(message)
    if found is None:
        return message.splitlines()[0][:_LONGEST]
    line, column, problem = found.groups()
    where = f"column {column}" if line == "1" else f"line {line}, column {column}"
    return f"{problem[:_LONGEST]} at {where}"


def _bad_literal(source: str) -> str:
    for found in _LITERAL.finditer(source):
        text = found[2] if found[2] is not None else found[3]
        try:
            quantities.billionths(text) if found[1] == "quantity" else versions.parse(text)
        except ValueError as err:
            return str(err)
    return ""


def _bound(device: Device, domains: tuple[tuple[str, str], ...]) -> Mapping[str, object]:
    """Return a device as the variable `device`."""
    fields: dict[str, dict[str, dict[str, object]]] = {"attributes": {}, "capacity": {}}
    for kind, domain in domains:
        fields[kind].setdefault(domain, {})
    for kind, entries in (("attributes", _attributes(device)), ("capacity", _capacity(device))):
        for key, value in entries.items():
            domain, _, name = key.rpartition("/")
            fields[kind].setdefault(domain or device.driver, {})[name] = value
    return {"driver": device.driver, "allowMultipleAllocations": False, **fields}


def _attributes(device: Device) -> dict[str, object]:
    found: dict[str, object] = dict(device.attributes)
    for key, text in device.versions.items():
        try:
            found[key] = dialect.semver(versions.normalized(text))
        except ValueError:
            continue
    return found


def _capacity(device: Device) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, text in device.capacity.items():
        try:
            found[key] = dialect.quantity(quantities.billionths(text))
        except ValueError:
            continue
    return found


@functools.cache
def _checking() -> cel.Env:
    return _environment(dialect.CHECKED_VARIABLES, dialect.declarations(merged=False))


@functools.cache
def _running() -> cel.Env:
    return _environment({"device": cel.Type.DYN}, dialect.declarations(merged=True))


def _environment(variables: Mapping[str, cel.Type], functions: list[cel.FunctionDecl]) -> cel.Env:
    names = "".join(f"\n- name: {name}" for name in _EXTENSIONS)
    config = cel.NewEnvConfigFromYaml(f"name: dra\nextensions:{names}")
    return cel.NewEnv(dialect.POOL, config=config, variables=variables, functions=functions)
