# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What is printed is stable, holds no secrets, and reads back as it was."""

import json

import pytest
from modelplane.paths import Manifest
from modelplane_cli import load, show


def printed(body: Manifest) -> Manifest:
    """Return an object as it reads back from what was printed."""
    return load.read(show.as_yaml([("title", {"apiVersion": "v1", "kind": "X", **body})]), "f")[0].body


@pytest.mark.parametrize(
    ("metadata", "want"),
    [
        pytest.param({"name": "a", "uid": "1"}, {"name": "a"}, id="uid"),
        pytest.param({"name": "a", "resourceVersion": "1", "generation": 1}, {"name": "a"}, id="counters"),
        pytest.param({"name": "a", "creationTimestamp": "2026-11-11T11:11:11Z"}, {"name": "a"}, id="birth"),
        pytest.param({"name": "a", "managedFields": [{}]}, {"name": "a"}, id="managed-fields"),
        pytest.param(
            {"ownerReferences": [{"kind": "Box", "name": "b", "controller": True, "uid": "1"}]},
            {"ownerReferences": [{"kind": "Box", "name": "b", "controller": True}]},
            id="the-owner-stays",
        ),
    ],
)
def test_what_varies_is_left_out(metadata: Manifest, want: Manifest) -> None:
    """Nothing that a server makes up is printed, at any depth."""
    assert printed({"metadata": metadata})["metadata"] == want
    assert printed({"spec": {"manifest": {"metadata": metadata}}})["spec"]["manifest"]["metadata"] == want


def test_times_are_pinned() -> None:
    """A condition has its time, always the same one."""
    conditions = [{"type": "Ready", "lastTransitionTime": "2026-11-11T11:11:11Z"}]
    shown = printed({"status": {"conditions": conditions}})["status"]["conditions"]
    assert shown == [{"type": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize("wrap", [pytest.param(False, id="bare"), pytest.param(True, id="in-an-object")])
def test_secrets_are_redacted(*, wrap: bool) -> None:
    """A Secret's values are never printed, in either field, wherever it is, nor in the annotation of kubectl."""
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"t":"c2VjcmV0"}}', "keep": "1"}
    secret: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": annotation},
        "data": {"t": "c2VjcmV0"},
        "stringData": {"u": "secret"},
    }
    body = {"apiVersion": "v1", "kind": "Object", "spec": {"forProvider": {"manifest": secret}}} if wrap else secret
    for text in (show.as_yaml([("t", body)]), show.as_json([("t", body)])):
        assert "c2VjcmV0" not in text
        assert "secret" not in text
        assert text.count("REDACTED") == 2
        assert "keep" in text


@pytest.mark.parametrize(
    "value",
    [
        "y",
        "N",
        "yes",
        "1e3",
        "1_0",
        "0x1F",
        "null",
        "~",
        "1:30",
        "2026-01-01",
        "a: b",
        "# c",
        "x" * 300,
        "two\nlines",
        "",
    ],
)
def test_strings_read_back(value: str) -> None:
    """A string is a string again when it is read, also by readers that take more for numbers and booleans."""
    assert printed({"v": value})["v"] == value


@pytest.mark.parametrize("value", ["y", "N", "1e3", "1E-3"])
def test_what_others_misread_is_quoted(value: str) -> None:
    """What Go's YAML takes for a boolean or a number is quoted."""
    assert f"'{value}'" in show.as_yaml([("t", {"v": value})])


def test_sections() -> None:
    """A section's title stands once, above its first object."""
    body = {"kind": "X"}
    text = show.as_yaml([("one", body), ("one", body), ("two", body)])
    assert text == "---\n# one\nkind: X\n---\nkind: X\n---\n# two\nkind: X\n"


def test_json_is_one_list() -> None:
    """JSON is one List, as kubectl takes it."""
    got = json.loads(show.as_json([("one", {"kind": "X"}), ("two", {"kind": "Y"})]))
    assert (got["kind"], [item["kind"] for item in got["items"]]) == ("List", ["X", "Y"])
