# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Whole worlds for the contract tests: fleets of some size, at rest or on the way, and neighbours of other shapes."""

import base64
import functools

import builders
import builders_clusters
import builders_healthy
from builders_healthy import State
from modelplane.paths import Manifest

TIER = {"tier": "gold"}
TOKEN = base64.b64decode(builders.secret()["data"]["HF_TOKEN"]).decode()
SIZES = (1, 2, 5, 20)


def fleet(size: int) -> list[Manifest]:
    """Return clusters that all match, with room for all that the worlds place."""
    names = [f"c{index:02}" for index in range(size)]
    return [builders.cluster(name, labels=TIER, pools=[builders.pool(nodes=40)]) for name in names]


def wishes(size: int) -> list[Manifest]:
    """Return what users ask of a fleet: a class, a cache with a token, and deployments of both shapes that use it."""
    replicas = min(size, 3)
    turnkey, gang = builders.workers(tensor=2), [builders.gang(workers=1), builders.engine("solo")]
    return [
        builders.hardware(),
        builders.secret(),
        builders.cache("qwen", secret=builders.secret()["metadata"]["name"], selector=TIER),
        builders.deployment("turnkey", replicas=replicas, cache="qwen", workers=turnkey, selector=TIER),
        builders.deployment("explicit", replicas=replicas, cache="qwen", engines=gang),
        builders.deployment("plain", replicas=1, engines=[builders.engine()]),
    ]


FEW = 2
"""Clusters up to which a world also has clusters that a cloud makes: they do not depend on the fleet's size."""


def clouds() -> list[Manifest]:
    """Return clusters that clouds make or that exist, with what their providers need, and who uses them."""
    return [
        builders_clusters.provider_config(),
        builders_clusters.gke("ohio", project=""),
        builders_clusters.eks("utah", builders_clusters.eks_pool(fabric="EFA")),
        builders_clusters.hardware(),
        builders_clusters.amazons(),
        builders_clusters.inference("iowa"),
        builders_clusters.inference("erie", source="EKS"),
        builders_clusters.inference("oslo", source="Existing", cache={"storageClassName": "nfs"}),
        builders.replica("qwen-iowa-0", cluster="iowa", ready=True),
        builders.replica("qwen-oslo-0", cluster="oslo", ready=True),
        builders.cache("qwen", status={"clusters": [builders.staged("iowa"), builders.staged("oslo")]}),
    ]


@functools.cache
def states(size: int, ticks: int = 60) -> tuple[State, ...]:
    """Return every function's state: at rest, or after the fleet answered a few times."""
    player = builders_healthy.played(*fleet(size), *wishes(size), limit=ticks)
    made = builders_healthy.played(*clouds(), limit=4 * ticks if size <= FEW else 0)
    if ticks >= MANY and not (player.ready() and (made.ready() or size > FEW)):
        raise AssertionError(f"a fleet of {size} is not Ready after {ticks} steps")
    return (*builders_healthy.states(player), *(builders_healthy.states(made) if size <= FEW else ()))


MANY = 60
"""Steps after which every world is at rest."""


def neighbours(need_kind: str) -> list[Manifest]:
    """Return objects of a kind that another version, another user or a half-finished write left beside ours."""
    return _NEIGHBOURS[need_kind]


_FIRST_SHAPE = {"capacity": {"gpuPools": [{"acceleratorType": "l4", "memory": "24Gi", "countPerNode": 1, "nodes": 2}]}}

_NEIGHBOURS: dict[str, list[Manifest]] = {
    "InferenceCluster": [
        {"apiVersion": "modelplane.ai/v1alpha1", "kind": "InferenceCluster", "metadata": {"name": "bare"}},
        {**builders.cluster("first-shape", source="GKE"), "status": _FIRST_SHAPE},
        {**builders.cluster("odd"), "spec": "x", "status": ["y"]},
        builders.cluster("later", source="Quantum", taints=[builders.taint("NoThinking")]),
    ],
    "ModelReplica": [
        builders.replica("hand-made", cluster="nowhere"),
        builders.replica("first-shape", cluster="c00", workers=builders.workers(tensor=4, pipeline=2)),
        builders.replica("other-team", cluster="c00", namespace="other-team", ready=True),
        {**builders.replica("odd"), "spec": {"clusterName": ["c00"], "engines": "x"}},
        {
            "apiVersion": "modelplane.ai/v1alpha1",
            "kind": "ModelReplica",
            "metadata": {"name": "bare", "namespace": "x"},
        },
    ],
    "ModelCache": [
        builders.cache("first-shape", status={"clusters": [builders.staged("c00", tree=None)]}),
        {**builders.cache("odd"), "spec": 3, "status": {"clusters": {"a": "b"}}},
    ],
    "ModelDeployment": [{**builders.deployment("odd"), "spec": {"template": []}}],
    "Secret": [],
    "InferenceClass": [
        {"apiVersion": "modelplane.ai/v1alpha1", "kind": "InferenceClass", "metadata": {"name": "bare"}},
        builders.hardware("first-shape", gpu={"count": 1, "memory": "24Gi"}),
        {**builders.hardware("odd"), "spec": {"devices": {"a": "b"}, "provisioning": "x"}},
    ],
}
