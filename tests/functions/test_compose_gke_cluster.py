# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import builders_clusters as clusters
import builders_infra as infra
import pytest
from compose_gke_cluster import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

KIND = "GKECluster"
LONG = "a" * 40
DOTTED = "70b.llama"


def _pool(player: infra.Player, key: str = "pool-gpu-h100") -> Manifest:
    return infra.composed(player)[key]["spec"]


@pytest.mark.parametrize("name", [pytest.param(n, id=n[:9]) for n in ("a", LONG, "a" * 63, DOTTED)])
def test_all_that_is_composed_is_valid(name: str) -> None:
    """Whatever the cluster is called, the schemas take all of it at every minute, under names that fit."""
    for minutes in (0, 1, 2, 3, infra.MANY):
        player = infra.life(clusters.gke(name), minutes=minutes)
        for body in infra.desired(player):
            apiserver.validate(body)
            limit = {"Cluster": 40, "NodePool": 40, "ServiceAccount": 30}.get(body["kind"], 63)
            assert 6 <= len(body["metadata"]["name"]) <= limit
            assert body["metadata"]["name"][0].isalpha()
    assert player.ready()


def test_each_part_waits_for_what_it_needs() -> None:
    """Nothing refers to what is not there yet, so no provider has to complain on the way."""
    first = infra.composed(infra.life(clusters.gke(), minutes=0))
    assert set(first) == {"filestore-api", "network", "access", "nodes"}
    second = infra.composed(infra.life(clusters.gke(), minutes=1))
    assert {"subnetwork", "access-key", "access-role"} <= set(second)
    assert "cluster" not in second


def test_what_a_model_volume_needs_is_there() -> None:
    """The Filestore API is on and stays on, its driver runs, and the cluster is VPC-native in its own network."""
    made = infra.composed(infra.life(clusters.gke()))
    api, cluster = made["filestore-api"]["spec"]["forProvider"], made["cluster"]["spec"]["forProvider"]
    assert (api["service"], api["disableOnDestroy"]) == ("file.googleapis.com", False)
    assert cluster["addonsConfig"]["gcpFilestoreCsiDriverConfig"] == {"enabled": True}
    assert cluster["ipAllocationPolicy"] == {
        "clusterSecondaryRangeName": "pods",
        "servicesSecondaryRangeName": "services",
    }
    assert cluster["workloadIdentityConfig"] == {"workloadPool": "acme-inference.svc.id.goog"}
    wanted, carried = cluster["networkSelector"]["matchLabels"], made["network"]["metadata"]["labels"]
    assert wanted.items() <= carried.items()


@pytest.mark.parametrize(
    ("pool", "scaling", "initial", "reason"),
    [
        pytest.param(clusters.gke_pool(), (2, 2), 2, "Sized", id="a fixed pool stays fixed"),
        pytest.param(
            clusters.gke_pool(zones=["z-a", "z-b"], nodeCount=4, minNodeCount=2, maxNodeCount=8),
            (2, 8),
            2,
            "Sized",
            id="totals over all zones",
        ),
        pytest.param(
            clusters.gke_pool(zones=["z-a", "z-b"], nodeCount=3, minNodeCount=3, maxNodeCount=3),
            (3, 3),
            1,
            "Remainder",
            id="a count that the zones do not divide",
        ),
        pytest.param(
            clusters.gke_pool(nodeCount=0, minNodeCount=0, maxNodeCount=4), (0, 4), 0, "Sized", id="from nothing"
        ),
    ],
)
def test_a_pool_means_what_was_asked(pool: Manifest, scaling: tuple[int, int], initial: int, reason: str) -> None:
    """Counts are over all zones down to the cloud's own API, and a remainder is said."""
    player = infra.life(clusters.gke("a", pool))
    spec = _pool(player)
    autoscaling = spec["forProvider"]["autoscaling"]
    assert (autoscaling["totalMinNodeCount"], autoscaling["totalMaxNodeCount"]) == scaling
    assert spec["initProvider"] == {"initialNodeCount": initial}
    assert infra.told(player, KIND, "NodePoolsSized")[0] == reason


