# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The admission table against the offline check."""

import pytest
import yaml
from admission import table
from admission.case import Case
from modelplane_cli import apis, load, validate
from modelplane_cli.faults import dotted


def faults(case: Case) -> list[tuple[str, str]]:
    """Return what is refused in a case: each field and what is said of it."""
    api = apis.packaged()[case.manifest["apiVersion"], case.manifest["kind"]]
    return [(dotted(fault.path), fault.message) for fault in validate.faults(case.manifest, api, old=case.old)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.GOOD])
def test_accepted(case: Case) -> None:
    """Everything that the published shapes allowed, and what we add to them, is accepted."""
    assert faults(case) == [], case.reason


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.BAD])
def test_refused(case: Case) -> None:
    """A refusal is one message, at the field, with the fix."""
    found = faults(case)
    assert [field for field, _ in found] == [case.field], (found, case.reason)
    assert case.says in found[0][1], case.reason


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.BAD if case.old is None])
def test_told_in_one_line(case: Case) -> None:
    """A refusal names file, line, object and field in one line."""
    text = yaml.safe_dump(case.manifest, sort_keys=False)
    (line,) = validate.lines(*load.read(text, "m.yaml"), apis.packaged())
    place, _, said = line.partition(": ")
    number = int(place.removeprefix("m.yaml:"))
    assert 1 <= number <= len(text.splitlines())
    assert f"{case.manifest['kind']} " in said
    assert f"{case.field}: " in said
    assert "\n" not in line


def test_names() -> None:
    """Every case has a name of its own."""
    names = [case.name for case in (*table.GOOD, *table.BAD)]
    assert sorted(names) == sorted(set(names))
