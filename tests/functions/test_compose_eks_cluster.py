# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import json

import apiserver
import builders_clusters as clusters
import builders_infra as infra
import pytest
from compose_eks_cluster import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, runtime
from modelplane.paths import Manifest

KIND = "EKSCluster"
LONG = "a" * 40
DOTTED = "70b.llama"
FANCY = clusters.eks_pool(fabric="EFA", capacityBlock={"capacityReservationId": "cr-0a"})
GUARD = "cluster-first-policy-cluster-AmazonEKSClusterPolicy"


def _pool(player: infra.Player, key: str = "pool-gpu-h200") -> Manifest:
    return infra.composed(player)[key]["spec"]


def _subnets(made: dict[str, Manifest], side: str) -> dict[str, str]:
    found = {key: body["spec"]["forProvider"] for key, body in made.items() if key.startswith(f"{side}-subnet-")}
    return {spec["availabilityZone"]: spec["cidrBlock"] for spec in found.values()}


def _reason(rsp: fnv1.RunFunctionResponse, typ: str) -> str:
    return next(c.reason for c in rsp.conditions if c.type == typ)


@pytest.mark.parametrize("name", [pytest.param(n, id=n[:9]) for n in ("a", LONG, "a" * 63, DOTTED)])
def test_all_that_is_composed_is_valid(name: str) -> None:
    """Whatever the cluster is called, the schemas take all of it at every minute, under names that fit."""
    for minutes in (0, 1, 2, 3, 9, infra.MANY):
        player = infra.life(clusters.eks(name, FANCY, clusters.eks_pool("plain")), minutes=minutes)
        for body in infra.desired(player):
            apiserver.validate(body)
            assert len(body["metadata"]["name"]) <= 63
            assert body["metadata"]["name"][0].isalpha()
    assert player.ready()


def test_each_part_waits_for_what_it_needs() -> None:
    """Nothing refers to what is not there yet, so no provider has to complain on the way."""
    first = set(infra.composed(infra.life(clusters.eks(), minutes=0)))
    roles = {"role-cluster", "role-nodes", "role-ebs-csi", "role-efs-csi", "role-autoscaler"}
    assert first == {"vpc", "file-system", GUARD, *roles}
    third = set(infra.composed(infra.life(clusters.eks(), minutes=3)))
    assert {"cluster", "nat"} <= third
    assert not {"access", "eks-pod-identity-agent", "pool-gpu-h200"} & third


def test_the_network_spans_the_zones_that_are_named() -> None:
    """Every zone has a private and a public subnet in ranges of its own, and no other zone is made up."""
    made = infra.composed(infra.life(clusters.eks("a", clusters.eks_pool(), zones=["us-east-1c", "us-east-1f"])))
    assert _subnets(made, "private") == {
        "us-east-1a": "10.0.0.0/20",
        "us-east-1c": "10.0.16.0/20",
        "us-east-1f": "10.0.32.0/20",
    }
    assert _subnets(made, "public") == {
        "us-east-1a": "10.0.255.0/24",
        "us-east-1c": "10.0.254.0/24",
        "us-east-1f": "10.0.253.0/24",
    }
    assert len(made["cluster"]["spec"]["forProvider"]["vpcConfig"]["subnetIdRefs"]) == 3


