# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Guards against deletion: Usages that say why, composed in every reply.

They never carry `by` unless they order two children of one owner: a composed Usage with `by` waits for its own owner.
They do not replay a refused deletion, but for those that order an accepted teardown.
"""

from modelplane.paths import Manifest

API_VERSION = "protection.crossplane.io/v1beta1"
KIND = "Usage"
CLUSTER_KIND = "ClusterUsage"
KINDS = frozenset({KIND, CLUSTER_KIND})


def namespaced(
    *,
    name: str,
    namespace: str,
    of: tuple[str, str, str],
    reason: str,
    by: tuple[str, str, str] | None = None,
    replay: bool = False,
) -> Manifest:
    """Return a Usage of an object of its own namespace; `of` and `by` are apiVersion, kind and name.

    `replay` deletes again, once nothing uses it any more, what was asked to go meanwhile.
    """
    spec: Manifest = {"of": _ref(of), "reason": reason}
    if by is not None:
        spec["by"] = _ref(by)
    if replay:
        spec["replayDeletion"] = True
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def cluster_scoped(*, name: str, of: tuple[str, str, str], reason: str) -> Manifest:
    """Return a ClusterUsage of an object of cluster scope; `of` is apiVersion, kind and name."""
    return {
        "apiVersion": API_VERSION,
        "kind": CLUSTER_KIND,
        "metadata": {"name": name},
        "spec": {"of": _ref(of), "reason": reason},
    }


def _ref(of: tuple[str, str, str]) -> Manifest:
    api_version, kind, name = of
    return {"apiVersion": api_version, "kind": kind, "resourceRef": {"name": name}}
