# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Identities: of the control plane, of the nodes, and by Pod Identity of what runs on them and calls Amazon's APIs."""

import json
from dataclasses import dataclass

from modelplane import managed
from modelplane.managed import Part
from modelplane.paths import Manifest

from compose_eks_cluster.inputs import CLUSTER, Cluster

GROUP = "iam.aws.m.upbound.io/v1beta1"

NODES = "nodes"
EBS = "ebs-csi"
EFS = "efs-csi"
AUTOSCALER = "autoscaler"

_PODS = "pods.eks"
_TRUSTED = {CLUSTER: "eks", NODES: "ec2", EBS: _PODS, EFS: _PODS, AUTOSCALER: _PODS}
"""Amazon's service that may take each role."""
_POLICIES = {
    CLUSTER: ("AmazonEKSClusterPolicy",),
    NODES: ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"),
    EBS: ("service-role/AmazonEBSCSIDriverPolicy",),
    EFS: ("service-role/AmazonEFSCSIDriverPolicy",),
    AUTOSCALER: (),
}
"""Amazon's own policies of each role."""
_ACCOUNTS = {EBS: "ebs-csi-controller-sa", EFS: "efs-csi-controller-sa", AUTOSCALER: "cluster-autoscaler"}
"""The ServiceAccount, in kube-system, that gets each role by Pod Identity."""


@dataclass(frozen=True, slots=True)
class _Partition:
    """A part of Amazon's cloud that shares nothing with the others; in some, machines are another service."""

    name: str
    machines: str = "amazonaws.com"


_PARTITIONS = {
    "cn-": _Partition("aws-cn", "amazonaws.com.cn"),
    "us-gov-": _Partition("aws-us-gov"),
    "us-iso-": _Partition("aws-iso", "c2s.ic.gov"),
    "us-isob-": _Partition("aws-iso-b", "sc2s.sgov.gov"),
    "eu-isoe-": _Partition("aws-iso-e", "cloud.adc-e.uk"),
    "us-isof-": _Partition("aws-iso-f", "csp.hci.ic.gov"),
    "eusc-": _Partition("aws-eusc"),
}
"""By how the names of their regions begin."""

_OWN_POLICY = "policy"
_SEES = (
    *(
        f"autoscaling:Describe{what}"
        for what in ("AutoScalingGroups", "AutoScalingInstances", "LaunchConfigurations", "ScalingActivities", "Tags")
    ),
    *(f"ec2:Describe{what}" for what in ("Images", "InstanceTypes", "LaunchTemplateVersions")),
    "ec2:GetInstanceTypesFromInstanceRequirements",
    "eks:DescribeNodegroup",
)
_SCALES = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")


def role(of: str) -> str:
    """Return the composed-resource key of a role."""
    return f"role-{of}"


def attachments(of: str) -> tuple[str, ...]:
    """Return the composed-resource keys of what attaches a role's policies."""
    own = (f"{_OWN_POLICY}-{of}-own",) if of == AUTOSCALER else ()
    return (*(f"{_OWN_POLICY}-{of}-{name.rpartition('/')[2]}" for name in _POLICIES[of]), *own)


def identity(of: str) -> str:
    """Return the composed-resource key of what gives a ServiceAccount its role."""
    return f"identity-{of}"


def parts(cluster: Cluster) -> dict[str, Part]:
    """Return the parts by composed-resource key."""
    out = {role(of): Part(_role(cluster, of)) for of in _TRUSTED}
    for of, policies in _POLICIES.items():
        for key, policy in zip(attachments(of), policies, strict=False):
            arn = f"arn:{_partition(cluster.region).name}:iam::aws:policy/{policy}"
            out[key] = Part(_attachment(cluster, of, key, {"policyArn": arn}), (role(of),))
    (own,) = attachments(AUTOSCALER)
    out[AUTOSCALER] = Part(
        cluster.cloud.resource(f"{GROUP} Policy", AUTOSCALER, {"policy": _autoscaling(cluster)}), (CLUSTER,)
    )
    to_own = {"policyArnSelector": managed.sibling(AUTOSCALER)}
    out[own] = Part(_attachment(cluster, AUTOSCALER, own, to_own), (role(AUTOSCALER), AUTOSCALER))
    for of in _ACCOUNTS:
        out[identity(of)] = Part(_identity(cluster, of), (CLUSTER, role(of)))
    return out


def _role(cluster: Cluster, of: str) -> Manifest:
    domain = _partition(cluster.region).machines if of == NODES else "amazonaws.com"
    actions = ["sts:AssumeRole", "sts:TagSession"] if _TRUSTED[of] == _PODS else ["sts:AssumeRole"]
    statement = {"Effect": "Allow", "Principal": {"Service": f"{_TRUSTED[of]}.{domain}"}, "Action": actions}
    return cluster.cloud.resource(f"{GROUP} Role", role(of), {"assumeRolePolicy": _document(statement)})


def _attachment(cluster: Cluster, of: str, key: str, policy: Manifest) -> Manifest:
    wanted = {"roleSelector": managed.sibling(role(of)), **policy}
    return cluster.cloud.resource(f"{GROUP} RolePolicyAttachment", key, wanted)


def _identity(cluster: Cluster, of: str) -> Manifest:
    wanted = {
        "clusterNameSelector": managed.sibling(CLUSTER),
        "namespace": "kube-system",
        "serviceAccount": _ACCOUNTS[of],
        "roleArnSelector": managed.sibling(role(of)),
    }
    return cluster.resource("eks.aws.m.upbound.io/v1beta1 PodIdentityAssociation", identity(of), wanted)


def _autoscaling(cluster: Cluster) -> str:
    """Return what Kubernetes' autoscaler may do: see everything, and scale this cluster's groups, which EKS tags."""
    ours = {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster.ref(CLUSTER)['name']}": "owned"}
    return _document(
        {"Effect": "Allow", "Action": sorted(_SEES), "Resource": "*"},
        {"Effect": "Allow", "Action": sorted(_SCALES), "Resource": "*", "Condition": {"StringEquals": ours}},
    )


def _document(*statements: Manifest) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def _partition(region: str) -> _Partition:
    """Return the part of Amazon's cloud that a region is in."""
    return next((part for prefix, part in _PARTITIONS.items() if region.startswith(prefix)), _Partition("aws"))
