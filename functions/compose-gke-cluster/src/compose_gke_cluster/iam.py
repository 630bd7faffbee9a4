# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Identities: the one that reaches the cluster, with its key, and the one that its nodes run as."""

from modelplane import managed
from modelplane.managed import Part

from compose_gke_cluster.inputs import Cluster

GROUP = "cloudplatform.gcp.m.upbound.io/v1beta1"
ACCOUNT_LIMIT = 30
"""Google's longest account id."""

ACCESS = "access"
KEY = "access-key"
NODES = "nodes"
ROLES = {ACCESS: "roles/container.admin", NODES: "roles/container.defaultNodeServiceAccount"}
"""The role of each account in the project, by the account's composed-resource key."""


def binding(account: str) -> str:
    """Return the composed-resource key of an account's role binding."""
    return f"{account}-role"


def parts(cluster: Cluster) -> dict[str, Part]:
    """Return the parts by composed-resource key."""
    key = cluster.cloud.resource(
        f"{GROUP} ServiceAccountKey",
        KEY,
        {"serviceAccountIdSelector": managed.sibling(ACCESS)},
        secret=secret(cluster),
    )
    out = {KEY: Part(key, (ACCESS,))}
    for account, role in ROLES.items():
        out[account] = Part(_account(cluster, account))
        out[binding(account)] = Part(_binding(cluster, account, role), (account,))
    return out


def secret(cluster: Cluster) -> str:
    """Return the name of the Secret with the key of the account that reaches the cluster."""
    return cluster.cloud.name("credentials", limit=63)


def _account(cluster: Cluster, account: str) -> dict[str, object]:
    wanted = {"displayName": f"Modelplane {cluster.cloud.xr.name} {account}"[:100], "project": cluster.project}
    return cluster.cloud.resource(f"{GROUP} ServiceAccount", account, wanted, limit=ACCOUNT_LIMIT)


def _binding(cluster: Cluster, account: str, role: str) -> dict[str, object]:
    account_id = cluster.cloud.name(account, limit=ACCOUNT_LIMIT)
    member = f"serviceAccount:{account_id}@{_domain(cluster.project)}.iam.gserviceaccount.com"
    wanted = {"member": member, "role": role, "project": cluster.project}
    return cluster.cloud.resource(f"{GROUP} ProjectIAMMember", binding(account), wanted)


def _domain(project: str) -> str:
    """Return a project in the mail addresses of its accounts: one of an organisation's domain is turned round."""
    domain, colon, name = project.partition(":")
    return f"{name}.{domain}" if colon else project
