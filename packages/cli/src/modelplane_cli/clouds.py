# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the cloud providers, and provider-helm, answer to what is composed: after some minutes it is there."""

from modelplane import managed
from modelplane.paths import Manifest

from modelplane_cli import materialise
from modelplane_cli.objects import Ref, is_ready, minute, stamp, value_at

GROUPS = (".m.upbound.io", "helm.m.crossplane.io")
"""How the API groups of managed resources end."""

_MINUTES = {"Cluster": 8, "NodePool": 3, "NodeGroup": 3, "Addon": 2, "Release": 2}
"""How long a preview lets a cloud take; whatever is not named takes a minute."""


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
    metadata = obj["metadata"]
    name = {managed.EXTERNAL_NAME: metadata["name"], **metadata.get("annotations", {})}
    return {**obj, "metadata": {**metadata, "annotations": name}, "status": status}
