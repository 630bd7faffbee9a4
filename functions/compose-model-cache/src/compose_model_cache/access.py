# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What lets the Job report its progress: it may patch itself, and nothing else."""

from modelplane.paths import Manifest

from compose_model_cache.inputs import Cache
from compose_model_cache.remotes import account_name, job_name, metadata

_GROUP = "rbac.authorization.k8s.io"


def account(cache: Cache) -> Manifest:
    """Return the Job's ServiceAccount."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(cache, account_name(cache))}


def role(cache: Cache, job: str) -> Manifest:
    """Return the Role that may patch the one Job with a hash."""
    rule = {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": [job_name(cache, job)], "verbs": ["patch"]}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "Role",
        "metadata": metadata(cache, account_name(cache)),
        "rules": [rule],
    }


def binding(cache: Cache) -> Manifest:
    """Return the RoleBinding of the two."""
    meta = metadata(cache, account_name(cache))
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": _GROUP, "kind": "Role", "name": meta["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": meta["name"], "namespace": meta["namespace"]}],
    }
