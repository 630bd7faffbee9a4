# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the pages on packages say is so: links lead somewhere, names are the ones that are given."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from modelplane_cli import functions

from release import __main__ as command
from release import build, names
from release import project as projects

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / "docs" / "platform").glob("*.md"), ROOT / "docs" / "contributing" / "packages.md"]
PROJECT = projects.read(ROOT)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
EXAMPLE = re.compile(r"examples/[\w./-]+")


@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in sorted(PAGES)])
def test_links_lead_somewhere(page: Path) -> None:
    """Pages and examples that a page names are there."""
    text = page.read_text()
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    missing += [path for path in EXAMPLE.findall(text) if not (ROOT / path.rstrip(".")).exists()]
    assert missing == []


def test_the_installed_name_is_the_one_that_is_given() -> None:
    """Whoever looks for a function finds it under the name on the page."""
    name = names.all_installed(PROJECT.repository, ["compose-model-cache"])["compose-model-cache"]
    assert f"`{name}`" in (ROOT / "docs" / "platform" / "install.md").read_text()


def test_variables_are_options() -> None:
    """What the page sets, the function takes."""
    taken = {str(option.envvar) for option in functions.options()["compose-model-cache"]}
    page = (ROOT / "docs" / "platform" / "install.md").read_text()
    assert taken == {"HYDRATOR_IMAGE", "ALLOW_HTTP_ENDPOINTS"}
    assert [name for name in taken if f"`{name}`" not in page] == []


def test_files_are_those_that_are_made() -> None:
    """The page on packages lists each folder that a build writes, and no flag that there is not."""
    page = (ROOT / "docs" / "contributing" / "packages.md").read_text()
    assert set(re.findall(r"_output/(\w+)", page)) == {*build.MADE, "digests"}
    helped = CliRunner().invoke(command.package, ["--help"]).output
    flags = set(re.findall(r"scripts/package[^\n#|`]*", page))
    assert {flag for line in flags for flag in re.findall(r"--[a-z-]+", line)} <= set(re.findall(r"--[a-z-]+", helped))


def test_crossplane_is_the_version_that_the_packages_need() -> None:
    """The page installs a Crossplane that satisfies the constraint, the one that the rig runs."""
    page = (ROOT / "docs" / "platform" / "install.md").read_text()
    found = re.search(r"--version (\d+\.\d+\.\d+)", page)
    assert found
    pinned = (ROOT / "tests" / "e2e" / "tools" / "crossplane" / "go.mod").read_text()
    assert f"github.com/crossplane/crossplane/v2 v{found.group(1)}" in pinned
    constraint = yaml.safe_load((ROOT / projects.FILE).read_text())["spec"]["crossplane"]["version"]
    assert constraint.startswith(">=v2.3")


def test_the_named_providers_are_the_pinned_ones() -> None:
    """The page that says what becomes of another version names those of the project, and no other but an example."""
    page = (ROOT / "docs" / "platform" / "install.md").read_text()
    _, _, section = page.partition("## Providers that are there already")
    named = set(re.findall(r"v\d+\.\d+\.\d+(?!-)", section.partition("\n## ")[0]))
    pinned = {row["version"] for row in PROJECT.dependencies}
    assert (pinned - named, named - pinned) == (set(), {"v1.4.1"})
