# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the pages say of the command is so."""

import re
import shlex

import click
import previews
import pytest
from click.testing import CliRunner
from modelplane_cli import functions, render
from modelplane_cli.__main__ import COMMANDS, main

PAGES = [previews.ROOT / "docs/getting-started.md", *sorted((previews.ROOT / "examples").rglob("README.md"))]
COMMAND_LINES = sorted(
    {
        line.strip()
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("    modelplane render examples/") and "token.yaml" not in line
    }
)
NOT_READY = {"modelplane render examples/cache/kimi-k2 --fleet examples/fleet --until-ready"}
"""What is told to wait for a Secret."""


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_work(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of a page runs as it is written, and ends as the page says."""
    monkeypatch.chdir(previews.ROOT)
    result = CliRunner().invoke(main, shlex.split(line)[1:])
    assert (result.exit_code, result.stderr) == (int(line in NOT_READY), "")


def test_every_flag_is_described() -> None:
    """The command's page names every flag of render, and nothing that is not one."""
    page = (previews.ROOT / "docs/cli.md").read_text(encoding="utf-8")
    section = page[page.index("## `modelplane render") : page.index("### What is played")]
    own = {option.name for option in functions.own_options()}
    flags = {o.opts[-1] for o in render.command.params if isinstance(o, click.Option) and o.name not in own}
    named = set(re.findall(r"^\| `(-[-a-z]+)", section, re.MULTILINE))
    assert {flag for flag in named if flag.startswith("--")} | {"--output"} == flags
    assert "-o yaml" in section


def test_every_command_is_described() -> None:
    """The command's page has a section for each command."""
    page = (previews.ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `modelplane (\w+)", page, re.MULTILINE)) == set(COMMANDS)