def test_load_balancers_find_their_subnets() -> None:
    """Amazon's controller looks for the cluster's tag, and for the side that a load balancer is on."""
    made = infra.composed(infra.life(clusters.eks()))
    own = f"kubernetes.io/cluster/{made['cluster']['metadata']['name']}"
    tags = {side: made[f"{side}-subnet-us-east-1a"]["spec"]["forProvider"]["tags"] for side in ("private", "public")}
    assert tags == {
        "private": {"kubernetes.io/role/internal-elb": "1", own: "shared"},
        "public": {"kubernetes.io/role/elb": "1", own: "shared"},
    }


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        pytest.param(
            {"zones": []},
            "ZonesMissing",
            "EKS needs 2 zones or more, and only us-east-1a is named: add others to spec.zones",
            id="one zone",
        ),
        pytest.param(
            {"zones": [], "nodePools": [{"name": "s", "role": "System", "instanceType": "m6i.large"}]},
            "ZonesMissing",
            "EKS needs 2 zones or more, and none is named: add others to spec.zones",
            id="no zone at all",
        ),
        pytest.param(
            {"zones": ["eu-west-1a"]},
            "ZonesMissing",
            "zones ['eu-west-1a'] are not in region 'us-east-1': name zones of it",
            id="a zone elsewhere",
        ),
        pytest.param(
            {"networking": {"vpcCidr": "300.0.0.0/16"}},
            "InvalidNetwork",
            "spec.networking: Octet 300 (> 255) not permitted in '300.0.0.0'",
            id="no address",
        ),
        pytest.param(
            {"networking": {"subnetCidrs": ["10.1.0.0/20", "10.0.0.0/20"]}},
            "InvalidNetwork",
            "spec.networking: subnetCidrs 10.1.0.0/20 is not part of vpcCidr 10.0.0.0/16",
            id="a range outside of the VPC",
        ),
        pytest.param(
            {"networking": {"subnetCidrs": ["10.0.0.0/20", "10.0.8.0/24"]}},
            "InvalidNetwork",
            "spec.networking: subnetCidrs 10.0.8.0/24 overlaps another",
            id="ranges that overlap",
        ),
        pytest.param(
            {"networking": {"vpcCidr": "10.0.0.0/8"}},
            "InvalidNetwork",
            "spec.networking: 10.0.0.0/8 is not between /16 and /28",
            id="larger than Amazon's largest",
        ),
    ],
)
def test_a_network_that_cannot_be(spec: Manifest, reason: str, says: str) -> None:
    """It is one condition that names the field and its fix; nothing is composed but the guard."""
    cluster = clusters.eks()
    cluster["spec"] = {key: value for key, value in {**cluster["spec"], **spec}.items() if value != []}
    player = infra.life(cluster)
    assert infra.told(player, KIND, "NetworkPlanned") == (reason, says)
    assert set(infra.composed(player)) == {GUARD}
    assert not player.ready()


def test_a_subnet_never_moves() -> None:
    """A new zone, even one that comes first by name, takes new addresses; one that left keeps its own."""
    player = infra.life(clusters.eks("a", clusters.eks_pool(zones=["us-east-1c"]), zones=["us-east-1d"]))
    before = _subnets(infra.composed(player), "private")
    req = infra.request(player, KIND)
    req.observed.composite.resource.fields["spec"].struct_value["zones"] = ["us-east-1a", "us-east-1b"]
    rsp = runtime.answer(fn.compose, req)
    bodies = {key: paths.manifest(resource.resource) for key, resource in rsp.desired.resources.items()}
    after = _subnets(bodies, "private")
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"us-east-1a", "us-east-1b"}
    assert len(set(after.values())) == len(after)
    nat = infra.composed(player)["nat"]["spec"]["forProvider"]["subnetIdSelector"]
    assert bodies["nat"]["spec"]["forProvider"]["subnetIdSelector"] == nat


