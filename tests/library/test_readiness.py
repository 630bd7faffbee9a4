# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import pytest
from modelplane import readiness
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
