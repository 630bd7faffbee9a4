# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The requests that are measured, each learnt from the function itself and checked against what it must compose.

A function is asked what it needs, gets it, and its own reply is fed back as observed, answered by a played fleet, until
the state that is wanted. Every object is dressed with managed fields, as an API server sends it.
"""

import pathlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))

import builders  # ty: ignore[import-not-found]  on the path since the line above
import builders_clusters  # ty: ignore[import-not-found]  on the path since the line above
import builders_faults  # ty: ignore[import-not-found]  on the path since the line above
import builders_healthy  # ty: ignore[import-not-found]  on the path since the line above
import builders_infra  # ty: ignore[import-not-found]  on the path since the line above
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, remote, runtime
from modelplane.backends import base
from modelplane.paths import Manifest
from modelplane.runtime import Compose
from modelplane_cli import functions, provider
from modelplane_cli.answers import ANSWERS
from modelplane_cli.fleet import Cluster, advance
from modelplane_cli.objects import EPOCH, stamp

MAX_JOBS = 300
"""Jobs of a cache that run at once (docs/concepts/modelcache.md)."""
MAX_STEPS = 60
REPLICAS = 10
OTHERS = 1000
TEAMS = 20
TOMORROW = (datetime.now(UTC) - EPOCH) // timedelta(minutes=1) + 24 * 60
"""A step of the played fleet's clock: a Job that began long ago without a report would hold no slot."""


@dataclass(frozen=True)
class Case:
    """One request, what its reply must hold, and how slow the function may be in terms of the floor."""

    name: str
    function: str
    bar: float
    req: fnv1.RunFunctionRequest
    expected: Counter[str]


