# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import math
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value
from modelplane import paths

EVERY_TYPE: dict[str, Any] = {
    "text": "a",
    "number": 3,
    "fraction": 0.5,
    "yes": True,
    "null": [None],
    "list": [{"a": 1}, "b", {"c": {}}],
    "object": {"a": "x", "b": 1, "empty": {}},
}
ALL = paths.struct(EVERY_TYPE)


@pytest.mark.parametrize("key", EVERY_TYPE)
def test_no_reader_fails_on_a_value_of_another_type(key: str) -> None:
    """A neighbour may be of any shape: each reader answers with its own empty value, or the value."""
    for path in ((key,), (key, "a"), (key, "a", "b"), ("absent", key)):
        assert isinstance(paths.text(ALL, *path), str)
        assert isinstance(paths.whole(ALL, *path), int)
        assert isinstance(paths.flag(ALL, *path), bool)
        assert isinstance(paths.has(ALL, *path), bool)
        assert isinstance(paths.child(ALL, *path), Struct)
        assert all(isinstance(item, Struct) for item in paths.children(ALL, *path))
        assert all(isinstance(value, str) for value in paths.texts(ALL, *path).values())


def test_reading_creates_nothing() -> None:
    """Protobuf maps create what is indexed; readers must not, or a request would change while it is read."""
    source = paths.struct(EVERY_TYPE)
    before = source.SerializeToString(deterministic=True)
    for path in (("absent",), ("absent", "b"), ("object", "z", "y"), ("text", "x"), ("list", "x")):
        paths.text(source, *path)
        paths.child(source, *path)
        list(paths.children(source, *path))
    assert source.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param(3, 3, id="a whole number"),
        pytest.param(-1, -1, id="a negative one"),
        pytest.param(0.5, 7, id="a fraction is not whole"),
        pytest.param(math.inf, 7, id="infinity is not whole"),
        pytest.param(math.nan, 7, id="nor is no number"),
        pytest.param("3", 7, id="text is not a number"),
        pytest.param(True, 7, id="nor is a boolean"),
    ],
)
def test_whole_numbers(value: object, want: int) -> None:
    """Anything but a whole number reads as the default."""
    assert paths.whole(paths.struct({"n": value}), "n", default=7) == want


@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param({"a": None}, False, id="null is absent"),
        pytest.param({"a": ""}, True, id="empty text is there"),
        pytest.param({"a": {}}, True, id="an empty object is there"),
        pytest.param({"a": []}, True, id="an empty list is there"),
        pytest.param({}, False, id="absent"),
    ],
)
def test_has(*, source: dict[str, Any], want: bool) -> None:
    """Only null and absence are nothing."""
    found = Struct()
    found.update(source)
    assert paths.has(found, "a") is want


def test_a_struct_and_back() -> None:
    """Plain data survives the way into a Struct and out, whole numbers as int, empty objects and lists kept."""
    assert paths.manifest(ALL) == EVERY_TYPE


def test_entries_of_none_are_left_out_but_not_items() -> None:
    """A builder may write None for what it has not; in a list, position has a meaning."""
    assert paths.manifest(paths.struct({"a": None, "b": [None, 1]})) == {"b": [None, 1]}


def test_a_struct_is_copied_into_a_value() -> None:
    """Ready-made Structs stand where plain data stands."""
    inner = paths.struct({"a": 1})
    assert paths.manifest(paths.struct({"b": inner, "c": [inner]})) == {"b": {"a": 1}, "c": [{"a": 1}]}


def test_what_json_has_not_is_refused() -> None:
    """A value that no manifest can hold is our bug, and named."""
    with pytest.raises(TypeError, match="cannot write a set into a Struct"):
        paths.struct({"a": {1}})


def test_a_value_without_a_kind_reads_as_null() -> None:
    """The wire can carry a Value that says nothing."""
    assert paths.plain(Value()) is None
