# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a ModelReplica costs its cluster in nodes, read from its spec by path.

The spec may be of either shape, hand-made or half broken: what cannot be read costs nothing.
"""

import functools
from collections.abc import Iterable
from typing import NamedTuple

from google.protobuf.struct_pb2 import ListValue, Struct
from modelplane import paths
from modelplane.engines import NVIDIA_DRIVER
from modelplane.pools import Pool


class Cost(NamedTuple):
    """Nodes of a pool. Without a pool, of the first one whose nodes have that many GPUs."""

    pool: str
    nodes: int
    gpus: int = 0


def of(spec: Struct) -> tuple[Cost, ...]:
    """Return what a replica's spec costs, by pool; equal specs are read once."""
    listed = paths.find(spec, "engines")
    if listed is not None:
        return _engines(listed.list_value.SerializeToString())
    if paths.find(spec, "workers") is None:
        return ()
    pods = _at_least_one(spec, "workers", "count") * _at_least_one(spec, "workers", "topology", "pipeline")
    gpus = _at_least_one(spec, "workers", "topology", "tensor")
    return (Cost(paths.text(spec, "workers", "nodePoolName"), pods, gpus),)


def on(pools: tuple[Pool, ...], costs: Iterable[Cost]) -> dict[str, int]:
    """Return the nodes that costs take, by the name of the pool."""
    taken: dict[str, int] = {}
    for cost in costs:
        pool = cost.pool or _first_with(pools, cost.gpus)
        if pool:
            taken[pool] = taken.get(pool, 0) + cost.nodes
    return taken


def _first_with(pools: tuple[Pool, ...], gpus: int) -> str:
    found = (pool.name for pool in pools if any(d.driver == NVIDIA_DRIVER and d.count >= gpus for d in pool.devices))
    return next(found, "")


@functools.lru_cache(maxsize=2048)
def _engines(raw: bytes) -> tuple[Cost, ...]:
    taken: dict[str, int] = {}
    for engine in (v.struct_value for v in ListValue.FromString(raw).values):
        copies = _at_least_one(engine, "copies")
        for member in paths.children(engine, "members"):
            pool = paths.text(member, "nodePoolName")
            if pool and any(True for _ in paths.children(member, "deviceRequests")):
                taken[pool] = taken.get(pool, 0) + copies * _at_least_one(member, "worker", "nodes")
    return tuple(Cost(pool, nodes) for pool, nodes in sorted(taken.items()))


def _at_least_one(struct: Struct, *path: str) -> int:
    return max(1, paths.whole(struct, *path, default=1))