@dataclass
class Loop:
    """One XR and its world: requests with the function's own replies fed back."""

    function: str
    xr: Manifest
    world: list[Manifest]
    clusters: dict[str, Cluster] = field(default_factory=dict)
    pace: int = 1

    @property
    def compose(self) -> Compose:
        """Return the function itself."""
        return functions.installed({})[self.function]

    def first(self) -> fnv1.RunFunctionRequest:
        """Return the first request whose needs are resolved."""
        return builders_healthy.resolved(self.compose, builders.request(builders.managed(self.xr)), self.world)

    def until(
        self, done: Callable[[fnv1.RunFunctionRequest, fnv1.RunFunctionResponse], bool]
    ) -> fnv1.RunFunctionRequest:
        """Return the request of the first step at which something holds."""
        req = self.first()
        for _ in range(MAX_STEPS):
            rsp = runtime.answer(self.compose, req)
            if done(req, rsp):
                return req
            req = self._next(req, rsp)
        raise SystemExit(f"cannot bring {self.function} to rest in {MAX_STEPS} steps: {list(rsp.conditions)}")

    def _next(self, req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> fnv1.RunFunctionRequest:
        """Return the request after the fleet has done one step's work on a reply."""
        for cluster in self.clusters.values():
            advance(cluster, ANSWERS)
        out = builders_faults.with_status(req, rsp)
        out.observed.resources.clear()
        for key, resource in rsp.desired.resources.items():
            shown = self._shown(key, paths.manifest(resource.resource))
            paths.fill(out.observed.resources[key].resource, builders.managed(shown))
        return out

    def _shown(self, key: str, desired: Manifest) -> Manifest:
        if desired["kind"] != remote.KIND:
            return builders.observed(desired, key=key, owner=self.xr)
        config, manifest = desired["spec"]["providerConfigRef"]["name"], desired["spec"]["forProvider"]["manifest"]
        cluster = self.clusters.setdefault(config, Cluster(config, self.pace))
        cluster.apply(manifest, step=TOMORROW)
        there = next(obj for ref, obj in cluster.objects.items() if _is(ref, manifest))
        shown = builders.observed(desired, key=key, owner=self.xr, ready=None)
        shown["metadata"]["creationTimestamp"] = stamp(TOMORROW)
        return provider.synced(shown, builders.managed(there), now=builders.CREATED)


def _is(ref: object, manifest: Manifest) -> bool:
    return (getattr(ref, "kind", ""), getattr(ref, "name", "")) == (manifest["kind"], manifest["metadata"]["name"])


def fleet(count: int) -> list[Manifest]:
    """Return clusters of a cloud with four pools each, as a fleet has them."""
    return [builders.managed(_cluster(f"cluster-{index:04}")) for index in range(count)]


def _cluster(name: str) -> Manifest:
    pools = [builders.pool(f"pool-{index}", nodes=40, devices=_devices(index)) for index in range(4)]
    out = builders.cluster(name, pools=pools, source="GKE", labels={"region": "europe-west4", "tier": "gold"})
    scale = {"minNodeCount": 0, "maxNodeCount": 40, "zones": ["europe-west4-a", "europe-west4-b"]}
    out["spec"]["nodePools"] = [{**pool, **scale} for pool in out["spec"]["nodePools"]]
    kinds = ("GKECluster", "ServingStack", "ClusterProviderConfig", "Usage", "ClusterUsage")
    refs = [{"apiVersion": "infrastructure.modelplane.ai/v1alpha1", "kind": kind, "name": name} for kind in kinds]
    out["spec"]["crossplane"] = {**builders.cache()["spec"]["crossplane"], "resourceRefs": refs}
    told = ("ClusterReady", "BackendReady", "ClusterReachable", "InputsResolved", "ObjectsSynced")
    out["status"]["conditions"] += [builders.condition(typ) for typ in told]
    return out


def _devices(pool: int) -> list[Manifest]:
    """Return what a node of a pool offers: eight GPUs, and a network card that is only described."""
    gpu = {
        "architecture": {"string": "Hopper"},
        "brand": {"string": "Nvidia"},
        "cudaComputeCapability": {"version": "9.0.0"},
        "driverVersion": {"version": "570.86.15"},
        "productName": {"string": f"NVIDIA H100 80GB HBM3 {pool}"},
        "type": {"string": "gpu"},
    }
    card = {"rdma": {"bool": True}, "linkSpeed": {"int": 400}}
    return [
        builders.device("gpu", attributes=gpu),
        builders.device("nic", claim="Synthetic", driver="nic.example.com", attributes=card),
    ]


def composed(rsp: fnv1.RunFunctionResponse) -> Counter[str]:
    """Return how many objects of each kind a reply desires; of an Object, the kind that it carries."""
    return Counter(_kind(resource.resource) for resource in rsp.desired.resources.values())


def _kind(obj: object) -> str:
    found = paths.manifest(obj)  # ty: ignore[invalid-argument-type]  a Struct
    carried = found.get("spec", {}).get("forProvider", {}).get("manifest", {})
    return carried.get("kind") or found["kind"]


def _is_settled(req: fnv1.RunFunctionRequest, rsp: fnv1.RunFunctionResponse) -> bool:
    same = set(rsp.desired.resources) == set(req.observed.resources)
    return same and rsp.desired.composite.ready == fnv1.READY_TRUE


def caches(count: int) -> Iterable[Case]:
    """Yield a ModelCache on every cluster of a fleet: while Jobs run, and once all have the model."""
    name, xr = "compose-model-cache", builders.cache("qwen")
    bar = 2.0 if count <= 100 else 1.6  # noqa: PLR2004  design: 2.0 at 100 clusters, 1.6 at 1000
    jobs = min(count, MAX_JOBS)
    loop = Loop(name, xr, fleet(count), pace=3)
    req = loop.until(lambda req, _rsp: _running(req) == jobs)
    expected = Counter(Namespace=count, PersistentVolumeClaim=count, Job=jobs)
    expected += Counter(ServiceAccount=jobs, Role=jobs, RoleBinding=jobs)
    yield Case(f"model-cache, {count} clusters, hydrating", name, bar, req, expected)
    req = Loop(name, xr, fleet(count)).until(_is_settled)
    settled = Counter(Namespace=count, PersistentVolumeClaim=count)
    yield Case(f"model-cache, {count} clusters, settled", name, bar, req, settled)


def _running(req: fnv1.RunFunctionRequest) -> int:
    reported = (remote.reported(resource.resource) for resource in req.observed.resources.values())
    return sum(paths.whole(obj, "status", "active") for obj in reported)


def deployments(count: int) -> Iterable[Case]:
    """Yield a ModelDeployment over a fleet that serves a thousand replicas of others: ten to place, and settled."""
    name, bar = "compose-model-deployment", 2.0
    xr = builders.deployment("qwen", replicas=REPLICAS, engines=[builders.engine()])
    loop = Loop(name, xr, [*fleet(count), *_others(count)])
    expected = Counter(ModelReplica=REPLICAS)
    yield Case(f"model-deployment, {count} clusters, {REPLICAS} to place", name, bar, loop.first(), expected)
    placed = runtime.answer(loop.compose, loop.first())
    mine = [builders.managed(_replica(paths.manifest(r.resource), xr)) for r in placed.desired.resources.values()]
    loop.world += mine
    yield Case(f"model-deployment, {count} clusters, settled", name, bar, _settled(loop, placed), expected)


def _settled(loop: Loop, placed: fnv1.RunFunctionResponse) -> fnv1.RunFunctionRequest:
    """Return the request after the replicas that were placed are Ready."""
    req = builders_faults.with_status(loop.first(), placed)
    for _ in range(3):
        req.observed.resources.clear()
        for key, resource in placed.desired.resources.items():
            shown = builders.managed(_replica(paths.manifest(resource.resource), loop.xr, key=key))
            paths.fill(req.observed.resources[key].resource, shown)
        placed = runtime.answer(loop.compose, req)
        req = builders_faults.with_status(req, placed)
    return req


def _replica(desired: Manifest, xr: Manifest, *, key: str = "") -> Manifest:
    shown = builders.observed(desired, key=key, owner=xr)
    return {**shown, "status": {**shown["status"], "everReady": True}}


def _others(count: int) -> list[Manifest]:
    """Return Ready replicas of other teams, spread over the fleet's pools."""
    return [
        builders.managed(
            builders.replica(
                f"other-{index:04}",
                cluster=f"cluster-{index % count:04}",
                namespace=f"team-{index % TEAMS}",
                labels={"modelplane.ai/deployment": f"other-{index % TEAMS}"},
                engines=[builders.engine("engine", builders.member(pool=f"pool-{index % 4}", run=_container()))],
                ready=True,
            )
        )
        for index in range(OTHERS)
    ]


def _container() -> Manifest:
    """Return a container as people write it."""
    args = [
        "--served-model-name=model",
        "--max-model-len=32768",
        "--gpu-memory-utilization=0.92",
        "--trust-remote-code",
    ]
    env = [{"name": f"SETTING_{index}", "value": "on"} for index in range(6)]
    secret = {"secretKeyRef": {"name": "credentials", "key": "token"}}
    return builders.container(args=args, env=[*env, {"name": "CREDENTIALS", "valueFrom": secret}])


def replicas() -> Iterable[Case]:
    """Yield a ModelReplica of one pod, and one of a gang, each with its cache staged."""
    name, bar = "compose-model-replica", 2.5
    cache = builders.managed(builders.cache("qwen", status={"clusters": [builders.staged("cluster-0000")]}))
    common = Counter(Namespace=1, Service=1, HTTPRoute=1, Usage=1, ResourceClaimTemplate=1)
    native = builders.engine("engine", builders.member(pool="pool-0"))
    for title, engine, workload in (
        ("native", native, "Deployment"),
        ("gang", builders.gang(pool="pool-0"), "LeaderWorkerSet"),
    ):
        xr = builders.replica("qwen", cluster="cluster-0000", cache="qwen", engines=[engine])
        loop = Loop(name, xr, [*fleet(1), cache])
        loop.clusters["cluster-0000-config"] = _staged()
        req = loop.until(_is_settled)
        yield Case(f"model-replica, {title}, settled", name, bar, req, common + Counter({workload: 1}))


def _staged() -> Cluster:
    """Return a cluster that holds the claim of the cache, which a ModelCache composes."""
    metadata = {"name": base.cache_pvc_name(builders.NAMESPACE, "qwen"), "namespace": builders.NAMESPACE}
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}}
    cluster = Cluster("cluster-0000", 1)
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}, step=0)
    return cluster


