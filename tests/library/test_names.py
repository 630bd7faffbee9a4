# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelplane import names

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@pytest.mark.parametrize(
    ("parts", "prefix"),
    [
        pytest.param(("qwen2.5-72b",), "qwen2-5-72b-", id="no dots"),
        pytest.param(("70b-llama",), "m70b-llama-", id="starts with a letter"),
        pytest.param(("Qwen_Big",), "qwen-big-", id="lower case, no underscore"),
        pytest.param(("team", "a-b"), "team-a-b-", id="readable"),
        pytest.param(("---",), "m-", id="nothing readable is left"),
        pytest.param(("",), "m-", id="nothing given"),
        pytest.param(("ümlaut",), "mlaut-", id="ASCII only"),
    ],
)
def test_a_name_is_readable(parts: tuple[str, ...], prefix: str) -> None:
    """Whoever lists objects sees what each is for."""
    assert re.fullmatch(re.escape(prefix) + "[0-9a-f]{10}", names.child(*parts))


@given(st.lists(st.text(max_size=80), max_size=4), st.sampled_from([names.WORKLOAD_LIMIT, names.LABEL_LIMIT]))
def test_every_name_is_a_dns_label(parts: list[str], limit: int) -> None:
    """Whatever the parts are called, the name fits Kubernetes and the given limit."""
    name = names.child(*parts, limit=limit)
    assert DNS_1035.fullmatch(name)
    assert len(name) <= limit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("team", "a-b"), ("team-a", "b"), id="the border between parts counts"),
        pytest.param(("a", ""), ("a",), id="an empty part counts"),
        pytest.param(("a.b",), ("a-b",), id="what is not readable counts"),
        pytest.param(("A",), ("a",), id="case counts"),
        pytest.param(("x" * 63, "a"), ("x" * 63, "b"), id="what is cut off counts"),
        pytest.param(("ns-1", "same"), ("ns-2", "same"), id="the namespace counts"),
        pytest.param(("1:a",), ("a",), id="a length inside a part is no length"),
    ],
)
def test_names_do_not_collide(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Two different things never share a name."""
    assert names.child(*one) != names.child(*other)


def test_names_stay_what_they_are() -> None:
    """A name that changes between releases would leave objects behind."""
    assert names.child("ml-team", "qwen") == "ml-team-qwen-964c58c46f"
    assert names.digest("a", "b", length=16) == names.digest("a", "b", length=64)[:16]
