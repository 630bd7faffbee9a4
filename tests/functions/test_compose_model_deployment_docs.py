# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the pages about deployments and scheduling claim is what the function does."""

import re
from pathlib import Path
from typing import get_args

import builders as b
import pytest
import yaml
from builders_deployment import World
from compose_model_deployment import candidates, cel, dialect, status

DOCS = Path(__file__).parents[2] / "docs" / "concepts"
PAGE = (DOCS / "model-deployment.md").read_text()
SCHEDULING = (DOCS / "scheduling.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("example", blocks(PAGE, "yaml"))
def test_examples_are_placed(example: str) -> None:
    """A manifest of the page finds its places on a fleet that has them."""
    xr = yaml.safe_load(example)
    xr["metadata"]["uid"] = "u"
    answer = World(xr, [b.cluster("a"), b.cluster("b")], cache=b.cache()).answer()
    assert answer.clusters == ["a", "b"]


@pytest.mark.parametrize("selector", [line for block in blocks(SCHEDULING, "text") for line in block.splitlines()])
def test_selectors_compile(selector: str) -> None:
    """A selector of the page compiles."""
    assert cel.program(selector).error == ""


def test_every_function_is_listed() -> None:
    """The page names Kubernetes' functions that there are, and no others."""
    paragraph = SCHEDULING.partition("Kubernetes' functions")[2].partition("and the extensions")[0]
    assert {name.removesuffix("()") for name in re.findall(r"`(\w+(?:\(\))?)`", paragraph)} == {
        row.name for row in dialect.ROWS
    }


def test_every_reason_is_listed() -> None:
    """The page names every reason of the deployment's conditions."""
    listed = set(re.findall(r"^\|[^|]*\| (`[^|]*`) \|", PAGE, re.MULTILINE))
    found = {reason for cell in listed for reason in re.findall(r"`(\w+)`", cell)}
    own = {"Accepted", "Scheduled", "ScaledToZero", "NotAccepted"}
    assert found == own | set(get_args(status.Refusal)) | set(get_args(status.Shortfall))


def test_every_obstacle_is_listed_in_order() -> None:
    """The page lists what a shortfall counts, in the order of the message."""
    table = SCHEDULING.partition("| the message says |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) == list(candidates.SAYS.values())
