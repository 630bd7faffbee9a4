# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable

import apiserver
import builders
import builders_clusters as clusters
import builders_infra as infra
import pytest
from compose_inference_cluster import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import paths, runtime
from modelplane.paths import Manifest

KIND = "InferenceCluster"
OBSERVES = ["Observe"]


def _existing(**block: object) -> infra.Player:
    return infra.life(clusters.inference("b", source="Existing", **block), clusters.hardware())


def _gke(*pools: Manifest, minutes: int = infra.MANY) -> infra.Player:
    return infra.life(clusters.inference("a", *pools), clusters.hardware(), minutes=minutes)


def _reason(rsp: fnv1.RunFunctionResponse, typ: str) -> str:
    return next(c.reason for c in rsp.conditions if c.type == typ)


def _status(rsp: fnv1.RunFunctionResponse) -> Manifest:
    return paths.manifest(paths.child(rsp.desired.composite.resource, "status"))


@pytest.mark.parametrize("name", [pytest.param(n, id=n[:9]) for n in ("a", "a" * 40, "a" * 63, "70b.llama")])
def test_all_that_is_composed_is_valid(name: str) -> None:
    """Whatever the cluster is called, everything on the way to a ready one is what the schemas take."""
    for minutes in (0, 4, infra.MANY):
        player = infra.life(clusters.inference(name), clusters.hardware(), minutes=minutes)
        for body in infra.desired(player):
            apiserver.validate(body)
    assert player.ready()


def test_from_nothing_to_a_cluster_that_a_cache_matches() -> None:
    """Capacity is known at once, the way to the cluster and its class once they are there."""
    early = infra.xr(_gke(minutes=1), KIND)["status"]
    assert [pool["nodes"] for pool in early["gpuPools"]] == [2]
    assert not {"providerConfigRef", "cache"} & set(early)
    late = infra.xr(_gke(), KIND)["status"]
    assert late["cache"] == {"storageClassName": "modelplane-rwx"}
    assert late["providerConfigRef"]["name"].startswith("cluster-a-")


def test_the_class_is_pinned_to_the_network_and_outlives_its_object() -> None:
    """A Filestore class without the VPC's real name would look for volumes in another one."""
    made = infra.composed(_gke())
    spec = made["storage-class"]["spec"]
    network = made["network"]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert spec["forProvider"]["manifest"]["parameters"] == {"tier": "standard", "network": network}
    assert "Delete" not in spec["managementPolicies"]


def test_what_a_small_cache_costs_is_said() -> None:
    """Basic HDD makes 1 TiB of 10 GiB: nobody shall learn that from a bill."""
    reason, message = infra.told(_gke(), KIND, "CacheStorage")
    assert (reason, "at least 1 TiB for each volume" in message) == ("Available", True)


@pytest.mark.parametrize(
    ("more", "nodes", "asked"),
    [
        pytest.param({}, 2, (2, 2, 2), id="a fixed pool stays fixed"),
        pytest.param(
            {"minNodeCount": 1, "maxNodeCount": 8}, 8, (2, 1, 8), id="an autoscaled pool counts what it may be"
        ),
        pytest.param({"maxNodeCount": 8}, 8, (2, 0, 8), id="no least is none"),
    ],
)
def test_capacity(more: Manifest, nodes: int, asked: tuple[int, int, int]) -> None:
    """What is published is what the cloud is asked for."""
    player = _gke(clusters.inference_pool(**more))
    (pool,) = infra.composed(player)["cluster-gke"]["spec"]["nodePools"]
    assert (pool["nodeCount"], pool["minNodeCount"], pool["maxNodeCount"]) == asked
    assert infra.xr(player, KIND)["status"]["gpuPools"][0]["nodes"] == nodes


def test_plain_gpus_keep_the_device_plugin() -> None:
    """A class of the first shape is an extended resource in the status, and on the nodes."""
    hardware = clusters.hardware(gpu={"count": 8, "memory": "80Gi"})
    player = infra.life(clusters.inference("a"), hardware)
    (device,) = infra.xr(player, KIND)["status"]["gpuPools"][0]["devices"]
    assert (device["claim"], device["extendedResourceName"], device["count"]) == (
        "ExtendedResource",
        "nvidia.com/gpu",
        8,
    )
    assert infra.composed(player)["cluster-gke"]["spec"]["nodePools"][0]["gpu"]["claim"] == "ExtendedResource"


