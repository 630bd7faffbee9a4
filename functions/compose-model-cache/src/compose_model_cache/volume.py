# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The claim that holds the model on a cluster."""

from google.protobuf.struct_pb2 import Struct
from modelplane import paths, remote
from modelplane.backends.base import cache_pvc_name
from modelplane.paths import Manifest

from compose_model_cache.inputs import Cache
from compose_model_cache.remotes import metadata

BOUND = remote.cel('has(object.status) && has(object.status.phase) && object.status.phase == "Bound"')

_GIB = "Gi"


def claim(cache: Cache, storage_class: str) -> Manifest:
    """Return the claim: many pods on many nodes mount it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(cache, claim_name(cache)),
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": quantity(cache.size_gib)}},
        },
    }


def claim_name(cache: Cache) -> str:
    """Return the claim's name on every cluster."""
    return cache_pvc_name(remote.remote_namespace(cache.namespace), cache.name)


def grown(there: Struct, gib: int) -> Struct:
    """Return a claim's manifest with at least the given size, all else as it is there: none of it may change."""
    now = paths.text(there, "spec", "resources", "requests", "storage")
    if not now or _gib(now) >= gib:
        return there
    out = Struct()
    out.CopyFrom(there)
    paths.child(out, "spec", "resources", "requests").fields["storage"].string_value = quantity(gib)
    return out


def quantity(gib: int) -> str:
    """Return a size as a Kubernetes quantity."""
    return f"{gib}{_GIB}"


def _gib(quantity: str) -> int:
    """Return the size of a quantity that we wrote, 0 for any other."""
    number = quantity.removesuffix(_GIB)
    return int(number) if number.isdecimal() and number != quantity else 0
