# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What happens to an EKSCluster that stands when its spec changes."""

import ipaddress
import itertools

import builders_clusters as clusters
import builders_infra as infra
import pytest
from compose_eks_cluster import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct
from modelplane import paths, runtime
from modelplane.paths import Manifest

KIND = "EKSCluster"
FANCY = clusters.eks_pool("x", fabric="EFA")
OTHER = clusters.eks_pool("y", zones=["us-east-1b"])


def _changed(before: Manifest, after: Manifest) -> fnv1.RunFunctionRequest:
    """Return the request of a cluster that was made by one manifest and is asked for by another."""
    req = infra.request(infra.life(before), KIND)
    xr = req.observed.composite.resource
    del xr.fields["spec"]
    paths.fill(xr, {"spec": after["spec"]})
    return req


def _told(rsp: fnv1.RunFunctionResponse) -> tuple[str, str]:
    return next((c.reason, c.message) for c in rsp.conditions if c.type == "NetworkPlanned")


def _refs(rsp: fnv1.RunFunctionResponse | fnv1.RunFunctionRequest, key: str, *block: str) -> list[str]:
    state = rsp.desired if isinstance(rsp, fnv1.RunFunctionResponse) else rsp.observed
    found = paths.children(state.resources[key].resource, "spec", "forProvider", *block, "subnetIdRefs")
    return [paths.text(ref, "name") for ref in found]


def _ranges(rsp: fnv1.RunFunctionResponse) -> dict[str, ipaddress.IPv4Network]:
    found = {key: each.resource for key, each in rsp.desired.resources.items() if "-subnet-" in key}
    return {
        key: ipaddress.IPv4Network(paths.text(each, "spec", "forProvider", "cidrBlock")) for key, each in found.items()
    }


def test_a_new_zone_moves_nothing() -> None:
    """References are looked up once: what stands keeps its subnets, and a pool of the new zone gets its own."""
    pool = clusters.eks_pool("z", zones=["us-east-1c"])
    req = _changed(clusters.eks(), clusters.eks("a", clusters.eks_pool(), pool))
    rsp = runtime.answer(fn.compose, req)
    assert "private-subnet-us-east-1c" in rsp.desired.resources
    for key in ("pool-system-system", "pool-gpu-h200"):
        assert _refs(rsp, key) == _refs(req, key)
    assert _refs(rsp, "cluster", "vpcConfig") == _refs(req, "cluster", "vpcConfig")
    made = infra.composed(infra.life(clusters.eks("a", clusters.eks_pool(), pool)))
    assert len(made["pool-gpu-z"]["spec"]["forProvider"]["subnetIdRefs"]) == 1


def test_the_last_pool_of_a_second_zone_may_go() -> None:
    """The zone keeps its subnets, so the cluster still has its two zones, and stays Ready without the pool."""
    before, after = (clusters.eks("a", *pools, zones=()) for pools in ((FANCY, OTHER), (FANCY,)))
    rsp = runtime.answer(fn.compose, req := _changed(before, after))
    assert _told(rsp) == ("Planned", "")
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"pool-gpu-y"}
    assert rsp.desired.composite.ready == fnv1.READY_TRUE


def test_one_zone_elsewhere_freezes_nothing_else() -> None:
    """The pool in it is named and not made; a pool that comes beside it is."""
    bad, good = (clusters.eks_pool(name, zones=[zone]) for name, zone in (("bad", "eu-west-1a"), ("z", "us-east-1a")))
    rsp = runtime.answer(fn.compose, _changed(clusters.eks(), clusters.eks("a", clusters.eks_pool(), bad, good)))
    assert _told(rsp) == (
        "ZonesMissing",
        "zones ['eu-west-1a'] are not in region 'us-east-1': name zones of it",
    )
    assert {"pool-gpu-z", "pool-gpu-h200"} <= set(rsp.desired.resources)
    assert "pool-gpu-bad" not in rsp.desired.resources
    assert rsp.desired.composite.ready == fnv1.READY_FALSE


def test_zones_without_addresses_leave_the_others_alone() -> None:
    """The zones that have their ranges are made; the one without is named with what to do."""
    ranges = {"subnetCidrs": ["10.0.0.0/20", "10.0.16.0/20"]}
    player = infra.life(clusters.eks(zones=["us-east-1b", "us-east-1c"], networking=ranges))
    says = "spec.networking has no addresses left for zones ['us-east-1c']: add to subnetCidrs; a VPC cannot be widened"
    assert infra.told(player, KIND, "NetworkPlanned") == ("SubnetsMissing", says)
    assert "pool-gpu-h200" in infra.composed(player)
    assert not player.ready()


def test_a_pool_that_left_a_broken_network_goes() -> None:
    """What is wrong with the network is no reason to bill for what nobody asks for any more."""
    after = clusters.eks("a", FANCY, networking={"vpcCidr": "300.0.0.0/16"})
    rsp = runtime.answer(fn.compose, req := _changed(clusters.eks("a", FANCY, OTHER), after))
    assert _told(rsp)[0] == "InvalidNetwork"
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"pool-gpu-y"}


@pytest.mark.parametrize(
    ("ranges", "reason", "says"),
    [
        pytest.param(
            ["10.0.0.0/19", "10.0.240.0/20"],
            "InvalidNetwork",
            "spec.networking: subnetCidrs 10.0.0.0/19 and 10.0.240.0/20 overlap what other zones have, "
            "so zones ['us-east-1c'] have none: name free ones",
            id="none is free",
        ),
        pytest.param(["10.0.0.0/19", "10.0.32.0/20"], "Planned", "", id="one is free"),
    ],
)
def test_a_new_zone_takes_what_nobody_has(ranges: list[str], reason: str, says: str) -> None:
    """Ranges that were named later are held against all subnets that stand, of either side."""
    zones = ["us-east-1b", "us-east-1c"]
    after = clusters.eks("a", zones=zones, networking={"vpcCidr": "10.0.0.0/16", "subnetCidrs": ranges})
    rsp = runtime.answer(fn.compose, _changed(clusters.eks(), after))
    assert _told(rsp) == (reason, says)
    found = sorted(_ranges(rsp).values())
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(found))
    assert ("private-subnet-us-east-1c" in rsp.desired.resources) == (reason == "Planned")


def _template_gone(req: fnv1.RunFunctionRequest, *groups: Struct) -> bool:
    """Return whether the template goes, where these are what is left of its node groups."""
    for name in runtime.answer(fn.compose, req).requirements.resources:
        req.required_resources[name].SetInParent()
    for group in groups:
        name = next(iter(runtime.answer(fn.compose, req).requirements.resources))
        req.required_resources[name].items.add().resource.CopyFrom(group)
    return "template-x" not in runtime.answer(fn.compose, req).desired.resources


def test_a_template_outlives_its_node_group() -> None:
    """Amazon takes a node group down with its template: it is released once the group is gone, not with it."""
    req = _changed(clusters.eks("a", FANCY, OTHER), clusters.eks("a", OTHER, zones=["us-east-1a"]))
    group = Struct()
    group.CopyFrom(req.observed.resources["pool-gpu-x"].resource)
    first = runtime.answer(fn.compose, req)
    assert {"pool-gpu-x", "template-x"} <= set(first.desired.resources)
    assert first.desired.composite.ready == fnv1.READY_FALSE
    assert not _template_gone(req, group)
    assert "pool-gpu-x" not in runtime.answer(fn.compose, req).desired.resources
    del req.observed.resources["pool-gpu-x"]
    assert not _template_gone(req)
    req.required_resources.clear()
    assert _template_gone(req)