@pytest.mark.parametrize(
    ("pool", "hardware", "says"),
    [
        pytest.param(
            clusters.inference_pool(class_name="gone"),
            clusters.hardware(),
            "className names no InferenceClass 'gone' that can be read: create or mend it",
            id="unknown class",
        ),
        pytest.param(
            clusters.inference_pool(),
            builders.hardware(),
            "class 'h100' has no provisioning for GKE: add spec.provisioning.gke, or use another class",
            id="missing provider block",
        ),
        pytest.param(
            clusters.inference_pool(zones=["europe-west4-a"]),
            clusters.hardware(),
            "zones ['europe-west4-a'] are not all in region 'us-central1': name zones of it, as us-central1-a",
            id="zones elsewhere",
        ),
        pytest.param(
            clusters.inference_pool(zones=[]),
            clusters.hardware(),
            "zones is missing: name zones of region 'us-central1', as us-central1-a",
            id="zones missing",
        ),
        pytest.param(
            clusters.inference_pool(nodeCount=2000),
            clusters.hardware(),
            "nodeCount 2000 is above 1000: use more pools",
            id="more than a pool can hold",
        ),
    ],
)
def test_a_pool_that_cannot_be(pool: Manifest, hardware: Manifest, says: str) -> None:
    """It is named with its fix, no other condition hides it, and the other pools go on."""
    player = infra.life(
        clusters.inference("a", {**pool, "name": "bad"}, clusters.inference_pool("good", class_name="ok")),
        hardware,
        clusters.hardware("ok"),
    )
    assert infra.told(player, KIND, "NodePoolsAccepted") == ("InvalidNodePool", f"nodePools[bad]: {says}")
    assert infra.told(player, KIND, "ClusterReady")[0] == "NotReady"
    assert not player.ready()
    assert [p["name"] for p in infra.xr(player, KIND)["status"]["gpuPools"]] == ["good"]
    assert [p["name"] for p in infra.composed(player)["cluster-gke"]["spec"]["nodePools"]] == ["good"]


def test_no_cloud_cluster_without_a_pool_that_can_be() -> None:
    """A cluster whose only pool is refused would cost money and serve nothing."""
    player = infra.life(clusters.inference("a", clusters.inference_pool(class_name="gone")), clusters.hardware())
    assert infra.composed(player, KIND) == {}


def _without_class(req: fnv1.RunFunctionRequest) -> None:
    del req.required_resources["classes"].items[:]


def _not_ready(req: fnv1.RunFunctionRequest) -> None:
    made = req.observed.resources["cluster-gke"].resource
    made.fields["status"].CopyFrom(paths.struct({"status": {"conditions": []}}).fields["status"])


def _without_network(req: fnv1.RunFunctionRequest) -> None:
    del req.observed.resources["cluster-gke"].resource.fields["status"].struct_value.fields["network"]


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(_without_class, id="the class is deleted"),
        pytest.param(_not_ready, id="the cloud's XR has no status for one reconcile"),
        pytest.param(_without_network, id="the network's name is lost"),
    ],
)
def test_a_blip_changes_nothing(happens: Callable[[fnv1.RunFunctionRequest], None]) -> None:
    """What is composed, and what was published, stays as it was."""
    req = infra.request(_gke(), KIND)
    before = runtime.answer(fn.compose, req)
    happens(req)
    after = runtime.answer(fn.compose, req)
    assert _bodies(after) == _bodies(before)
    assert _status(after) == _status(before)


def _bodies(rsp: fnv1.RunFunctionResponse) -> dict[str, Manifest]:
    return {key: _bare(resource.resource) for key, resource in rsp.desired.resources.items()}


def _bare(obj: Struct) -> Manifest:
    """Return a desired object without the labels that Crossplane adds, which a kept one repeats."""
    plain = paths.manifest(obj)
    plain["metadata"].pop("labels", None)
    return plain


def test_the_network_is_never_changed_under_a_class() -> None:
    """A StorageClass is immutable: another name of the network changes nothing that is there."""
    req = infra.request(_gke(), KIND)
    made = req.observed.resources["cluster-gke"].resource
    made.fields["status"].struct_value.fields["network"].struct_value["name"] = "other"
    spec = paths.child(runtime.answer(fn.compose, req).desired.resources["storage-class"].resource, "spec")
    assert paths.text(spec, "forProvider", "manifest", "parameters", "network") != "other"


