# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a source of clusters has to say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct
from modelplane import paths, remote
from modelplane.access import Access
from modelplane.classes import HardwareClass
from modelplane.paths import Manifest

from compose_inference_cluster.inputs import Pool, Wanted

MOST_NODES = 1000
"""Of one pool, on every cloud."""


def _nothing(_pool: Manifest) -> Manifest:
    return {}


def _enough(_wanted: Wanted, _pools: list[Manifest], _made: Struct) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One source.

    kind           of the XR that makes the cluster, empty where it exists already
    spec           that XR's spec, given the pools that it shall have
    pool           one of those pools
    refuses        why nodes of a class cannot be in a pool, or the empty string
    fixed          what of such a pool its cloud cannot change once it stands
    lacks          why there can be no cluster of these pools, or the empty string, given the observed XR
    secrets        by what the cluster is reached, given the observed XR; empty until that is known
    storage        our own StorageClass, given the observed XR; None where there is none, or not yet
    storage_note   what a user of that class must know of its cost
    driver_root    where its nodes have NVIDIA's driver
    """

    source: str
    kind: str
    spec: Callable[[Wanted, list[Manifest]], Manifest]
    pool: Callable[[Pool, HardwareClass], Manifest]
    refuses: Callable[[Wanted, Pool, HardwareClass], str]
    secrets: Callable[[Wanted, Struct], tuple[Access, ...]]
    storage: Callable[[Struct], Manifest | None]
    fixed: Callable[[Manifest], Manifest] = _nothing
    lacks: Callable[[Wanted, list[Manifest], Struct], str] = _enough
    storage_note: str = ""
    driver_root: str = "/"


def refuses_class(hardware: HardwareClass, source: str, machine: str, accelerator: tuple[str, ...]) -> str:
    """Return why a class makes no nodes of a source, or the empty string.

    `machine` is the recipe's field with the type of machine, `accelerator` what must be told of its accelerator.
    """
    block = f"spec.provisioning.{source.lower()}"
    if hardware.provider != source:
        return f"class {hardware.name!r} has no provisioning for {source}: add {block}, or use another class"
    told = hardware.recipe.get("accelerator")
    if not (isinstance(told, dict) and told.keys() >= set(accelerator) and machine in hardware.recipe):
        return f"class {hardware.name!r} lacks parts of {block}: add {machine} and accelerator"
    return ""


def refuses_size(pool: Pool) -> str:
    """Return why a pool is too large, or the empty string."""
    return f"nodeCount {pool.largest} is above {MOST_NODES}: use more pools" if pool.largest > MOST_NODES else ""


def reported(_wanted: Wanted, made: Struct) -> tuple[Access, ...]:
    """Return the Secrets that a cluster's XR reports."""
    found = paths.children(made, "status", "secrets")
    return complete(at(paths.text(s, "type"), paths.text(s, "name"), paths.text(s, "key")) for s in found)


def at(typ: str, name: str, key: str) -> Access:
    """Return a Secret of the platform's namespace."""
    return Access(typ, name, key, remote.SYSTEM_NAMESPACE)


def complete(found: Iterable[Access]) -> tuple[Access, ...]:
    """Return Secrets by type, none of them where one says too little."""
    every = sorted(found, key=lambda access: (access.type, access.name))
    return tuple(every) if all(each.type and each.name and each.key for each in every) else ()