@pytest.mark.parametrize(
    ("counts", "bounds", "seen", "held"),
    [
        pytest.param((2, 2, 2), (2, 2), None, 2, id="a fixed pool stays fixed"),
        pytest.param((3, 3, 3), (3, 3), 2, 3, id="a fixed pool that grew"),
        pytest.param((2, 0, 8), (0, 8), None, None, id="the size is said once"),
        pytest.param((2, 0, 8), (0, 8), 7, None, id="then it is the autoscaler's"),
        pytest.param((4, 4, 8), (4, 8), 2, 4, id="below a least that was raised"),
        pytest.param((2, 0, 4), (0, 4), 7, 4, id="above a most that was lowered"),
    ],
)
def test_a_pool_means_what_was_asked(
    counts: tuple[int, int, int], bounds: tuple[int, int], seen: int | None, held: int | None
) -> None:
    """Counts go down to the cloud's own API, and no size is enforced that an autoscaler chose."""
    nodes, least, most = counts
    pool = clusters.eks_pool(nodeCount=nodes, minNodeCount=least, maxNodeCount=most)
    req = infra.request(infra.life(clusters.eks("a", pool)), KIND)
    if seen is not None:
        told = {"status": {"atProvider": {"scalingConfig": {"desiredSize": seen}}}}
        paths.fill(req.observed.resources["pool-gpu-h200"].resource, told)
    group = runtime.answer(fn.compose, req).desired.resources["pool-gpu-h200"].resource
    spec = paths.manifest(group)["spec"]
    scaling = spec["forProvider"]["scalingConfig"]
    assert (scaling["minSize"], scaling["maxSize"], scaling.get("desiredSize")) == (*bounds, held)
    assert spec["initProvider"] == {"scalingConfig": {"desiredSize": nodes}}


@pytest.mark.parametrize(
    ("claim", "want"),
    [
        pytest.param("DRA", {"nvidia.com/gpu.present": "true"}, id="DRA"),
        pytest.param("ExtendedResource", {}, id="device plugin"),
    ],
)
def test_nodes_carry_what_finds_them(claim: str, want: dict[str, str]) -> None:
    """Replicas find their pool, hydration avoids GPUs, and what tolerates no GPU stays away."""
    spec = _pool(infra.life(clusters.eks("a", clusters.eks_pool(gpu={"acceleratorType": "nvidia-l4", "claim": claim}))))
    ours = {"modelplane.ai/pool": "h200", "modelplane.ai/gpu": "nvidia-l4"}
    assert spec["forProvider"]["labels"] == ours | want
    assert spec["forProvider"]["taint"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]


@pytest.mark.parametrize(
    ("machine", "image"),
    [
        pytest.param("p5en.48xlarge", "AL2023_x86_64_NVIDIA", id="p5en"),
        pytest.param("g6.xlarge", "AL2023_x86_64_NVIDIA", id="g6"),
        pytest.param("g4dn.xlarge", "AL2023_x86_64_NVIDIA", id="g4dn"),
        pytest.param("g5g.xlarge", "AL2023_ARM_64_NVIDIA", id="g5g, with Amazon's processor"),
        pytest.param("p6e-gb200.36xlarge", "AL2023_ARM_64_NVIDIA", id="p6e-gb200, with NVIDIA's"),
        pytest.param("p6-b200.48xlarge", "AL2023_x86_64_NVIDIA", id="p6-b200"),
    ],
)
def test_the_image_fits_the_machine(machine: str, image: str) -> None:
    """Nodes of GPUs begin with NVIDIA's driver, on either kind of processor."""
    pool = clusters.eks_pool(instanceType=machine)
    assert _pool(infra.life(clusters.eks("a", pool)))["forProvider"]["amiType"] == image


def test_a_system_pool_is_added_unless_one_is_given() -> None:
    """Every cluster has room for what serves beside the models."""
    assert "pool-system-system" in infra.composed(infra.life(clusters.eks()))
    own = {"name": "own", "role": "System", "instanceType": "m7g.xlarge"}
    made = infra.composed(infra.life(clusters.eks("a", clusters.eks_pool(), own)))
    assert made["pool-system-own"]["spec"]["forProvider"]["amiType"] == "AL2023_ARM_64_STANDARD"
    assert "pool-system-system" not in made


