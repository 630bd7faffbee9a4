# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Names and labels of what is composed on workload clusters, the same on each of them."""

from modelplane import labels, names
from modelplane.paths import Manifest
from modelplane.remote import remote_namespace

from compose_model_cache.inputs import Cache

_HASHED = names.WORKLOAD_LIMIT - 11
"""Leaves room for a dash and a hash of ten digits."""


def job_name(cache: Cache, job: str) -> str:
    """Return the name of the hydration Job with a hash."""
    return f"{names.child(cache.name, 'hydrate', limit=_HASHED)}-{job}"


def token_name(cache: Cache, token: str) -> str:
    """Return the name of the copy of the token with a hash."""
    return f"{names.child(cache.name, 'token', limit=_HASHED)}-{token}"


def account_name(cache: Cache) -> str:
    """Return the name of the ServiceAccount, Role and RoleBinding of the Job."""
    return names.child(cache.name, "hydrate", limit=names.WORKLOAD_LIMIT)


def own_labels(cache: Cache) -> dict[str, str]:
    """Return the labels of everything that is composed for the cache."""
    return {labels.MODELCACHE: cache.name}


def metadata(cache: Cache, name: str) -> Manifest:
    """Return the metadata of a namespaced object on a workload cluster."""
    return {"name": name, "namespace": remote_namespace(cache.namespace), "labels": own_labels(cache)}
