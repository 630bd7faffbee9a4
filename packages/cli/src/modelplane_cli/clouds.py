# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the cloud providers, and provider-helm, answer to what is composed: after some minutes it is there."""

from collections.abc import Callable, Mapping

from modelplane import managed, names
from modelplane.paths import Manifest

from modelplane_cli import materialise
from modelplane_cli.objects import Ref, is_ready, minute, stamp, value_at

GROUPS = (".m.upbound.io", "helm.m.crossplane.io")
"""How the API groups of managed resources end."""

_MINUTES = {"Cluster": 8, "NodePool": 3, "NodeGroup": 3, "Addon": 2, "Release": 2}
"""How long a preview lets a cloud take; whatever is not named takes a minute."""
_IDS = {"FileSystem": "fs", "SecurityGroup": "sg", "VPC": "vpc", "Subnet": "subnet"}
"""Kinds to which a cloud gives an id instead of the name that is asked for."""


def answers(key: Ref) -> bool:
    """Return whether a provider answers an object."""
    group = key.api_version.partition("/")[0]
    return group.endswith(GROUPS) and "ProviderConfig" not in key.kind


def managed_resource(obj: Manifest, *, step: int) -> Manifest:
    """Answer that a managed resource is being made, then that it is there under its name."""
    left = _MINUTES.get(obj["kind"], 1) - (step - minute(obj["metadata"]["creationTimestamp"]))
    creating = {"status": "False", "reason": "Creating", "message": f"A preview lets it take {left} more minutes."}
    verdict = {"status": "True", "reason": "Available"} if left <= 0 or is_ready(obj) else creating
    wanted = [{"type": "Synced", "status": "True", "reason": "ReconcileSuccess"}, {"type": "Ready", **verdict}]
    status = dict(obj.get("status", {}))
    status["conditions"] = materialise.conditions(value_at(obj, "status", "conditions") or [], wanted, now=stamp(step))
    told = _REPORTS.get((obj["apiVersion"].partition("/")[0], obj["kind"]))
    status |= {"atProvider": told(obj)} if told else {}
    metadata = obj["metadata"]
    name = {managed.EXTERNAL_NAME: _id(obj), **metadata.get("annotations", {})}
    return {**obj, "metadata": {**metadata, "annotations": name}, "status": status}


def _id(obj: Manifest) -> str:
    """Return what a cloud calls a managed resource."""
    name, prefix = obj["metadata"]["name"], _IDS.get(obj["kind"], "")
    return f"{prefix}-{names.digest(name, length=17)}" if prefix else name


def _cluster(obj: Manifest) -> Manifest:
    """Return what Amazon says of a cluster: the security group that it made."""
    group = f"sg-{names.digest(obj['metadata']['name'], 'cluster', length=17)}"
    return {"vpcConfig": {"clusterSecurityGroupId": group}}


def _node_group(obj: Manifest) -> Manifest:
    """Return what Amazon says of a node group: as many nodes as were asked for, since nobody scales it."""
    asked = (value_at(obj, "spec", which, "scalingConfig") or {} for which in ("initProvider", "forProvider"))
    return {"scalingConfig": {key: size for sizes in asked for key, size in sizes.items()}}


def _launch_template(obj: Manifest) -> Manifest:
    """Return what Amazon says of a launch template: a version for each time that it was changed."""
    return {"latestVersion": obj["metadata"]["generation"]}


_REPORTS: Mapping[tuple[str, str], Callable[[Manifest], Manifest]] = {
    ("eks.aws.m.upbound.io", "Cluster"): _cluster,
    ("eks.aws.m.upbound.io", "NodeGroup"): _node_group,
    ("ec2.aws.m.upbound.io", "LaunchTemplate"): _launch_template,
}
"""What a cloud reports of kinds, where what is composed depends on it."""
