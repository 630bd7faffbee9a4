# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whether an observed composed resource is ready, by kind."""

from collections.abc import Callable, Mapping

from google.protobuf.struct_pb2 import Struct

from modelplane import meta


def reports_ready(obj: Struct, statuses: Mapping[str, str]) -> bool:
    """Return whether the object's Ready condition is True, and speaks of the spec that is there."""
    return statuses.get("Ready") == "True" and not meta.behind(obj)


def exists(_obj: Struct, _statuses: Mapping[str, str]) -> bool:
    """Return True: a kind without conditions is ready once it is observed."""
    return True


Rule = Callable[[Struct, Mapping[str, str]], bool]

RULES: dict[str, Rule] = {
    "ClusterProviderConfig": exists,
    "ProviderConfig": exists,
    "Secret": exists,
}
"""Kinds whose readiness is anything but their Ready condition."""


def ready(obj: Struct, statuses: Mapping[str, str]) -> bool:
    """Return whether an observed composed resource is ready, given the statuses of its conditions by type."""
    return RULES.get(meta.kind(obj), reports_ready)(obj, statuses)
