# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The composed-resource keys: "<cluster>/<what>", so that a key tells its cluster even when the cluster is gone."""

from collections.abc import Mapping

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct

NAMESPACE = "namespace"
CLAIM = "claim"
ACCOUNT = "account"
ROLE = "role"
BINDING = "binding"
JOB = "job/"
"""Followed by the Job's hash."""
TOKEN = "token/"  # noqa: S105  the beginning of a key, followed by the hash of the token
"""Followed by the token's hash."""

Seen = Mapping[str, Struct]
"""The observed objects of one cluster, by what they are."""


def key(cluster: str, what: str) -> str:
    """Return the composed-resource key of an object of a cluster."""
    return f"{cluster}/{what}"


def observed(req: fnv1.RunFunctionRequest) -> dict[str, dict[str, Struct]]:
    """Return what is observed, by cluster; keys that are not ours are left to the library, which keeps them."""
    found: dict[str, dict[str, Struct]] = {}
    for name, resource in req.observed.resources.items():
        cluster, slash, what = name.partition("/")
        if slash:
            found.setdefault(cluster, {})[what] = resource.resource
    return found


def is_hydration(what: str) -> bool:
    """Return whether an object is there only until its cluster is ready."""
    return what in (ACCOUNT, ROLE, BINDING) or what.startswith((JOB, TOKEN))
