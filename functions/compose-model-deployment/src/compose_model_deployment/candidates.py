# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Which clusters may take a new replica, and why the others may not."""

from collections.abc import Iterable, Mapping
from typing import Literal

from modelplane.clusters import matches

from compose_model_deployment import seats
from compose_model_deployment.inputs import Site
from compose_model_deployment.offers import Offer
from compose_model_deployment.view import View

Refusal = Literal["small", "full", "devices", "storage", "gateway", "unready", "tainted", "cache", "selector"]

SAYS: dict[Refusal, str] = {
    "small": "too small",
    "full": "full",
    "devices": "without matching devices",
    "storage": "without a ReadWriteMany storage class",
    "gateway": "without a gateway address",
    "unready": "not ready",
    "tainted": "tainted",
    "cache": "not selected by the cache",
    "selector": "not selected",
}
"""What a message says of clusters, those that an admin can do most about first."""


def closed(site: Site, view: View) -> Refusal | None:
    """Return why a cluster takes no new replica, whatever its capacity, or None."""
    cluster = site.cluster
    if not matches(cluster.labels, view.deployment.selector):
        return "selector"
    if not matches(cluster.labels, view.cache.selector):
        return "cache"
    if view.repels(cluster.name, "NoSchedule", "NoExecute"):
        return "tainted"
    if not cluster.ready:
        return "unready"
    if not cluster.gateway:
        return "gateway"
    return "storage" if view.deployment.cache and not cluster.storage_class else None


def cramped(site: Site, offered: Iterable[Mapping[str, Offer]]) -> Refusal:
    """Return why a cluster has no room: no such devices, too few of their nodes, or others have taken them."""
    found = list(offered)
    if not all(found):
        return "devices"
    return "full" if seats.best(found, {pool.name: pool.nodes for pool in site.pools}) else "small"


def told(refusals: Mapping[Refusal, int]) -> str:
    """Return how many clusters are refused for what, as "4 clusters too small, 2 not ready"."""
    found = [(refusals[refusal], says) for refusal, says in SAYS.items() if refusals.get(refusal)]
    counts = [f"{number} {says}" for number, says in found[1:]]
    noun = "cluster" if found and found[0][0] == 1 else "clusters"
    return ", ".join([f"{found[0][0]} {noun} {found[0][1]}", *counts]) if found else ""


def conflict(view: View) -> str:
    """Return the first label of which deployment and cache want different values, or the empty string."""
    wanted = view.deployment.selector.items()
    return min((key for key, value in wanted if view.cache.selector.get(key, value) != value), default="")