def clusters() -> Iterable[Case]:
    """Yield the clusters of two clouds, a stack, and an InferenceCluster among a fleet's replicas, each at rest."""
    bar, hardware = 2.5, builders_clusters.hardware()
    gpus = (builders_clusters.gke_pool(), builders_clusters.eks_pool(fabric="EFA"))
    yield _played("gke-cluster", "GKECluster", bar, GKE, builders_clusters.gke("iowa", gpus[0]))
    yield _played("eks-cluster", "EKSCluster", bar, EKS, builders_clusters.eks("ohio", gpus[1]))
    yield _played("serving-stack", "ServingStack", bar, STACK, builders_clusters.stack("iowa"))
    world = (builders_clusters.inference("cluster-0000"), hardware, *_others(100))
    yield _played("inference-cluster", "InferenceCluster", bar, INFERENCE, *world)


def _played(name: str, kind: str, bar: float, expected: Counter[str], *world: Manifest) -> Case:
    """Return the case of the one XR of a kind, once the preview's clouds have answered all that it composed."""
    player = builders_infra.life(*world)
    if not player.ready():
        raise SystemExit(f"cannot bring {name} to rest in {builders_infra.MANY} steps")
    req = builders_infra.request(player, kind)
    return Case(f"{name}, settled", f"compose-{name}", bar, req, expected)


# What a cluster of each kind composes.
GKE = Counter(Network=1, Subnetwork=1, ProjectService=1, Cluster=1, NodePool=2, ServiceAccountKey=1)
GKE += Counter(ServiceAccount=2, ProjectIAMMember=2)
EKS = Counter(VPC=1, InternetGateway=1, EIP=1, NATGateway=1, Subnet=4, RouteTable=2, Route=2, RouteTableAssociation=4)
EKS += Counter(Role=5, Policy=1, RolePolicyAttachment=7, PodIdentityAssociation=3, Usage=1)
EKS += Counter(Cluster=1, ClusterAuth=1, Addon=3, NodeGroup=2, LaunchTemplate=1)
EKS += Counter(FileSystem=1, MountTarget=2, SecurityGroup=2, SecurityGroupIngressRule=2, SecurityGroupEgressRule=1)
STACK = Counter(ProviderConfig=2, Release=6, Namespace=1, Gateway=1, GatewayClass=1, Usage=2)
INFERENCE = Counter(GKECluster=1, ServingStack=1, ClusterProviderConfig=2, Usage=3, ClusterUsage=2)
INFERENCE += Counter(Namespace=1, StorageClass=1)


def every(sizes: Iterable[int]) -> Iterable[Case]:
    """Yield every case: caches and deployments at each size of a fleet, replicas and clusters."""
    for size in sizes:
        yield from caches(size)
        yield from deployments(size)
    yield from replicas()
    yield from clusters()
