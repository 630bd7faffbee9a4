# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
from modelplane import caches
from modelplane.caches import Staged
from modelplane.paths import struct


def test_what_a_cache_has_staged() -> None:
    """Readers learn phase, tree and bytes by the name of the cluster; a status without trees has None."""
    entries = [
        builders.staged("a"),
        builders.staged("b", "Hydrating", tree=None) | {"message": "12 %", "bytesStaged": 12, "bytesTotal": 100},
        "broken",
        {"name": 5, "phase": []},
    ]
    read = caches.staged(struct(builders.cache(status={"clusters": entries})))
    assert read["a"] == Staged("a", "Ready", "", "0123456789-abcdefabcdef", 0, 0)
    assert read["b"] == Staged("b", "Hydrating", "12 %", None, 12, 100)
    assert read[""].phase == ""


def test_selector() -> None:
    """A cache without a selector wants every cluster."""
    assert caches.selector(struct(builders.cache(selector={"tier": "gold"}))) == {"tier": "gold"}
    assert caches.selector(struct(builders.cache())) == {}


def test_a_cache_is_asked_for_in_its_namespace() -> None:
    """References never leave the namespace."""
    need = caches.one("qwen", "ml-team")
    assert (need.match_name, need.namespace, need.kind) == ("qwen", "ml-team", "ModelCache")
