# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import pytest
from modelplane import meta, readiness
from modelplane.paths import struct


@pytest.mark.parametrize(
    ("kind", "statuses", "want"),
    [
        pytest.param("Object", {"Ready": "True"}, True, id="its Ready condition"),
        pytest.param("Object", {"Ready": "False"}, False, id="not ready"),
        pytest.param("Object", {"Synced": "True"}, False, id="no Ready condition yet"),
        pytest.param("ModelReplica", {}, False, id="nothing yet"),
        pytest.param("ClusterProviderConfig", {}, True, id="a kind without conditions is ready once it is there"),
        pytest.param("Secret", {}, True, id="so is a Secret"),
        pytest.param("", {}, False, id="a resource without a kind"),
    ],
)
def test_ready(*, kind: str, statuses: dict[str, str], want: bool) -> None:
    """By kind, and by its Ready condition unless the kind says otherwise."""
    assert readiness.ready(struct({"kind": kind}), statuses) is want


@pytest.mark.parametrize(
    ("generation", "seen", "want"),
    [
        pytest.param(2, 1, False, id="Ready of the spec before this one"),
        pytest.param(2, 2, True, id="Ready of this spec"),
        pytest.param(2, None, True, id="a controller that does not tell"),
        pytest.param(None, 1, True, id="a kind without generations"),
    ],
)
def test_ready_is_of_the_spec_that_is_there(*, generation: int | None, seen: int | None, want: bool) -> None:
    """An object whose spec was just changed is not ready by what its controller said before."""
    synced = {"type": "Synced", "status": "True", "observedGeneration": seen}
    conditions = [{"type": "Ready", "status": "True"}, {key: value for key, value in synced.items() if value}]
    metadata = {} if generation is None else {"generation": generation}
    obj = struct({"kind": "Object", "metadata": metadata, "status": {"conditions": conditions}})
    assert readiness.ready(obj, meta.statuses(obj)) is want
