# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""EKSClusters that must be accepted, and those that must be refused."""

from admission.case import GONE, Case, bad, base, changed, edited, ruled

SMALL = base("""
apiVersion: infrastructure.modelplane.ai/v1alpha1
kind: EKSCluster
metadata: {name: ohio, namespace: modelplane-system}
spec:
  region: us-east-2
  nodePools:
  - name: h200
    role: GPU
    instanceType: p5en.48xlarge
    gpu: {acceleratorType: nvidia-h200}
    zones: [us-east-2a]
""")

_POOL = "spec.nodePools.0"
_FIRST = "spec.nodePools[0]"
_BLOCK = {"capacityReservationId": "cr-0a"}
_RANGES = ["10.0.0.0/20", "10.0.16.0/20"]

FULL = edited(
    SMALL,
    {
        "spec.zones": ["us-east-2b", "us-east-2c"],
        "spec.kubernetesVersion": "1.36",
        "spec.credentials": {"type": "ProviderConfig", "name": "team"},
        "spec.networking": {"vpcCidr": "10.0.0.0/16", "subnetCidrs": [*_RANGES, "10.0.32.0/20"]},
        "spec.fileSystem": "External",
        f"{_POOL}.diskSizeGb": 500,
        f"{_POOL}.nodeCount": 2,
        f"{_POOL}.minNodeCount": 1,
        f"{_POOL}.maxNodeCount": 4,
        f"{_POOL}.gpu": {"acceleratorType": "nvidia-h200", "claim": "ExtendedResource"},
        f"{_POOL}.capacityBlock": _BLOCK,
        f"{_POOL}.fabric": "EFA",
    },
)

_WIDE = edited(SMALL, {f"{_POOL}.zones": ["us-east-2a", "us-east-2b"]})

GOOD = (
    Case("smallest", SMALL, "a region and a pool are enough for the schema"),
    Case("full", FULL, "every field"),
    Case(
        "system-pool",
        edited(SMALL, {_POOL: {"name": "system", "role": "System", "instanceType": "m6i.xlarge"}}),
        "a pool for what serves beside the models needs no zones",
    ),
    Case(
        "changed",
        edited(FULL, {f"{_POOL}.nodeCount": 3, f"{_POOL}.capacityBlock": {"capacityReservationId": "cr-0b"}}),
        "nodes may grow, and come from the next block",
        old=FULL,
    ),
    Case(
        "another-pool",
        edited(
            SMALL, {f"{_POOL}.name": "next", f"{_POOL}.zones": ["us-east-2b"], f"{_POOL}.instanceType": "g6.xlarge"}
        ),
        "a pool of another name is made anew",
        old=SMALL,
    ),
    Case(
        "networked",
        edited(SMALL, {"spec.networking": {"subnetCidrs": _RANGES}}),
        "ranges may be named later, in the same VPC",
        old=SMALL,
    ),
    Case(
        "reordered",
        edited(_WIDE, {f"{_POOL}.zones": ["us-east-2b", "us-east-2a"]}),
        "the same zones in another order",
        old=_WIDE,
    ),
)

