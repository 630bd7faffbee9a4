# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The guard of the control plane's rights: without them Amazon cannot take down what it made for the cluster."""

from modelplane import names, usages
from modelplane.paths import Manifest

from compose_eks_cluster import cluster as control_plane
from compose_eks_cluster import iam
from compose_eks_cluster.inputs import CLUSTER, Cluster

ORDER = "cluster-first"
"""Of the composed-resource key of every guard."""


def guards(cluster: Cluster) -> dict[str, Manifest]:
    """Return the guards by composed-resource key.

    They replay an accepted teardown, and may carry `by`, since all are siblings and none an owner.
    """
    xr = cluster.cloud.xr
    return {
        f"{ORDER}-{part}": usages.namespaced(
            name=names.child(xr.name, ORDER, part),
            namespace=xr.namespace,
            of=(f"{iam.GROUP}", "RolePolicyAttachment", cluster.ref(part)["name"]),
            by=(control_plane.GROUP, "Cluster", cluster.ref(CLUSTER)["name"]),
            reason=f"EKS takes down cluster {xr.name} with these rights",
            replay=True,
        )
        for part in iam.attachments(CLUSTER)
    }