def test_an_existing_cluster_is_reached_as_its_owner_says() -> None:
    """Kubeconfig and identity are read from modelplane-system, in the spelling of either shape."""
    player = _existing(identitySecretRef={"name": "key", "type": "GCPServiceAccountKey"})
    made = infra.composed(player, KIND)
    want = {
        "credentials": {
            "source": "Secret",
            "secretRef": {"namespace": "modelplane-system", "name": "onprem", "key": "kubeconfig"},
        },
        "identity": {
            "type": "GoogleApplicationCredentials",
            "source": "Secret",
            "secretRef": {"namespace": "modelplane-system", "name": "key", "key": "private_key"},
        },
    }
    assert made["kubernetes-config"]["spec"] == made["helm-config"]["spec"] == want
    assert made["reachable"]["spec"]["managementPolicies"] == OBSERVES
    assert infra.told(player, KIND, "CacheStorage")[0] == "NotAsked"
    assert player.ready()


def test_bad_credentials_are_said() -> None:
    """A cluster that refuses us is not Ready and says why, once."""
    req = infra.request(_existing(), KIND)
    conditions = [{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "Unauthorized"}]
    req.observed.resources["reachable"].resource.fields["status"].struct_value["conditions"] = []
    paths.fill(req.observed.resources["reachable"].resource, {"status": {"conditions": conditions}})
    rsp = runtime.answer(fn.compose, req)
    assert (_reason(rsp, "ClusterReachable"), rsp.desired.composite.ready) == ("Unreachable", fnv1.READY_FALSE)
    assert "cannot reach the cluster, check its credentials: Unauthorized" in {r.message for r in rsp.results}
    assert set(rsp.desired.resources) == set(req.observed.resources)


def test_the_stack_goes_before_its_cluster() -> None:
    """From its first minute the cloud's XR waits for its stack, and a refused deletion is tried again."""
    made = infra.composed(_gke(minutes=1), KIND)
    spec = made["stack-first"]["spec"]
    assert (spec["of"]["kind"], spec["by"]["kind"], spec["replayDeletion"]) == ("GKECluster", "ServingStack", True)
    assert {spec[which]["resourceRef"]["name"] for which in ("of", "by")} == {"a"}
    req = infra.request(_gke(), KIND)
    for need in ("classes", "replicas", "caches"):
        del req.required_resources[need]
    assert {"stack-first", "class-h100"} <= set(runtime.answer(fn.compose, req).desired.resources)


@pytest.mark.parametrize("provider", ["kubernetes", "helm"])
def test_what_the_stack_installed_goes_before_its_cluster(provider: str) -> None:
    """A stack is gone before its releases are; a configuration is in use, and so stays, until the last of them is."""
    made = infra.composed(_gke())
    spec = made[f"stack-first-{provider}-config"]["spec"]
    config = infra.composed(_gke(), "ServingStack")[f"{provider}-config"]
    assert (spec["of"]["kind"], spec["replayDeletion"]) == ("GKECluster", True)
    assert spec["by"] == {
        "apiVersion": config["apiVersion"],
        "kind": config["kind"],
        "resourceRef": {"name": config["metadata"]["name"]},
    }


def test_the_stack_gets_what_its_user_and_its_cloud_say() -> None:
    """Versions and components pass through, Secrets are those of the cluster, and GKE has its driver elsewhere."""
    cluster = clusters.inference()
    cluster["spec"]["servingStack"] = {"components": {"prometheus": "External"}, "versions": {"certManager": "v1.20.0"}}
    made = infra.composed(infra.life(cluster, clusters.hardware()))
    spec = made["stack"]["spec"]
    assert spec["components"]["prometheus"] == "External"
    assert spec["versions"]["certManager"] == "v1.20.0"
    assert spec["nvidiaDriverRoot"] == "/home/kubernetes/bin/nvidia"
    assert {secret["namespace"] for secret in spec["secrets"]} == {"modelplane-system"}
    assert "release-prometheus" not in made


