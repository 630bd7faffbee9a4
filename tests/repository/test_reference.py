# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""docs/reference/conditions.md lists every condition, reason, label and annotation, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelplane import labels

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/conditions.md").read_text()
SOURCES = [*ROOT.glob("functions/*/src/*/*.py"), *ROOT.glob("packages/modelplane/src/modelplane/*.py")]
MAKERS = {"true", "false", "unknown", "_refused", "_phase", "_kept", "Failure", "Plan", "Refusal", "Site"}
CAMEL = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")
PHASES = {"Pending", "Hydrating", "Ready", "Failed"}


def literals(node: ast.AST) -> Iterator[str]:
    """Yield the strings under a node that look like a reason."""
    for found in ast.walk(node):
        if isinstance(found, ast.Constant) and isinstance(found.value, str) and CAMEL.fullmatch(found.value):
            yield found.value


def name_of(call: ast.Call) -> str:
    """Return the last part of what is called."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def told(node: ast.AST) -> Iterator[str]:
    """Yield the reasons that a node gives: an argument of what makes conditions, or the second of a phase's tuple."""
    if isinstance(node, ast.Call) and name_of(node) in MAKERS:
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
        for argument in given:
            if isinstance(argument, ast.Constant | ast.IfExp):
                yield from literals(argument)
    if isinstance(node, ast.Tuple) and len(node.elts) > 1 and PHASES.intersection(literals(node.elts[0])):
        yield from literals(node.elts[1])


def reasons(path: Path) -> set[str]:
    """Return the reasons that a module gives."""
    return {reason for node in ast.walk(ast.parse(path.read_text())) for reason in told(node)}


def page_reasons() -> set[str]:
    """Return what the page's tables name as a reason."""
    return {name for name in re.findall(r"`([A-Za-z]+)` *\|", PAGE) if CAMEL.fullmatch(name)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_reason_is_explained(path: Path) -> None:
    """A reason that a function can give stands in the page, or a person would have to read the code."""
    assert {reason for reason in reasons(path) - PHASES if f"`{reason}`" not in PAGE} == set()


def test_every_explained_reason_exists() -> None:
    """The page explains nothing that no function says."""
    text = "\n".join(path.read_text() for path in SOURCES)
    assert {name for name in page_reasons() if f'"{name}"' not in text} == set()


def test_every_condition_type_has_a_heading() -> None:
    """Each condition type that a function declares in TYPES, or the library adds, is a heading of the page."""
    every = "\n".join(path.read_text() for path in SOURCES if path.name in ("status.py", "composed.py"))
    types = set(re.findall(r'^[A-Z_]+ = "([A-Z][a-z]+[A-Z][A-Za-z]+)"$', every, re.MULTILINE))
    assert {"ArtifactReady", "InputsResolved", "ModelReady", "ReplicasScheduled"} <= types
    assert {name for name in types if f"\n### {name}\n" not in PAGE} == set()


def test_every_label_is_listed() -> None:
    """Each key of `labels` stands in the page, and each key in the page is one of them."""
    keys = {value for name, value in vars(labels).items() if name.isupper() and name != "PREFIX"}
    assert set(re.findall(r"^\| `(modelplane\.ai/[a-z-]+)`", PAGE, re.MULTILINE)) == keys
