# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The rules of the house that no linter keeps: sizes, headers, one owner for each label, reasons for suppressions."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = ("schemas/python/models/", "tests/golden/", "tests/e2e/golden/", "packages/cli/src/modelplane_cli/apis/")
HEADER = ("SPDX-FileCopyrightText: The Modelplane Authors", "SPDX-License-Identifier: Apache-2.0")
WITH_HEADER = (".py", ".toml", ".nix", ".yaml", ".yml", ".sh", ".c")
FILE_LIMIT, FUNCTION_LIMIT, TEST_LIMIT, P95_LIMIT = 400, 40, 60, 30


def _files() -> list[Path]:
    """Return the files of the repository that people write, as git would add them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607  whichever git is installed
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listed.stdout.splitlines() if not name.startswith(GENERATED)]
    return [ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()]


FILES = _files()
PYTHON = [path for path in FILES if path.suffix == ".py"]
SOURCES = [path for path in PYTHON if "src" in path.relative_to(ROOT).parts]


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the length of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{_relative(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_is_something_to_check() -> None:
    """Rules over nothing would hold."""
    assert len(SOURCES) > 50


def test_no_file_is_long() -> None:
    """A file has one idea; past 400 lines it has two."""
    lengths = {_relative(path): len(path.read_text().splitlines()) for path in PYTHON}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LIMIT} == {}


def test_no_function_is_long() -> None:
    """A function is read at once: 40 lines at most, 60 for a test, and nearly all far shorter."""
    source = {name: lines for path in SOURCES for name, lines in _functions(path)}
    every = {name: lines for path in PYTHON for name, lines in _functions(path)}
    assert {name: lines for name, lines in source.items() if lines > FUNCTION_LIMIT} == {}
    assert {name: lines for name, lines in every.items() if lines > TEST_LIMIT} == {}
    assert sorted(source.values())[int(len(source) * 0.95)] <= P95_LIMIT


def _needs_header(path: Path) -> bool:
    script = not path.suffix and path.read_bytes()[:2] == b"#!"
    return (path.suffix in WITH_HEADER or script) and path.stat().st_size > 0


def test_every_source_file_says_whose_it_is() -> None:
    """Two SPDX lines stand within the first four of every file that can hold a comment."""
    heads = {path: "\n".join(path.read_text().splitlines()[:4]) for path in FILES if _needs_header(path)}
    lacking = [_relative(path) for path, head in heads.items() if not all(line in head for line in HEADER)]
    assert lacking == []


LABEL = re.compile(r"modelplane\.ai/(?!v\d)[a-z-]+")


def _strings(path: Path) -> Iterator[str]:
    """Yield the strings of a file but its docstrings."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_labels_have_one_owner() -> None:
    """A key under modelplane.ai is spelt in labels.py; everybody else imports it. The hydrator is told its key."""
    spelt = {
        f"{_relative(path)}: {found.group()}"
        for path in SOURCES
        if path.name != "labels.py" and "hydrator" not in _relative(path)
        for text in _strings(path)
        for found in LABEL.finditer(text)
    }
    assert spelt == set()


SUPPRESSION = re.compile(r"#\s*(noqa|ty: ignore|type: ignore|shellcheck disable)(.*)$")
WITH_CODE = re.compile(r"^(: [A-Z]+\d+(, ?[A-Z]+\d+)*|\[[a-z-]+(, ?[a-z-]+)*\])\s+\S+")


def test_every_suppression_has_a_code_and_a_reason() -> None:
    """Whoever silences a check says which, and why."""
    bare = [
        f"{_relative(path)}:{number}"
        for path in PYTHON
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for found in [SUPPRESSION.search(line)]
        if found and not WITH_CODE.match(found.group(2))
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        pytest.param(r"\bin sync\b", "two spellings of one fact are one too many", id="in sync"),
        pytest.param(r"shell=True", "no shell ever sees a user's text", id="a shell"),
        pytest.param(
            r"[\"'\s(=]/work/|/home/(?!kubernetes/)[a-z]",
            "paths of one machine mean nothing on another",
            id="a path of here",
        ),
    ],
)
def test_what_never_occurs(pattern: str, why: str) -> None:
    """Some words in source are a fault wherever they stand."""
    found = [_relative(path) for path in SOURCES if re.search(pattern, path.read_text())]
    assert found == [], why


def test_modules_are_nouns() -> None:
    """A module called utils holds what nobody could name."""
    unnamed = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [_relative(path) for path in SOURCES if path.stem in unnamed] == []


def test_entry_points_are_thin() -> None:
    """A `__main__` parses and calls; what it calls can be tested."""
    mains = [path for path in SOURCES if path.name == "__main__.py" and "functions" in path.parts]
    assert mains
    assert {_relative(p): n for p in mains if (n := len(ast.parse(p.read_text()).body)) > 6} == {}
