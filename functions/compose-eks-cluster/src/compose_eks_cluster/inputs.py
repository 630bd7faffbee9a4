# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the cluster that is wanted."""

from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import clusters, names
from modelplane.composite import Composite
from modelplane.errors import InvalidSpec
from modelplane.managed import Cloud
from modelplane.paths import Manifest
from models.ai.modelplane.infrastructure.ekscluster import v1alpha1

CLUSTER = "cluster"
"""Composed-resource key of the cluster itself."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A managed node group. Without an accelerator it runs what serves beside the models."""

    name: str
    machine: str
    disk: int
    count: int
    least: int
    most: int
    zones: tuple[str, ...] = ()
    accelerator: str = ""
    extended: bool = False
    reservation: str = ""
    efa: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that is wanted; `ranges` is empty where the VPC's own are divided."""

    cloud: Cloud
    region: str
    version: str
    vpc: str
    ranges: tuple[str, ...]
    zones: frozenset[str]
    pools: tuple[Pool, ...]
    file_system: bool

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Cluster":
        """Read the XR; raise InvalidSpec naming the first bad field."""
        xr = Composite.read(req)
        spec = xr.spec(v1alpha1.Spec)
        net = spec.networking or v1alpha1.Networking()
        given = spec.credentials or v1alpha1.Credentials()
        zones = {*(spec.zones or ()), *(zone for pool in spec.nodePools for zone in pool.zones or ())}
        return cls(
            cloud=Cloud(xr, {"kind": given.type or "ClusterProviderConfig", "name": given.name or "default"}),
            region=spec.region,
            # EKS knows minor versions only.
            version=".".join((spec.kubernetesVersion or "").removeprefix("v").split(".")[:2]),
            vpc=net.vpcCidr or "",
            ranges=tuple(net.subnetCidrs or ()),
            zones=frozenset(zones),
            pools=_pools(spec.nodePools, xr.name, zones=len(zones)),
            file_system=spec.fileSystem != "External",
        )

    def resource(self, kind: str, part: str, wanted: Manifest, *, first: Manifest | None = None) -> Manifest:
        """Return a managed resource of the cluster's region; `kind` is apiVersion and kind."""
        return self.cloud.resource(kind, part, {"region": self.region, **wanted}, first=first)

    def ref(self, part: str) -> Manifest:
        """Return the reference to another part, for lists of them."""
        return {"name": self.cloud.name(part, limit=names.LABEL_LIMIT)}


def _pools(given: list[v1alpha1.NodePool], name: str, *, zones: int) -> tuple[Pool, ...]:
    """Return the pools by name, and one for the system where none is given."""
    pools = sorted((_pool(pool, name) for pool in given), key=lambda pool: pool.name)
    if any(not pool.accelerator for pool in pools):
        return tuple(pools)
    machine = clusters.SYSTEM_MACHINE["EKS"]
    system = Pool(clusters.SYSTEM_POOL, machine, 100, max(1, zones), 1, max(clusters.SYSTEM_NODES, zones))
    return (system, *pools)


def _pool(pool: v1alpha1.NodePool, name: str) -> Pool:
    if pool.role == "GPU" and not (pool.gpu and pool.zones):
        where = f"spec.nodePools[{pool.name}]"
        raise InvalidSpec(f"cannot read EKSCluster {name!r}: {where} has role GPU and needs gpu and zones")
    return Pool(
        name=pool.name,
        machine=pool.instanceType,
        disk=pool.diskSizeGb or 100,
        count=pool.nodeCount if pool.nodeCount is not None else 1,
        least=pool.minNodeCount or 0,
        most=pool.maxNodeCount if pool.maxNodeCount is not None else 8,
        zones=tuple(sorted(set(pool.zones or ()))),
        accelerator=pool.gpu.acceleratorType if pool.gpu else "",
        extended=bool(pool.gpu and pool.gpu.claim == "ExtendedResource"),
        reservation=pool.capacityBlock.capacityReservationId if pool.capacityBlock else "",
        efa=pool.fabric == "EFA",
    )
