# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What holds of an InferenceCluster on whichever cloud makes it."""

from collections.abc import Callable

import apiserver
import builders
import builders_clusters as clusters
import builders_faults as faults
import builders_infra as infra
import pytest
from compose_inference_cluster import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

KIND = "InferenceCluster"
HARDWARE = {"GKE": clusters.hardware(), "EKS": clusters.amazons()}
LOST = {"GKE": "network", "EKS": "fileSystem"}
"""What the StorageClass of each cloud is pinned to, in the status of the cloud's XR."""

every_source = pytest.mark.parametrize("source", HARDWARE)


def _life(source: str, *pools: Manifest, name: str = "a", minutes: int = infra.MANY) -> infra.Player:
    cluster = clusters.inference(name, *pools, source=source)
    return infra.life(cluster, HARDWARE[source], minutes=minutes)


def _amazons(pool: str = "h200", **more: object) -> Manifest:
    return clusters.inference_pool(pool, class_name="h200", **{"zones": ["us-east-1a"], **more})


def _made(req: fnv1.RunFunctionRequest, source: str) -> fnv1.Resource:
    return req.observed.resources[f"cluster-{source.lower()}"]


@every_source
@pytest.mark.parametrize("name", [pytest.param(n, id=n[:9]) for n in ("a" * 40, "70b.llama")])
def test_long_and_dotted_names_work_in_every_cloud_name(source: str, name: str) -> None:
    """All that is composed for such a cluster, in the cloud and on it, is valid and has a name of its own."""
    player = _life(source, name=name)
    every = list(infra.desired(player))
    for body in every:
        apiserver.validate(body)
    names = [(body["apiVersion"], body["kind"], body["metadata"]["name"]) for body in every]
    assert len(set(names)) == len(names)
    assert player.ready()


def _class_deleted(req: fnv1.RunFunctionRequest, _source: str) -> None:
    del req.required_resources["classes"].items[:]


def _class_unresolved(req: fnv1.RunFunctionRequest, _source: str) -> None:
    del req.required_resources["classes"]


def _without_status(req: fnv1.RunFunctionRequest, source: str) -> None:
    del _made(req, source).resource.fields["status"]


def _not_ready(req: fnv1.RunFunctionRequest, source: str) -> None:
    told = [builders.condition("Ready", "False"), builders.condition("Synced")]
    _made(req, source).resource.fields["status"].struct_value["conditions"] = told


def _pin_lost(req: fnv1.RunFunctionRequest, source: str) -> None:
    del _made(req, source).resource.fields["status"].struct_value.fields[LOST[source]]


@every_source
@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(_class_deleted, id="its class is deleted"),
        pytest.param(_class_unresolved, id="its class is not resolved"),
        pytest.param(_without_status, id="the cloud's XR has no status for one reconcile"),
        pytest.param(_not_ready, id="the cloud's XR is not Ready for one reconcile"),
        pytest.param(_pin_lost, id="what the StorageClass is pinned to is lost"),
    ],
)
def test_a_blip_changes_nothing(source: str, happens: Callable[[fnv1.RunFunctionRequest, str], None]) -> None:
    """What is composed stays as it is, ProviderConfigs and StorageClass among it, and so does what was published."""
    req = infra.request(_life(source), KIND)
    before = runtime.answer(fn.compose, req)
    happens(req, source)
    after = runtime.answer(fn.compose, req)
    assert _specs(after) == _specs(before)
    assert {"kubernetes-config", "helm-config", "storage-class"} <= set(after.desired.resources)
    assert _status(after) == _status(before)
    assert after.desired.composite.ready == fnv1.READY_FALSE or happens is _pin_lost


def _specs(rsp: fnv1.RunFunctionResponse) -> dict[str, Manifest]:
    return {key: paths.manifest(resource.resource)["spec"] for key, resource in rsp.desired.resources.items()}


def _status(rsp: fnv1.RunFunctionResponse) -> Manifest:
    return paths.manifest(paths.child(rsp.desired.composite.resource, "status"))


def test_a_fixed_pool_is_fixed_at_google() -> None:
    """Without maxNodeCount neither Modelplane nor GKE's autoscaler changes how many nodes there are."""
    made = infra.composed(_life("GKE", clusters.inference_pool(nodeCount=3)))
    scaling = made["pool-gpu-h100"]["spec"]["forProvider"]["autoscaling"]
    assert (scaling["totalMinNodeCount"], scaling["totalMaxNodeCount"]) == (3, 3)


def test_a_fixed_pool_is_fixed_at_amazon() -> None:
    """Without maxNodeCount a node group has one size, which is also enforced."""
    made = infra.composed(_life("EKS", _amazons(nodeCount=3)))
    scaling = made["pool-gpu-h200"]["spec"]["forProvider"]["scalingConfig"]
    assert scaling == {"minSize": 3, "maxSize": 3, "desiredSize": 3}


