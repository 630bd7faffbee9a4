# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The whole table: what must be accepted, and what must be refused with which words."""

from admission import (
    bad_caches,
    bad_classes,
    bad_clusters,
    bad_deployments,
    bad_eks,
    bad_gke,
    bad_pods,
    bad_replicas,
    bad_stacks,
    good,
)

GOOD = (*good.CASES, *bad_eks.GOOD, *bad_gke.GOOD, *bad_stacks.GOOD)
BAD = (
    *bad_caches.CASES,
    *bad_deployments.CASES,
    *bad_pods.CASES,
    *bad_replicas.CASES,
    *bad_classes.CASES,
    *bad_clusters.CASES,
    *bad_eks.BAD,
    *bad_gke.BAD,
    *bad_stacks.BAD,
)
