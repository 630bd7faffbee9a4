# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a request says: the cluster that is wanted, and in which project."""

from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import clusters, inputs, managed, paths
from modelplane.composite import Composite
from modelplane.errors import InvalidSpec
from modelplane.inputs import Need
from modelplane.managed import Cloud
from models.ai.modelplane.infrastructure.gkecluster import v1alpha1

PROVIDER = "gcp.m.upbound.io/v1beta1"
CLUSTER = "cluster"
NETWORK = "network"
"""Composed-resource keys of the cluster itself, and of its VPC."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool; counts are over all of its zones. Without an accelerator it runs what serves beside the models."""

    name: str
    machine: str
    disk: int
    count: int
    least: int
    most: int
    zones: tuple[str, ...] = ()
    accelerator: str = ""
    accelerators: int = 0
    extended: bool = False

    @property
    def initial(self) -> int:
        """Return how many nodes GKE makes in each zone at first; the autoscaler adds what does not divide."""
        return self.count // max(1, len(self.zones))


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that is wanted."""

    cloud: Cloud
    region: str
    version: str
    pods: str
    services: str
    nodes: str
    pools: tuple[Pool, ...]
    project: str
    needs: tuple[Need, ...]

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Cluster":
        """Read the XR; raise InvalidSpec naming the first bad field."""
        xr = Composite.read(req)
        spec = xr.spec(v1alpha1.Spec)
        net = spec.networking or v1alpha1.Networking()
        given = spec.credentials or v1alpha1.Credentials()
        config = {"kind": given.type or "ClusterProviderConfig", "name": given.name or "default"}
        needs = () if spec.project else (_config(config, xr.namespace),)
        return cls(
            cloud=Cloud(xr, config),
            region=spec.region,
            version=spec.kubernetesVersion or "",
            pods=net.podCidr or "",
            services=net.serviceCidr or "",
            nodes=net.nodeCidr or "",
            pools=_pools(spec.nodePools, xr.name),
            project=spec.project or _project(req, needs),
            needs=needs,
        )


def _config(config: dict[str, str], namespace: str) -> Need:
    shared = config["kind"] == "ClusterProviderConfig"
    return Need(
        name="credentials",
        api_version=PROVIDER,
        kind=config["kind"],
        match_name=config["name"],
        namespace="" if shared else namespace,
    )


def _project(req: fnv1.RunFunctionRequest, needs: tuple[Need, ...]) -> str:
    """Return the project that the cluster is in already, or that of the provider configuration."""
    made = [managed.observed(req, key) or Struct() for key in (CLUSTER, NETWORK)]
    found = [
        *(paths.text(obj, "spec", "forProvider", "project") for obj in made),
        *(paths.text(obj, "spec", "projectID") for need in needs for obj in inputs.objects(req, need)),
    ]
    return next((name for name in found if name), "")


def _pools(given: list[v1alpha1.NodePool], name: str) -> tuple[Pool, ...]:
    """Return the pools by name, and one for the system where none is given."""
    pools = sorted((_pool(pool, name) for pool in given), key=lambda pool: pool.name)
    if any(not pool.accelerator for pool in pools):
        return tuple(pools)
    zones = tuple(sorted({zone for pool in pools for zone in pool.zones}))
    machine, most = clusters.SYSTEM_MACHINE["GKE"], max(clusters.SYSTEM_NODES, len(zones))
    system = Pool(clusters.SYSTEM_POOL, machine, 100, max(1, len(zones)), 1, most, zones)
    return (system, *pools)


def _pool(pool: v1alpha1.NodePool, name: str) -> Pool:
    if pool.role == "GPU" and not (pool.gpu and pool.zones):
        where = f"spec.nodePools[{pool.name}]"
        raise InvalidSpec(f"cannot read GKECluster {name!r}: {where} has role GPU and needs gpu and zones")
    return Pool(
        name=pool.name,
        machine=pool.machineType,
        disk=pool.diskSizeGb or 100,
        count=pool.nodeCount if pool.nodeCount is not None else 1,
        least=pool.minNodeCount or 0,
        most=pool.maxNodeCount if pool.maxNodeCount is not None else 8,
        zones=tuple(sorted(pool.zones or ())),
        accelerator=pool.gpu.acceleratorType if pool.gpu else "",
        accelerators=(pool.gpu.acceleratorCount or 1) if pool.gpu else 0,
        extended=bool(pool.gpu and pool.gpu.claim == "ExtendedResource"),
    )
