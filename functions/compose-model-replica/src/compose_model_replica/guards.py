# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Guards of the caches that a replica references, or still mounts."""

import functools

from google.protobuf.struct_pb2 import Struct
from modelplane import caches, names, paths, usages
from modelplane.remote import NAME_LIMIT

from compose_model_replica.inputs import Replica

KEY = "usage"


def guards(replica: Replica) -> dict[str, Struct]:
    """Return a Usage of each cache, by composed-resource key."""
    found = sorted({name for name in (replica.spec.cache, replica.cache) if name})
    return {f"{KEY}-{cache}": _usage(cache, replica=replica.xr.name, namespace=replica.xr.namespace) for cache in found}


@functools.lru_cache(maxsize=256)
def _usage(cache: str, *, replica: str, namespace: str) -> Struct:
    usage = usages.namespaced(
        name=names.child(replica, cache, "ModelReplica", limit=NAME_LIMIT),
        namespace=namespace,
        of=(caches.API_VERSION, caches.KIND, cache),
        reason=f"ModelReplica {replica} serves its model",
    )
    return paths.struct(usage)