def test_the_gateways_address_survives_a_blip() -> None:
    """It is the stack's, and stays while the stack tells none."""
    player = _gke()
    address = infra.xr(player, KIND)["status"]["gateway"]["address"]
    assert address == infra.xr(player, "ServingStack")["status"]["gateway"]["address"]
    req = infra.request(player, KIND)
    del req.observed.resources["stack"].resource.fields["status"]
    rsp = runtime.answer(fn.compose, req)
    assert _status(rsp)["gateway"] == {"address": address}
    assert rsp.desired.composite.ready == fnv1.READY_FALSE


def test_a_source_that_is_not_built() -> None:
    """It is said in one condition, and the guards of its classes stand."""
    player = infra.life(clusters.inference("a", source="Nebius"), clusters.hardware())
    assert infra.told(player, KIND, "ClusterReady")[0] == "UnsupportedSource"
    assert set(infra.composed(player, KIND)) == {"class-h100"}


def _guards(*beside: Manifest) -> set[str]:
    player = infra.life(clusters.inference("b", source="Existing"), clusters.hardware(), *beside)
    return {key for key, body in infra.composed(player, KIND).items() if body["kind"] == "ClusterUsage"}


@pytest.mark.parametrize(
    ("beside", "want"),
    [
        pytest.param([], {"class-h100"}, id="a class in use is guarded"),
        pytest.param([builders.replica(cluster="b", ready=True)], {"class-h100", "in-use"}, id="a replica is on it"),
        pytest.param([builders.replica(cluster="c", ready=True)], {"class-h100"}, id="a replica is elsewhere"),
        pytest.param(
            [builders.cache(status={"clusters": [builders.staged("b")]})],
            {"class-h100", "in-use"},
            id="a cache is on it",
        ),
    ],
)
def test_guards(beside: list[Manifest], want: set[str]) -> None:
    """Whatever would break by a deletion is guarded, and carries no `by`."""
    assert _guards(*beside) == want


def test_a_guard_goes_with_its_reason_only() -> None:
    """A pool that left releases the guard of its class; a replica that left that of the cluster; nothing else goes."""
    replica = builders.replica(cluster="b", ready=True)
    cluster = clusters.inference("b", source="Existing")
    req = infra.request(infra.life(cluster, clusters.hardware(), replica), KIND)
    del req.required_resources["replicas"].items[:]
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    pools.values[0].struct_value["className"] = "other"
    rsp = runtime.answer(fn.compose, req)
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"class-h100", "in-use"}


@pytest.mark.parametrize(
    ("users", "guarded"),
    [
        pytest.param(None, False, id="the provider has not counted yet"),
        pytest.param(1, False, id="only the cluster's own Object uses its configuration"),
        pytest.param(2, True, id="an Object of a cache that was deleted is still on the way"),
    ],
)
def test_what_is_still_being_deleted_guards_the_cluster(*, users: int | None, guarded: bool) -> None:
    """An XR is gone before its Objects are; without the kubeconfig they would never go."""
    player = infra.life(clusters.inference("b", source="Existing"), clusters.hardware())
    req = infra.request(player, KIND)
    if users is not None:
        paths.fill(req.observed.resources["kubernetes-config"].resource, {"status": {"users": users}})
    desired = runtime.answer(fn.compose, req).desired.resources
    assert ("in-use" in desired) is guarded


def test_a_guard_stays_while_anything_is_on_the_way() -> None:
    """The last replica that names the cluster is gone, its Objects are not."""
    replica = builders.replica(cluster="b", ready=True)
    player = infra.life(clusters.inference("b", source="Existing"), clusters.hardware(), replica)
    req = infra.request(player, KIND)
    del req.required_resources["replicas"].items[:]
    paths.fill(req.observed.resources["kubernetes-config"].resource, {"status": {"users": 5}})
    assert "in-use" in runtime.answer(fn.compose, req).desired.resources


def test_an_unreadable_replica_keeps_the_guard() -> None:
    """Half a replica may be one that is on the cluster."""
    replica = builders.replica(cluster="b", ready=True)
    player = infra.life(clusters.inference("b", source="Existing"), clusters.hardware(), replica)
    req = infra.request(player, KIND)
    del req.required_resources["replicas"].items[0].resource.fields["spec"]
    assert "in-use" in runtime.answer(fn.compose, req).desired.resources
