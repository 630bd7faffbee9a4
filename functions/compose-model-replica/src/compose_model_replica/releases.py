# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which observed Objects of a replica may go."""

from collections.abc import Collection

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from compose_model_replica import claims, guards
from compose_model_replica.inputs import Replica
from compose_model_replica.observed import BACKENDS


def released(
    req: fnv1.RunFunctionRequest, replica: Replica, *, desired: Collection[str], settled: Collection[str]
) -> frozenset[str]:
    """Return the keys of what nothing asks for any more, given the engines whose pods are all as desired.

    That is an engine that left the spec or became another kind of workload; a claim once every pod of its engine has
    its successor; the guard of a cache that is neither referenced nor mounted.
    """
    engines = {engine.name for engine in replica.spec.engines}
    return frozenset(
        key for key in req.observed.resources if key not in desired and _may_go(key, engines=engines, settled=settled)
    )


def _may_go(key: str, *, engines: Collection[str], settled: Collection[str]) -> bool:
    prefix = key.partition("-")[0]
    if prefix == claims.KEY:
        engine = claims.engine_of(key)
        return engine not in engines or engine in settled
    return prefix in BACKENDS or prefix == guards.KEY