@pytest.mark.parametrize(
    ("pool", "says"),
    [
        pytest.param(
            _amazons("bad", className="h100"),
            "class 'h100' has no provisioning for EKS: add spec.provisioning.eks, or use another class",
            id="a class of another provider",
        ),
        pytest.param(
            _amazons("bad", zones=["us-west-2a"]),
            "zones ['us-west-2a'] are not in region 'us-east-1': name zones of it, as us-east-1a",
            id="zones elsewhere",
        ),
        pytest.param(
            _amazons("bad", zones=[]),
            "zones is missing: name zones of region 'us-east-1', as us-east-1a",
            id="zones missing",
        ),
        pytest.param(
            _amazons("bad", nodeCount=0),
            "EKS makes no pool that stays without nodes: raise nodeCount, or set maxNodeCount",
            id="never a node",
        ),
        pytest.param(
            _amazons("bad", nodeCount=2000), "nodeCount 2000 is above 1000: use more pools", id="more than fit"
        ),
        pytest.param(
            _amazons("bad", zones=["us-east-1a", "us-east-1b"], capacityBlock={"capacityReservationId": "cr-0a"}),
            "capacityBlock is of one zone, not of ['us-east-1a', 'us-east-1b']: name that zone alone",
            id="a block of two zones",
        ),
    ],
)
def test_a_pool_that_amazon_cannot_make(pool: Manifest, says: str) -> None:
    """It is named with its fix and never overwritten by another condition; the other pools go on."""
    cluster = clusters.inference("a", pool, _amazons("good"), source="EKS")
    player = infra.life(cluster, clusters.amazons(), clusters.hardware())
    assert infra.told(player, KIND, "NodePoolsAccepted") == ("InvalidNodePool", f"nodePools[bad]: {says}")
    assert infra.told(player, KIND, "ClusterReady")[0] == "NotReady"
    assert [p["name"] for p in infra.composed(player)["cluster-eks"]["spec"]["nodePools"]] == ["good"]


def test_one_zone_is_one_clear_error() -> None:
    """EKS takes no cluster of one zone: that is said with the field to set, before anything is made or billed."""
    player = infra.life(clusters.inference("a", source="EKS", zones=None), clusters.amazons())
    says = "EKS needs 2 zones or more, and only us-east-1a is named: add others to spec.cluster.eks.zones"
    assert infra.told(player, KIND, "NodePoolsAccepted") == ("InvalidNodePool", says)
    assert infra.composed(player, "EKSCluster") == {}


def test_zones_of_a_refused_pool_do_not_count() -> None:
    """What is not made brings no zone: the cluster would have one alone."""
    refused = _amazons("bad", className="h100", zones=["us-east-1b"])
    cluster = clusters.inference("a", refused, _amazons("good"), source="EKS", zones=None)
    player = infra.life(cluster, clusters.amazons(), clusters.hardware())
    reason, message = infra.told(player, KIND, "NodePoolsAccepted")
    assert (reason, message.count("only us-east-1a is named")) == ("InvalidNodePool", 1)
    assert infra.composed(player, "EKSCluster") == {}


def test_the_last_pool_of_a_second_zone_may_go() -> None:
    """Once the cluster is made it keeps its zones: what its pools name then is its own matter."""
    both = (_amazons("x"), _amazons("y", zones=["us-east-1b"]))
    req = infra.request(infra.life(clusters.inference("a", *both, source="EKS", zones=None), clusters.amazons()), KIND)
    del req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value.values[1]
    rsp = runtime.answer(fn.compose, req)
    assert _accepted(rsp) == ("Accepted", "")
    assert [pool["name"] for pool in _specs(rsp)["cluster-eks"]["nodePools"]] == ["x"]


def test_zones_elsewhere_beside_the_pools_stop_nothing_that_stands() -> None:
    """They are named and left out, so that the cluster's own XR takes the rest."""
    req = infra.request(_life("EKS"), KIND)
    block = req.observed.composite.resource.fields["spec"].struct_value.fields["cluster"].struct_value.fields["eks"]
    block.struct_value["zones"] = ["us-east-1b", "eu-west-1a"]
    rsp = runtime.answer(fn.compose, req)
    says = "spec.cluster.eks.zones ['eu-west-1a'] are not in region 'us-east-1': name zones of it, as us-east-1a"
    assert _accepted(rsp) == ("InvalidNodePool", says)
    assert _specs(rsp)["cluster-eks"]["zones"] == ["us-east-1b"]


def test_a_pool_that_stands_stays_what_it_is() -> None:
    """A class that became another machine would have EKS replace the nodes: that is said, and the others go on."""
    req = infra.request(_life("EKS", _amazons("x")), KIND)
    before = _specs(runtime.answer(fn.compose, req))["cluster-eks"]["nodePools"][0]
    recipe = {"instanceType": "p5.48xlarge", "accelerator": {"type": "nvidia-h200", "count": 8}, "diskSizeGb": 200}
    for each in req.required_resources["classes"].items:
        paths.fill(each.resource, {"spec": {"provisioning": {"provider": "EKS", "eks": recipe}}})
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    paths.fill(pools.values.add().struct_value, _amazons("z"))
    rsp = runtime.answer(fn.compose, req)
    says = "diskSizeGb and instanceType cannot change in a pool that stands: undo that, or make a pool of another name"
    assert _accepted(rsp) == ("InvalidNodePool", f"nodePools[x]: {says}")
    made = _specs(rsp)["cluster-eks"]["nodePools"]
    assert made[0] == before
    assert (made[-1]["name"], made[-1]["instanceType"]) == ("z", "p5.48xlarge")


