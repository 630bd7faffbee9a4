# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What goes into the hashes of a source and of a Job. Another value would download every model of every fleet again."""

import dataclasses
from typing import Any

import pytest
from compose_model_cache.source import Source
from modelplane import names
from modelplane.backends import base

PLAIN = Source(repo="Qwen/Qwen3-0.6B")
FULL = Source(
    repo="Qwen/Qwen3-0.6B",
    revision="v1",
    endpoint="https://hub.example",
    include=("*.json", "*.safetensors"),
    exclude=("*.bin",),
    refresh="1",
)
JOB = {"commit": "c1" * 20, "token": "0123456789", "retry": "1"}


@pytest.mark.parametrize(
    ("source", "base", "whole", "job"),
    [
        pytest.param(PLAIN, "551055db94", "d8fc8317e6", "587002e077", id="a repo alone"),
        pytest.param(FULL, "be20666110", "8dd0c9ea72", "326e04cf29", id="everything set"),
    ],
)
def test_values(source: Source, base: str, whole: str, job: str) -> None:
    """These values are on volumes and in names of running Jobs."""
    assert (source.base, source.hash) == (base, whole)
    assert source.job(**JOB) == job
    assert source.tree("c1" * 20) == f"{base}-c1c1c1c1c1c1"


@pytest.mark.parametrize("field", ["repo", "revision", "endpoint", "include", "exclude"])
def test_base_holds_what_is_fetched(field: str) -> None:
    """Another field is another tree."""
    value: Any = ("x",) if field in ("include", "exclude") else "x"
    other = dataclasses.replace(FULL, **{field: value})
    assert other.base != FULL.base
    assert other.hash != FULL.hash
    assert other.job(**JOB) != FULL.job(**JOB)


def test_a_refresh_is_another_source_with_the_same_tree() -> None:
    """The branch is looked at again, and a tree that is complete already is recognised."""
    other = dataclasses.replace(FULL, refresh="2")
    assert other.base == FULL.base
    assert other.hash != FULL.hash


@pytest.mark.parametrize("field", ["commit", "token", "retry"])
def test_a_job_is_another_one_by_pin_token_and_retry(field: str) -> None:
    """And none of these is part of what is staged."""
    assert FULL.job(**{**JOB, field: "x"}) != FULL.job(**JOB)


def test_patterns_cannot_move_between_lists() -> None:
    """Each list is hashed on its own."""
    moved = dataclasses.replace(FULL, include=("*.json",), exclude=("*.bin", "*.safetensors"))
    assert moved.base != FULL.base


def test_names_that_other_releases_read() -> None:
    """The claim's name is on every cluster."""
    assert base.cache_pvc_name("ml-team", "qwen") == "modelcache-ml-team-qwen-e11a7da638"
    assert names.digest("a", "b") == "facdde7abf"
