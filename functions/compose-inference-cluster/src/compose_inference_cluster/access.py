# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The provider configurations by which everything else of ours reaches the cluster."""

from collections.abc import Sequence

from modelplane import access, names
from modelplane.access import Access
from modelplane.paths import Manifest

KUBERNETES = access.KUBERNETES


def config_name(cluster: str) -> str:
    """Return the name of a cluster's provider configurations; it can be no other's."""
    return names.child("cluster", cluster)


def configs(cluster: str, secrets: Sequence[Access]) -> dict[str, Manifest]:
    """Return both configurations by composed-resource key; none while it is not known how to reach the cluster."""
    return access.configs("ClusterProviderConfig", {"name": config_name(cluster)}, secrets)