def test_what_a_model_volume_needs_is_there() -> None:
    """EFS has a mount target in every zone behind a firewall that lets NFS in, and its driver has its role."""
    made = infra.composed(infra.life(clusters.eks()))
    assert {"mount-us-east-1a", "mount-us-east-1b", "aws-efs-csi-driver", "eks-pod-identity-agent"} <= set(made)
    rule = made["file-system-nfs"]["spec"]["forProvider"]
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == (
        "10.0.0.0/16",
        "tcp",
        2049,
        2049,
    )
    identity = made["identity-efs-csi"]["spec"]["forProvider"]
    assert (identity["namespace"], identity["serviceAccount"]) == ("kube-system", "efs-csi-controller-sa")
    trust = json.loads(made["role-efs-csi"]["spec"]["forProvider"]["assumeRolePolicy"])
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_an_owners_own_class_needs_no_file_system() -> None:
    """None is made for an owner who brings a class; one that is there stays, since volumes may be on it."""
    made = infra.composed(infra.life(clusters.eks(fileSystem="External")))
    assert not {key for key in made if key.startswith(("file-system", "mount-"))}
    player = infra.life(clusters.eks())
    req = infra.request(player, KIND)
    req.observed.composite.resource.fields["spec"].struct_value["fileSystem"] = "External"
    assert set(runtime.answer(fn.compose, req).desired.resources) == set(req.observed.resources)


def test_what_consumers_get() -> None:
    """The kubeconfig's Secret and the file system are told once they can be used, and survive a blip."""
    player = infra.life(clusters.eks())
    made, status = infra.composed(player), infra.xr(player, KIND)["status"]
    name = made["access"]["spec"]["writeConnectionSecretToRef"]["name"]
    assert status["secrets"] == [{"type": "Kubeconfig", "name": name, "key": "kubeconfig"}]
    assert status["fileSystem"]["id"] == made["file-system"]["metadata"]["annotations"]["crossplane.io/external-name"]
    assert "fileSystem" not in infra.xr(infra.life(clusters.eks(), minutes=2), KIND)["status"]
    req = infra.request(player, KIND)
    del req.observed.resources["file-system"].resource.fields["metadata"].struct_value.fields["annotations"]
    told = paths.child(runtime.answer(fn.compose, req).desired.composite.resource, "status")
    assert paths.text(told, "fileSystem", "id") == status["fileSystem"]["id"]


def test_capacity_that_was_bought_ahead() -> None:
    """A Capacity Block is named by the launch template and by the group, and the machine by the template alone."""
    pool = clusters.eks_pool(capacityBlock={"capacityReservationId": "cr-0a"})
    made = infra.composed(infra.life(clusters.eks("a", pool)))
    template, group = made["template-h200"]["spec"]["forProvider"], made["pool-gpu-h200"]["spec"]["forProvider"]
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": "cr-0a"}
    assert (group["capacityType"], group["launchTemplate"]["name"]) == ("CAPACITY_BLOCK", template["name"])
    assert not {"instanceTypes", "diskSize"} & set(group)


def test_every_card_of_a_fabric_is_used() -> None:
    """A machine's cards all speak EFA, in the cluster's own security group and in one where they may talk freely."""
    made = infra.composed(infra.life(clusters.eks("a", clusters.eks_pool(fabric="EFA"))))
    cards = made["template-h200"]["spec"]["forProvider"]["networkInterfaces"]
    assert [card["networkCardIndex"] for card in cards] == list(range(16))
    assert {card["interfaceType"] for card in cards[1:]} == {"efa-only"}
    firewall = made["efa-firewall"]["metadata"]["annotations"]["crossplane.io/external-name"]
    own = made["cluster"]["status"]["atProvider"]["vpcConfig"]["clusterSecurityGroupId"]
    assert all(card["securityGroups"] == [own, firewall] for card in cards)


def test_a_template_that_changed_is_used() -> None:
    """A node group follows the newest version of its template, and keeps its own while none is told."""
    player = infra.life(clusters.eks("a", FANCY))
    req = infra.request(player, KIND)
    paths.fill(req.observed.resources["template-h200"].resource, {"status": {"atProvider": {"latestVersion": 4}}})
    assert _version(req) == "4"
    paths.fill(
        req.observed.resources["pool-gpu-h200"].resource,
        {"spec": {"forProvider": {"launchTemplate": {"version": "4"}}}},
    )
    del req.observed.resources["template-h200"].resource.fields["status"]
    assert _version(req) == "4"


def _version(req: fnv1.RunFunctionRequest) -> str:
    group = runtime.answer(fn.compose, req).desired.resources["pool-gpu-h200"].resource
    return paths.text(group, "spec", "forProvider", "launchTemplate", "version")