BAD = (
    bad("regionless", SMALL, {"spec.region": GONE}, "spec.region", "is required", "where it is"),
    ruled("gpu-absent", SMALL, {f"{_POOL}.gpu": GONE}, _FIRST, "gpu is required when role is GPU", "which GPU"),
    ruled("gpu-on-system", SMALL, {f"{_POOL}.role": "System"}, _FIRST, "gpu goes with role GPU", "it would be ignored"),
    ruled("zoneless", SMALL, {f"{_POOL}.zones": GONE}, _FIRST, "zones is required when role is GPU", "GPUs are zonal"),
    bad(
        "zone-word",
        SMALL,
        {f"{_POOL}.zones": ["us-east-2"]},
        f"{_FIRST}.zones[0]",
        "for example us-east-1a",
        "no such zone",
    ),
    bad(
        "zone-local",
        SMALL,
        {"spec.zones": ["us-east-2-lax-1a"]},
        "spec.zones[0]",
        "not valid",
        "EKS has no groups there",
    ),
    ruled("below-least", SMALL, {f"{_POOL}.minNodeCount": 2}, _FIRST, "is below minNodeCount", "never reached"),
    ruled("above-most", SMALL, {f"{_POOL}.nodeCount": 9}, _FIRST, "is above maxNodeCount", "never reached"),
    ruled(
        "no-nodes",
        SMALL,
        {f"{_POOL}.nodeCount": 0, f"{_POOL}.maxNodeCount": 0},
        _FIRST,
        "maxNodeCount 0 is less than EKS takes",
        "Amazon's own bound",
    ),
    ruled(
        "block-zones",
        SMALL,
        {f"{_POOL}.capacityBlock": _BLOCK, f"{_POOL}.zones": ["us-east-2a", "us-east-2b"]},
        _FIRST,
        "capacityBlock is of one zone",
        "a block is bought in one zone",
    ),
    bad("fabric-word", SMALL, {f"{_POOL}.fabric": "IB"}, f"{_FIRST}.fabric", "write None or EFA", "two fabrics"),
    bad("files-word", SMALL, {"spec.fileSystem": "None"}, "spec.fileSystem", "write Managed or External", "two ways"),
    ruled("dotted-pool", SMALL, {f"{_POOL}.name": "h.200"}, f"{_FIRST}.name", "must be a DNS label", "part of names"),
    bad("poolless", SMALL, {"spec.nodePools": []}, "spec.nodePools", "at least 1", "a cluster of no nodes"),
    bad(
        "one-range",
        SMALL,
        {"spec.networking": {"subnetCidrs": _RANGES[:1]}},
        "spec.networking.subnetCidrs",
        "at least 2",
        "EKS needs two zones",
    ),
    ruled("zone-elsewhere", SMALL, {f"{_POOL}.zones": ["us-west-2a"]}, "spec", "must be in spec.region", "no subnet"),
    ruled("zones-elsewhere", SMALL, {"spec.zones": ["us-west-2a"]}, "spec", "spec.zones must be in", "no subnet"),
    changed(
        "zones-changed",
        SMALL,
        {f"{_POOL}.zones": ["us-east-2a", "us-east-2b"]},
        _FIRST,
        "zones stay what they were",
        "a provider looks subnets up once",
    ),
    changed("zones-fewer", _WIDE, {f"{_POOL}.zones": ["us-east-2a"]}, _FIRST, "zones stay what they were", "likewise"),
    changed(
        "machine-changed",
        SMALL,
        {f"{_POOL}.instanceType": "p5.48xlarge"},
        f"{_FIRST}.instanceType",
        "instanceType stays what it was",
        "EKS would have to replace the group",
    ),
    changed(
        "disk-changed",
        SMALL,
        {f"{_POOL}.diskSizeGb": 200},
        f"{_FIRST}.diskSizeGb",
        "diskSizeGb stays what it was",
        "EKS would have to replace the group",
    ),
    changed("fabric-gone", FULL, {f"{_POOL}.fabric": GONE}, f"{_FIRST}.fabric", "fabric stays", "as its template"),
    changed("block-gone", FULL, {f"{_POOL}.capacityBlock": GONE}, _FIRST, "neither comes nor goes", "as its template"),
    changed(
        "vpc-changed",
        FULL,
        {"spec.networking.vpcCidr": "10.0.0.0/15"},
        "spec.networking",
        "make another cluster",
        "a VPC keeps its range",
    ),
    changed(
        "vpc-named",
        SMALL,
        {"spec.networking": {"vpcCidr": "10.1.0.0/16"}},
        "spec.networking",
        "make another cluster",
        "it had the default one",
    ),
    bad("range-word", SMALL, {"spec.networking": {"vpcCidr": "vpc"}}, "spec.networking.vpcCidr", "not valid", "a CIDR"),
)
