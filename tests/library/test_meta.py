# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import meta
from modelplane.errors import Unreadable
from modelplane.paths import Manifest, struct


def test_an_object_tells_who_it_is() -> None:
    """Kind, group, name, namespace, labels and annotations as the API server shows them."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    shown = struct(builders.cache("qwen", labels={"team": "x"}, annotations={"modelplane.ai/retry": "1"}))
    assert (meta.kind(shown), meta.group(shown), meta.name(shown)) == ("ModelCache", "modelplane.ai", "qwen")
    assert (meta.namespace(shown), meta.labels(shown)["team"]) == ("ml-team", "x")
    assert meta.annotation(shown, "modelplane.ai/retry") == "1"
    assert (meta.group(struct(secret)), meta.namespace(struct(secret))) == ("", "")
    assert meta.annotation(struct(secret), "modelplane.ai/retry") == ""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param({"kind": "Pod"}, "cannot read a Pod without metadata.name", id="no metadata"),
        pytest.param({"kind": "Pod", "metadata": {"name": 3}}, "cannot read a Pod", id="a name that is no text"),
        pytest.param({"metadata": "x"}, "cannot read a object", id="nothing to go by"),
    ],
)
def test_an_object_without_a_name_is_unreadable(source: Manifest, message: str) -> None:
    """It is skipped by name of its kind, not guessed at."""
    with pytest.raises(Unreadable, match=message):
        meta.name(struct(source))


@pytest.mark.parametrize(
    ("conditions", "want"),
    [
        pytest.param([builders.condition("Ready")], {"Ready": "True"}, id="one"),
        pytest.param(["x", {"type": "Ready", "status": 1}], {"Ready": ""}, id="a status that is no text"),
        pytest.param([{"status": "True"}], {"": "True"}, id="no type"),
        pytest.param({"type": "Ready"}, {}, id="not a list"),
    ],
)
def test_statuses(conditions: object, want: dict[str, str]) -> None:
    """A broken condition tells nothing and stops nothing."""
    assert meta.statuses(struct({"status": {"conditions": conditions}})) == want


@pytest.mark.parametrize(
    ("conditions", "want"),
    [
        pytest.param([{"type": "Synced", "message": "cannot apply:\n  no\n"}], "cannot apply: no", id="in one line"),
        pytest.param([{"type": "Ready", "message": "yes"}], "", id="another type"),
        pytest.param([{"type": "Synced"}], "", id="nothing"),
    ],
)
def test_what_a_condition_says(conditions: object, want: str) -> None:
    """Controllers write errors of several lines; people get them in one."""
    assert meta.said(struct({"status": {"conditions": conditions}}), "Synced") == want


def test_deleting() -> None:
    """An object is on its way out once its deletion has been asked for."""
    assert not meta.deleting(struct({"metadata": {"name": "a"}}))
    assert meta.deleting(struct({"metadata": {"deletionTimestamp": "2026-06-01T10:00:00Z"}}))
