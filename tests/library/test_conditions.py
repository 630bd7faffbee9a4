# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import conditions
from modelplane.conditions import Condition
from modelplane.paths import struct


@pytest.mark.parametrize(
    ("shown", "want"),
    [
        pytest.param(
            [builders.condition("Staged", "False", "Failed", "why")],
            Condition(type="Staged", status="False", reason="Failed", message="why"),
            id="as it stands",
        ),
        pytest.param([builders.condition("Other")], None, id="none of that type"),
        pytest.param([], None, id="none at all"),
        pytest.param(
            [{"type": "Staged", "status": "Maybe"}],
            Condition(type="Staged", status="Unknown", reason=""),
            id="a status that Kubernetes does not know",
        ),
    ],
)
def test_observed(shown: list[dict[str, str]], want: Condition | None) -> None:
    """The condition that the XR carries now, to tell a change by."""
    assert conditions.observed(struct({"status": {"conditions": shown}}), "Staged") == want


def test_a_condition_stands_until_there_is_news() -> None:
    """A type that is no longer written would go stale, so what was said is said again, or Unknown."""
    xr = struct({"status": {"conditions": [builders.condition("A", "True", "Fine")]}})
    stood = conditions.stands(xr, ("A", "B"))
    assert [(c.type, c.status, c.reason) for c in stood] == [("A", "True", "Fine"), ("B", "Unknown", "Waiting")]
