# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Manifests are read as kubectl reads them, and every complaint names file, line and fix."""

import io
import sys
from pathlib import Path

import pytest
from modelplane_cli import load
from modelplane_cli.errors import BadInput

HEAD = "apiVersion: v1\nkind: X\n"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("v: 2026-01-01", "2026-01-01", id="a-date-is-a-string"),
        pytest.param("v: 1:30", "1:30", id="no-numbers-in-base-60"),
        pytest.param("v: 1e3", 1000.0, id="an-exponent-needs-no-dot"),
        pytest.param("v: yes", True, id="yes-is-true"),
        pytest.param('v: "yes"', "yes", id="quoted-is-a-string"),
        pytest.param("v: ~", None, id="null"),
        pytest.param("v: {on: 1}", {"on": 1}, id="a-key-is-always-a-string"),
        pytest.param("a: &x {k: 1}\nv: *x", {"k": 1}, id="an-anchor"),
        pytest.param("a: &x {k: 1}\nv: {<<: *x, l: 2}", {"k": 1, "l": 2}, id="a-merge"),
    ],
)
def test_scalars(text: str, want: object) -> None:
    """A value has the type that kubectl would give it."""
    assert load.read(HEAD + text, "f.yaml")[0].body["v"] == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("a: [", "f.yaml:2: cannot read YAML:", id="broken"),
        pytest.param(HEAD + "kind: Y", "f.yaml:3: cannot read YAML: key 'kind' is given twice", id="twice"),
        pytest.param(HEAD + "{a: 1}: 2", "f.yaml:3: cannot read YAML:", id="a-mapping-as-key"),
        pytest.param("- a", "f.yaml:1: cannot read a manifest: it must be a mapping", id="a-list"),
        pytest.param("kind: X", "f.yaml:1: cannot read a manifest without apiVersion; add it", id="no-version"),
        pytest.param("---\n---\napiVersion: v1", "f.yaml:3: cannot read a manifest without kind", id="no-kind"),
        pytest.param("a: !!python/none", "f.yaml:1: cannot read YAML:", id="a-python-tag"),
        pytest.param("a: \x01", "f.yaml: cannot read YAML:", id="a-control-character"),
        pytest.param("a: " + "[" * 100000, "f.yaml: cannot read YAML: it is nested", id="too-deep"),
        pytest.param("a:\n" + "- " * 100000, "f.yaml: cannot read YAML: it is nested", id="too-deep-block"),
    ],
)
def test_complaints(text: str, want: str) -> None:
    """What cannot be read is one line with file and line."""
    with pytest.raises(BadInput) as caught:
        load.read(text, "f.yaml")
    assert caught.value.message.startswith(want)
    assert "\n" not in caught.value.message


def test_documents_of_a_file() -> None:
    """Documents are separate, empty ones are none, and a List gives its items, each with its own line."""
    items = "- apiVersion: v1\n  kind: A\n- apiVersion: v1\n  kind: B\n"
    text = f"---\n{HEAD}---\n---\napiVersion: v1\nkind: List\nitems:\n{items}"
    docs = load.read(text, "f.yaml")
    assert [(doc.body["kind"], doc.where) for doc in docs] == [("X", "f.yaml:2"), ("A", "f.yaml:9"), ("B", "f.yaml:11")]


def test_lines_of_fields() -> None:
    """A field has its own line, an absent one that of its nearest parent."""
    doc = load.read("---\napiVersion: v1\nkind: X\nspec:\n  items:\n  - a: 1\n  - a: 2\n", "f.yaml")[0]
    assert doc.line_of("spec", "items", 1, "a") == 7
    assert doc.line_of("spec", "items", 5, "a") == 5
    assert doc.line_of("spec", "other") == 4
    assert doc.line_of() == 2


def test_folders_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder gives every manifest below it in a stable order, hidden ones left out; "-" is standard input."""
    for name in ("b.yml", "a/z.json", "a/y.yaml", ".git/x.yaml", "notes.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD)
    docs = load.documents([str(tmp_path)])
    assert [str(Path(doc.path).relative_to(tmp_path)) for doc in docs] == ["a/y.yaml", "a/z.json", "b.yml"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HEAD.encode())))
    assert load.documents(["-"])[0].where == "-:1"


@pytest.mark.parametrize(
    ("name", "content", "want"),
    [
        pytest.param("none.yaml", None, "none.yaml: cannot read: no such file or folder", id="missing"),
        pytest.param(
            "empty", b"", "empty: cannot read: the folder holds no .yaml, .yml or .json file", id="empty-folder"
        ),
        pytest.param("f.yaml", b"\xff\xfe\xff", "f.yaml: cannot read: it is not UTF-8 text", id="binary"),
    ],
)
def test_unreadable_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, want: str
) -> None:
    """A path that cannot be used is named with the reason."""
    monkeypatch.chdir(tmp_path)
    if content == b"":
        Path(name).mkdir()
    elif content is not None:
        Path(name).write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load.documents([name])
    assert caught.value.message == want