@pytest.mark.parametrize(
    ("claim", "want"),
    [
        pytest.param(
            "DRA", {"nvidia.com/gpu.present": "true", "gke-no-default-nvidia-gpu-device-plugin": "true"}, id="DRA"
        ),
        pytest.param("ExtendedResource", {}, id="device plugin"),
    ],
)
def test_nodes_carry_what_finds_them(claim: str, want: dict[str, str]) -> None:
    """Replicas find their pool, hydration avoids GPUs, and exactly one of driver and device plugin offers the GPUs."""
    gpu = {"acceleratorType": "nvidia-l4", "acceleratorCount": 1, "claim": claim}
    spec = _pool(infra.life(clusters.gke("a", clusters.gke_pool(gpu=gpu))))
    ours = {"modelplane.ai/pool": "h100", "modelplane.ai/gpu": "nvidia-l4"}
    assert spec["forProvider"]["nodeConfig"]["labels"] == ours | want


def test_a_system_pool_is_added_unless_one_is_given() -> None:
    """Every cluster has room for what serves beside the models."""
    assert "pool-system-system" in infra.composed(infra.life(clusters.gke()))
    own = {"name": "own", "role": "System", "machineType": "e2-standard-8"}
    made = infra.composed(infra.life(clusters.gke("a", clusters.gke_pool(), own)))
    assert "pool-system-own" in made
    assert "pool-system-system" not in made


def test_what_consumers_get() -> None:
    """Kubeconfig, key and the VPC's real name are told once they are there, and name what the providers write."""
    player = infra.life(clusters.gke())
    made, status = infra.composed(player), infra.xr(player, KIND)["status"]
    secrets = {entry["type"]: (entry["name"], entry["key"]) for entry in status["secrets"]}
    kubeconfig, key = (made[k]["spec"]["writeConnectionSecretToRef"]["name"] for k in ("cluster", "access-key"))
    assert secrets == {
        "Kubeconfig": (kubeconfig, "kubeconfig"),
        "GoogleApplicationCredentials": (key, "private_key"),
    }
    assert status["network"]["name"] == made["network"]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert "secrets" not in infra.xr(infra.life(clusters.gke(), minutes=3), KIND)["status"]


def test_the_project_may_come_from_the_provider_configuration() -> None:
    """Without spec.project the provider configuration names it, and a cluster never moves to another project."""
    player = infra.life(clusters.gke(project=""), clusters.provider_config())
    assert infra.composed(player)["network"]["spec"]["forProvider"]["project"] == "acme-inference"
    req = infra.request(player, KIND)
    req.required_resources["credentials"].items[0].resource.fields["spec"].struct_value["projectID"] = "other-project"
    rsp = runtime.answer(fn.compose, req)
    projects = {paths.text(r.resource, "spec", "forProvider", "project") for r in rsp.desired.resources.values()}
    assert projects - {""} == {"acme-inference"}


def test_no_project_is_said() -> None:
    """A cluster of no project composes nothing and says which field to set."""
    player = infra.life(clusters.gke(project=""), clusters.provider_config(project=""))
    assert infra.composed(player) == {}
    assert infra.told(player, KIND, "ProjectKnown") == (
        "ProjectMissing",
        "ClusterProviderConfig 'default' names no project: set its spec.projectID, or spec.project",
    )


def test_a_pool_that_left_the_spec_goes_and_nothing_else() -> None:
    """What the spec's owner stopped asking for is released; the network never is."""
    player = infra.life(clusters.gke("a", clusters.gke_pool("x"), clusters.gke_pool("y")))
    req = infra.request(player, KIND)
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    del pools.values[1]
    rsp = runtime.answer(fn.compose, req)
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"pool-gpu-y"}


def test_missing_zones_are_one_clear_error() -> None:
    """A spec that no API server took is a Fatal result that names the field, not a crash."""
    player = infra.life(clusters.gke())
    req = infra.request(player, KIND)
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    del pools.values[0].struct_value.fields["zones"]
    (result,) = runtime.answer(fn.compose, req).results
    assert result.severity == fnv1.SEVERITY_FATAL
    assert result.message == "cannot read GKECluster 'a': spec.nodePools[h100] has role GPU and needs gpu and zones"
