# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The one table of a run: a line for each case, however many processes ran it."""

from pathlib import Path

import pytest
from e2e.rig import cases
from e2e.rig.cases import Case

FOUND = [
    Case("test_a.py::test_rows[one]", "passed", 1.0),
    Case("test_b.py::test_alone", "passed", 62.25, "served in 60 s"),
    Case("test_a.py::test_rows[two]", "failed", 2.0),
]


def test_rows_of_a_case_are_one_line_with_the_worst_result() -> None:
    """A bad row makes its case bad; figures stand below."""
    head, rows, alone, figures = cases.table(FOUND)
    assert head.split() == ["case", "result", "seconds"]
    assert rows.split() == ["test_a.py::test_rows", "(2)", "failed", "3.0"]
    assert alone.split() == ["test_b.py::test_alone", "passed", "62.2"]
    assert figures == "  served in 60 s"


def test_processes_add_to_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one process wrote is still there when the next has written."""
    path = tmp_path / "results"
    assert cases.read(path) == []
    monkeypatch.setenv(cases.RESULTS, str(path))
    for case in FOUND:
        cases.write([case])
    assert cases.read(path) == FOUND


def test_without_a_file_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that a person runs with pytest need no file."""
    monkeypatch.delenv(cases.RESULTS, raising=False)
    cases.write(FOUND)