def test_a_pool_that_left_the_spec_goes_and_nothing_else() -> None:
    """What the spec's owner stopped asking for is released; network and files never are."""
    player = infra.life(clusters.eks("a", clusters.eks_pool("x"), clusters.eks_pool("y")))
    req = infra.request(player, KIND)
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    del pools.values[0]
    rsp = runtime.answer(fn.compose, req)
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"pool-gpu-x"}


def test_the_control_planes_rights_go_last() -> None:
    """They stay until the cluster is gone, in every reply, also in one that composes nothing else."""
    made = infra.composed(infra.life(clusters.eks()))
    spec, attached = made[GUARD]["spec"], made["policy-cluster-AmazonEKSClusterPolicy"]
    assert spec["of"]["resourceRef"]["name"] == attached["metadata"]["name"]
    assert spec["by"]["resourceRef"]["name"] == made["cluster"]["metadata"]["name"]
    assert spec["replayDeletion"] is True


@pytest.mark.parametrize(
    ("region", "arn", "nodes"),
    [
        pytest.param("us-east-1", "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", "ec2.amazonaws.com", id="world"),
        pytest.param(
            "cn-north-1", "arn:aws-cn:iam::aws:policy/AmazonEKSClusterPolicy", "ec2.amazonaws.com.cn", id="China"
        ),
        pytest.param(
            "us-gov-west-1", "arn:aws-us-gov:iam::aws:policy/AmazonEKSClusterPolicy", "ec2.amazonaws.com", id="GovCloud"
        ),
        pytest.param(
            "us-iso-east-1", "arn:aws-iso:iam::aws:policy/AmazonEKSClusterPolicy", "ec2.c2s.ic.gov", id="isolated"
        ),
        pytest.param(
            "us-isob-east-1",
            "arn:aws-iso-b:iam::aws:policy/AmazonEKSClusterPolicy",
            "ec2.sc2s.sgov.gov",
            id="the other",
        ),
        pytest.param(
            "eusc-de-east-1",
            "arn:aws-eusc:iam::aws:policy/AmazonEKSClusterPolicy",
            "ec2.amazonaws.com",
            id="Europe's own",
        ),
    ],
)
def test_partitions_of_the_cloud(region: str, arn: str, nodes: str) -> None:
    """Regions that share nothing with the rest of the world have policies and services of their own."""
    pool = clusters.eks_pool(zones=[f"{region}a"])
    made = infra.composed(infra.life(clusters.eks("a", pool, region=region, zones=[f"{region}b"])))
    assert made["policy-cluster-AmazonEKSClusterPolicy"]["spec"]["forProvider"]["policyArn"] == arn
    trust = json.loads(made["role-nodes"]["spec"]["forProvider"]["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": nodes}


def test_missing_zones_are_one_clear_error() -> None:
    """A spec that no API server took is a Fatal result that names the field, not a crash."""
    req = infra.request(infra.life(clusters.eks()), KIND)
    pools = req.observed.composite.resource.fields["spec"].struct_value.fields["nodePools"].list_value
    del pools.values[0].struct_value.fields["zones"]
    (result,) = runtime.answer(fn.compose, req).results
    assert result.severity == fnv1.SEVERITY_FATAL
    assert result.message == "cannot read EKSCluster 'a': spec.nodePools[h200] has role GPU and needs gpu and zones"


def test_a_network_that_breaks_later_changes_nothing() -> None:
    """What is there stays as it is, guards included, while the condition says what is wrong."""
    req = infra.request(infra.life(clusters.eks()), KIND)
    req.observed.composite.resource.fields["spec"].struct_value["zones"] = ["eu-west-1a"]
    rsp = runtime.answer(fn.compose, req)
    assert set(rsp.desired.resources) == set(req.observed.resources)
    assert (_reason(rsp, "NetworkPlanned"), rsp.desired.composite.ready) == ("ZonesMissing", fnv1.READY_FALSE)
