# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The preview judges what the real provider judged, on the very objects that it saw."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from modelplane_cli import provider

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
STATES: list[dict[str, Any]] = [state for path in FILES for state in yaml.safe_load(path.read_text())]


@pytest.mark.parametrize("state", [pytest.param(s, id=f"{s['kind']}-{i}") for i, s in enumerate(STATES)])
def test_readiness_is_the_real_providers(state: dict[str, Any]) -> None:
    """A recorded remote object is ready by our reading exactly where provider-kubernetes said so."""
    ready, message = provider.readiness(state["readiness"], state["remote"])
    assert (ready, message) == (state["conditions"]["Ready"] == "True", "")


def test_there_are_records() -> None:
    """Jobs, claims and workloads were recorded, each before and after it was ready."""
    judged: dict[str, set[str]] = {}
    for state in STATES:
        judged.setdefault(state["kind"], set()).add(state["conditions"]["Ready"])
    assert judged["Job"] == judged["Deployment"] == {"True", "False"}
