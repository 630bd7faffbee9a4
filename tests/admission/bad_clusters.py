# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""InferenceClusters that must be refused."""

from admission.bases import AKS, EKS, EXISTING, GKE, NEBIUS, VULTR
from admission.case import GONE, bad, changed, edited, ruled

_C, _P = "spec.cluster", "spec.nodePools.0"
_FIRST = "spec.nodePools[0]"
_EFA = {"type": "EFA"}
_BLOCK = {"capacityReservationId": "cr-0a"}

_SOURCES = (("Existing", EXISTING), ("GKE", GKE), ("EKS", EKS), ("AKS", AKS), ("Nebius", NEBIUS), ("Vultr", VULTR))

CASES = (
    *(
        ruled(
            f"block-absent-{source.lower()}",
            manifest,
            {f"{_C}.{source.lower()}": GONE},
            _C,
            f"{source.lower()} is required when cluster.source is {source}",
            "the source needs its block",
        )
        for source, manifest in _SOURCES
    ),
    *(
        ruled(
            f"nebius-beside-{source.lower()}",
            manifest,
            {f"{_C}.nebius": {}},
            f"{_C}.nebius",
            "goes with source Nebius; remove it",
            "it would be ignored",
        )
        for source, manifest in _SOURCES
        if source != "Nebius"
    ),
    bad("source-unknown", GKE, {f"{_C}.source": "OKE"}, f"{_C}.source", "write GKE or EKS", "six sources"),
    bad("source-absent", GKE, {f"{_C}.source": GONE}, f"{_C}.source", "is required", "it names the block"),
    bad("cluster-absent", GKE, {_C: GONE}, _C, "is required", "which cluster"),
    bad("regionless", GKE, {f"{_C}.gke.region": GONE}, f"{_C}.gke.region", "is required", "where it is"),
    bad("region-spaced", GKE, {f"{_C}.gke.region": "us west"}, f"{_C}.gke.region", "not valid", "no such region"),
    bad("project-short", GKE, {f"{_C}.gke.project": "acme"}, f"{_C}.gke.project", "at least 6", "Google's own rule"),
    bad(
        "version-number",
        GKE,
        {f"{_C}.gke.kubernetesVersion": 1.35},
        f"{_C}.gke.kubernetesVersion",
        "put it in quotes",
        "YAML reads 1.30 as 1.3",
    ),
    bad(
        "version-word",
        GKE,
        {f"{_C}.gke.kubernetesVersion": "latest"},
        f"{_C}.gke.kubernetesVersion",
        "not valid",
        "clouds take a version",
    ),
    bad(
        "secretless",
        EXISTING,
        {f"{_C}.existing.secretRef": GONE},
        f"{_C}.existing.secretRef",
        "is required",
        "how to reach it",
    ),
    bad(
        "identity-type",
        EXISTING,
        {f"{_C}.existing.identitySecretRef": {"name": "x", "type": "Password"}},
        f"{_C}.existing.identitySecretRef.type",
        "write GoogleApplicationCredentials or",
        "four kinds of identity",
    ),
    bad(
        "storage-class",
        EXISTING,
        {f"{_C}.existing.cache": {"storageClassName": "Fast NFS"}},
        f"{_C}.existing.cache.storageClassName",
        "not valid",
        "no such class",
    ),
    ruled(
        "gke-zoneless", GKE, {f"{_P}.zones": GONE}, "spec", "zones is required when cluster.source is GKE or", "GPUs"
    ),
    ruled("eks-zoneless", EKS, {f"{_P}.zones": []}, "spec", "zones is required when cluster.source is GKE or", "GPUs"),
    bad(
        "eks-zone", EKS, {f"{_C}.eks.zones": ["eu-north-1"]}, f"{_C}.eks.zones[0]", "for example us-east-1a", "a region"
    ),
    ruled("eks-elsewhere", EKS, {f"{_P}.zones": ["eu-west-1a"]}, "spec", "must be in cluster.eks.region", "a region"),
    ruled(
        "eks-zones-elsewhere",
        EKS,
        {f"{_C}.eks.zones": ["eu-west-1a"]},
        f"{_C}.eks",
        "cluster.eks.zones must be in cluster.eks.region",
        "a region",
    ),
    ruled(
        "block-zones",
        EKS,
        {f"{_P}.capacityBlock": _BLOCK, f"{_P}.zones": ["eu-north-1a", "eu-north-1b"]},
        "spec",
        "capacityBlock is of one zone",
        "a block is bought in one zone",
    ),
    changed(
        "eks-zones-changed",
        EKS,
        {f"{_P}.zones": ["eu-north-1b"]},
        "spec",
        "zones stay what they were on EKS",
        "EKS moves no node group",
    ),
    changed(
        "eks-fabric-gone",
        edited(EKS, {f"{_P}.fabric": _EFA}),
        {f"{_P}.fabric": GONE},
        "spec",
        "fabric and capacityBlock stay what they were on EKS",
        "EKS replaces no node group",
    ),
    changed(
        "eks-block-comes",
        EKS,
        {f"{_P}.capacityBlock": _BLOCK},
        "spec",
        "fabric and capacityBlock stay what they were on EKS",
        "EKS replaces no node group",
    ),
    ruled("aks-pool-name", AKS, {f"{_P}.name": "h100-large"}, "spec", "at most 12 lower-case letters", "Azure's rule"),
    ruled("aks-pool-long", AKS, {f"{_P}.name": "a" * 13}, "spec", "at most 12 lower-case letters", "Azure's rule"),
    ruled("efa-elsewhere", GKE, {f"{_P}.fabric": _EFA}, "spec", "EFA is only for cluster.source EKS", "Amazon's own"),
    ruled("block-elsewhere", GKE, {f"{_P}.capacityBlock": _BLOCK}, "spec", "capacityBlock is only for", "Amazon's own"),
    ruled("ib-elsewhere", EKS, {f"{_P}.fabric": {"type": "InfiniBand"}}, "spec", "InfiniBand is only for", "Nebius'"),
    ruled(
        "ib-unnamed",
        NEBIUS,
        {f"{_P}.fabric": {"type": "InfiniBand"}},
        "spec",
        "infiniband is required for type InfiniBand on Nebius",
        "which fabric",
    ),
    ruled(
        "ib-misplaced",
        NEBIUS,
        {f"{_P}.fabric.type": "None"},
        f"{_FIRST}.fabric",
        "goes with type InfiniBand",
        "it would be ignored",
    ),
    bad("fabric-text", EKS, {f"{_P}.fabric": "EFA"}, f"{_FIRST}.fabric", "must be a mapping", "v0.1 had it so"),
    bad(
        "reservation",
        EKS,
        {f"{_P}.capacityBlock": {"capacityReservationId": "cr-XYZ"}},
        f"{_FIRST}.capacityBlock.capacityReservationId",
        "not valid",
        "published pattern",
    ),
    ruled("below-min", GKE, {f"{_P}.minNodeCount": 2}, _FIRST, "(1 unless set) is below minNodeCount", "cannot hold"),
    ruled(
        "above-max",
        GKE,
        {f"{_P}.nodeCount": 9, f"{_P}.maxNodeCount": 4},
        _FIRST,
        "is above maxNodeCount; lower nodeCount",
        "cannot hold",
    ),
    bad("negative", GKE, {f"{_P}.nodeCount": -1}, f"{_FIRST}.nodeCount", "at least 0", "fewer than none"),
    bad("max-zero", GKE, {f"{_P}.maxNodeCount": 0, f"{_P}.nodeCount": 0}, f"{_FIRST}.maxNodeCount", "at least 1", "AB"),
    bad("many-pools", EXISTING, {"spec.nodePools": [{}] * 9}, "spec.nodePools", "at most 8", "rules walk the list"),
    bad("pools-empty", EXISTING, {"spec.nodePools": []}, "spec.nodePools", "at least 1", "leave it out instead"),
    bad("pool-classless", EXISTING, {f"{_P}.className": GONE}, f"{_FIRST}.className", "is required", "which hardware"),
    ruled("pool-name", EXISTING, {f"{_P}.name": "-h100"}, f"{_FIRST}.name", "must be a DNS label", "it names others"),
    bad("pool-long", EXISTING, {f"{_P}.name": "a" * 41}, f"{_FIRST}.name", "at most 40", "published bound"),
    bad(
        "pool-twice",
        EXISTING,
        {"spec.nodePools": EXISTING["spec"]["nodePools"] * 2},
        "spec.nodePools[1]",
        "each must be unique",
        "names tell pools apart",
    ),
    bad("taint-effect", GKE, {"spec.taints": [{"key": "a"}]}, "spec.taints[0].effect", "is required", "keyed by it"),
    bad(
        "taint-twice",
        GKE,
        {"spec.taints": [{"key": "a", "effect": "NoExecute"}, {"key": "a", "effect": "NoExecute", "value": "x"}]},
        "spec.taints[1]",
        "repeats key and effect",
        "which value counts",
    ),
    bad(
        "component",
        GKE,
        {"spec.servingStack": {"components": {"prometheus": "Disabled"}}},
        "spec.servingStack.components.prometheus",
        "write Managed or External",
        "two answers",
    ),
    bad(
        "component-unknown",
        GKE,
        {"spec.servingStack": {"components": {"istio": "External"}}},
        "spec.servingStack.components.istio",
        "is not a field here",
        "seven components",
    ),
)