def _accepted(rsp: fnv1.RunFunctionResponse) -> tuple[str, str]:
    return next((c.reason, c.message) for c in rsp.conditions if c.type == "NodePoolsAccepted")


def test_what_its_user_says_of_a_pool_reaches_amazon() -> None:
    """Fabric and Capacity Block pass through, and pools of several zones need no others."""
    pool = _amazons(fabric={"type": "EFA"}, capacityBlock={"capacityReservationId": "cr-0a"})
    made = infra.composed(_life("EKS", pool))["cluster-eks"]["spec"]["nodePools"][0]
    assert (made["fabric"], made["capacityBlock"]) == ("EFA", {"capacityReservationId": "cr-0a"})
    wide = clusters.inference("a", _amazons(zones=["us-east-1a", "us-east-1c"]), source="EKS", zones=None)
    assert infra.life(wide, clusters.amazons()).ready()


def test_models_get_a_file_system() -> None:
    """The class names the cluster's own EFS once it can be mounted, and is never changed under its volumes."""
    player = _life("EKS")
    made = infra.composed(player)
    manifest = made["storage-class"]["spec"]["forProvider"]["manifest"]
    system = made["file-system"]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert (manifest["metadata"]["name"], manifest["provisioner"]) == ("modelplane-rwx-efs", "efs.csi.aws.com")
    assert manifest["parameters"]["fileSystemId"] == system
    assert infra.xr(player, KIND)["status"]["cache"] == {"storageClassName": "modelplane-rwx-efs"}
    req = infra.request(player, KIND)
    _made(req, "EKS").resource.fields["status"].struct_value["fileSystem"] = {"id": "fs-other"}
    assert _specs(runtime.answer(fn.compose, req))["storage-class"]["forProvider"]["manifest"] == manifest


@pytest.mark.parametrize(
    ("block", "reason", "says"),
    [
        pytest.param(
            {}, "Refused", "cannot make StorageClass 'modelplane-rwx-efs' on the cluster: field is immutable", id="ours"
        ),
        pytest.param(
            {"cache": {"storageClassName": "fsx"}},
            "NotFound",
            "cannot see StorageClass 'fsx' on the cluster: create it there, or name another class",
            id="the admin's own",
        ),
    ],
)
def test_a_class_that_is_not_there_is_said(block: Manifest, reason: str, says: str) -> None:
    """Ours with the cluster's own words in one line, the admin's with what to do."""
    player = infra.life(clusters.inference("a", source="EKS", **block), clusters.amazons())
    req = infra.request(player, KIND)
    told = [{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "field is\n immutable"}]
    req.observed.resources["storage-class"].resource.fields["status"].struct_value["conditions"] = told
    rsp = runtime.answer(fn.compose, req)
    found = next(c for c in rsp.conditions if c.type == "CacheStorage")
    assert (found.reason, found.message) == (reason, says)
    assert rsp.desired.composite.ready == fnv1.READY_FALSE


def test_a_class_of_the_admins_own_is_only_looked_at() -> None:
    """Nothing is made for it, neither the class nor a file system."""
    cluster = clusters.inference("a", source="EKS", cache={"storageClassName": "fsx"})
    player = infra.life(cluster, clusters.amazons())
    made = infra.composed(player)
    assert made["storage-class"]["spec"]["managementPolicies"] == ["Observe"]
    assert made["cluster-eks"]["spec"]["fileSystem"] == "External"
    assert "file-system" not in made
    assert infra.xr(player, KIND)["status"]["cache"] == {"storageClassName": "fsx"}


@every_source
def test_guards_are_in_every_reply(source: str) -> None:
    """Whatever input is not resolved, and whatever is not observed, the guards stand."""
    replica = builders.replica(cluster="a", ready=True)
    player = infra.life(clusters.inference("a", source=source), HARDWARE[source], replica)
    req = infra.request(player, KIND)
    guards = {key for key, r in req.observed.resources.items() if r.resource["kind"] in ("Usage", "ClusterUsage")}
    assert {"stack-first", "stack-first-helm-config", "stack-first-kubernetes-config", "in-use"} < guards
    nothing = faults.without_observed(req, frozenset(req.observed.resources))
    assert guards <= set(runtime.answer(fn.compose, nothing).desired.resources)
    for need in sorted(req.required_resources):
        assert guards <= set(runtime.answer(fn.compose, faults.without_need(req, need)).desired.resources)
    for key in sorted(req.observed.resources):
        assert guards <= set(
            runtime.answer(fn.compose, faults.without_observed(req, frozenset({key}))).desired.resources
        )
