# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Manifests that must be accepted: both published shapes with all their fields, and what we add to them."""

from admission import bases, full
from admission.case import GONE, Case, Manifest, edited


def good(id_: str, manifest: Manifest, reason: str, **edits: object) -> Case:
    """Return a case that is accepted; in a keyword __ stands for a dot."""
    changes = {path.replace("__", "."): value for path, value in edits.items()}
    return Case(id_, edited(manifest, changes), reason)


CASES = (
    good("smallest", bases.CACHE, "a repository and a size are enough"),
    good("full", full.CACHE, "every field of ours and of the published shape"),
    good("bare-repo", bases.CACHE, "the Hub's oldest models have no owner", spec__huggingFace__repo="gpt2"),
    good("dotted-repo", bases.CACHE, "dots are common in names", spec__huggingFace__repo="a_b/Qwen2.5-72B.v1"),
    good("pull-request", bases.CACHE, "the Hub's own refs", spec__huggingFace__revision="refs/pr/12"),
    good("empty-revision", bases.CACHE, "published without a limit", spec__huggingFace__revision=""),
    good("mirror", bases.CACHE, "a mirror on a port", spec__huggingFace__endpoint="http://hub.lan:8080/hf"),
    good("mirror-by-address", bases.CACHE, "an IPv6 host", spec__huggingFace__endpoint="https://[fd00::1]:443"),
    good(
        "empty-blocks",
        bases.GKE,
        "defaults fill them",
        spec__cluster__gke={"region": "a", "credentials": {}, "cache": {}},
    ),
    good("nulls", bases.CACHE, "a null is as if absent", spec__clusterSelector=None),
    good("dotted-name", bases.CACHE, "names of models have dots", metadata__name="qwen2.5-72b"),
    good("digit-name", bases.CACHE, "names of models start with digits", metadata__name="70b-llama"),
    good("longest-name", bases.CACHE, "Crossplane's limit is 63", metadata__name="a" * 63),
    good("annotated", bases.CACHE, "ours are free text", metadata__annotations={"modelplane.ai/retry": "2"}),
    good("turnkey", bases.TURNKEY, "shape A at its smallest"),
    good("turnkey-full", full.TURNKEY, "every field of shape A"),
    good("explicit", bases.EXPLICIT, "shape B at its smallest"),
    good("explicit-full", full.EXPLICIT, "every field of shape B"),
    good("gang", bases.GANG, "one leader and one worker"),
    good("disaggregated", full.DISAGGREGATED, "PrefillDecode is accepted by the schema"),
    good("none", bases.TURNKEY, "scaled to zero", spec__replicas=0),
    good("hundred", bases.TURNKEY, "our upper bound", spec__replicas=100),
    good("mode-defaulted", bases.EXPLICIT, "serving without a mode is Unified", spec__template__spec__serving={}),
    good("pinned", bases.TURNKEY, "Crossplane's own fields", spec__crossplane={"compositionRef": {"name": "x"}}),
    good("turnkey", bases.TURNKEY_REPLICA, "shape A, without a pool"),
    good("turnkey-full", full.TURNKEY_REPLICA, "every field of shape A, and our pool"),
    good("explicit", bases.EXPLICIT_REPLICA, "shape B"),
    good("explicit-full", full.EXPLICIT_REPLICA, "every field of shape B, and our status"),
    good("devices", bases.CLASS, "shape B"),
    good("devices-full", full.CLASS, "each claim and each type of attribute"),
    good("gke-disk", bases.CLASS, "a larger disk", spec__provisioning__gke__diskSizeGb=500),
    good("aks", full.AKS_CLASS, "every field of AKS"),
    good("vultr", full.VULTR_CLASS, "every field of Vultr"),
    good("eks-disk", bases.COUNTED_CLASS, "a larger disk", spec__provisioning__eks__diskSizeGb=10),
    good("resources", bases.COUNTED_CLASS, "shape A"),
    good("both", bases.CLASS, "generations stand side by side", spec__resources={"gpu": {"count": 1, "memory": "1e3"}}),
    good("unprovisioned", bases.CLASS, "an existing cluster's class", spec__provisioning=GONE),
    good("status", full.EXISTING, "an existing cluster as the fleet reports it"),
    good("gke-full", full.GKE, "both generations' fields together"),
    good("projectless", bases.GKE, "the project may come from the credentials", spec__cluster__gke={"region": "us-1"}),
    good("eks-full", full.EKS, "capacity blocks and EFA"),
    good("aks", bases.AKS, "a name that AKS takes"),
    good("aks-full", full.AKS, "every field of AKS"),
    good("infiniband", bases.NEBIUS, "the one cloud with it"),
    good("nebius-full", full.NEBIUS, "every field of Nebius"),
    good("poolless", bases.VULTR, "pools may come later"),
    good("vultr-full", full.VULTR, "every field of Vultr"),
    Case(
        "gke-zones",
        edited(bases.GKE, {"spec.nodePools.0.zones": ["us-west1-b"]}),
        "GKE moves its nodes",
        old=bases.GKE,
    ),
    Case(
        "eks-another-pool",
        edited(bases.EKS, {"spec.nodePools.0.name": "next", "spec.nodePools.0.zones": ["eu-north-1b"]}),
        "a pool of another name is made anew",
        old=bases.EKS,
    ),
    Case("grown", edited(bases.CACHE, {"spec.huggingFace.sizeGiB": 20}), "volumes can grow", old=bases.CACHE),
    Case("same", bases.CACHE, "an update that changes nothing", old=bases.CACHE),
)
