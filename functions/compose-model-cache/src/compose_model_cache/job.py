# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The hydration Job: the hydrator's image with flags, as little privileged as a pod can be."""

from collections.abc import Iterable

from modelplane import labels, remote
from modelplane.paths import Manifest

from compose_model_cache.failures import PERMANENT
from compose_model_cache.inputs import Cache, Token
from compose_model_cache.jobs import Wanted
from compose_model_cache.remotes import account_name, job_name, metadata, own_labels, token_name
from compose_model_cache.volume import claim_name

COMPLETE = remote.cel(
    "has(object.status) && has(object.status.conditions) && "
    'object.status.conditions.exists(c, c.type == "Complete" && c.status == "True")'
)

TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105  the name of a variable
_VOLUME = "/volume"
_SCRATCH = "/tmp"  # noqa: S108  an emptyDir of the pod, of no other
_CONTAINER = "hydrate"
_UID = 1000

_BACKOFF_LIMIT = 77
"""About 12 hours: 10 s, doubled up to 10 minutes between attempts."""

_GPU_LABELS = (labels.GPU, "nvidia.com/gpu.present", "cloud.google.com/gke-accelerator")
"""A node with any of these has GPUs, which wait for engines."""


def job(cache: Cache, wanted: Wanted, *, image: str, token: Token, keep: Iterable[str]) -> Manifest:
    """Return the Job. foregroundDeletion: the API's default for Jobs would leave pods, which pin the claim."""
    named = metadata(cache, job_name(cache, wanted.hash))
    named["labels"][labels.SOURCE] = cache.source.hash
    named["finalizers"] = ["foregroundDeletion"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": named,
        "spec": {
            "backoffLimit": _BACKOFF_LIMIT,
            "podFailurePolicy": {"rules": _failure_rules()},
            "template": {
                "metadata": {"labels": own_labels(cache)},
                "spec": _pod(cache, image=image, token=token, args=arguments(cache, wanted, keep=keep)),
            },
        },
    }


def arguments(cache: Cache, wanted: Wanted, *, keep: Iterable[str]) -> list[str]:
    """Return the hydrator's flags; what a user wrote stands after "=", so that it can never be taken for a flag."""
    source = cache.source
    report = f"{remote.remote_namespace(cache.namespace)}/{job_name(cache, wanted.hash)}"
    optional = {"revision": source.revision, "commit": wanted.commit, "endpoint": source.endpoint}
    return [
        f"--repo={source.repo}",
        *(f"--{flag}={value}" for flag, value in optional.items() if value),
        *(f"--include={pattern}" for pattern in source.include),
        *(f"--exclude={pattern}" for pattern in source.exclude),
        f"--volume={_VOLUME}",
        f"--tree={source.base}",
        *(f"--keep={tree}" for tree in sorted(keep) or [""]),
        f"--report-job={report}",
    ]


def _failure_rules() -> list[Manifest]:
    codes = sorted(failure.code for failure in PERMANENT)
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": _CONTAINER, "operator": "In", "values": codes},
        },
    ]


def _pod(cache: Cache, *, image: str, token: Token, args: list[str]) -> Manifest:
    return {
        "restartPolicy": "Never",
        "serviceAccountName": account_name(cache),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _UID,
            "runAsGroup": _UID,
            "fsGroup": _UID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_without_gpus()]}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [_container(cache, image=image, token=token, args=args)],
        "volumes": [
            {"name": "volume", "persistentVolumeClaim": {"claimName": claim_name(cache)}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _without_gpus() -> Manifest:
    lacks = [{"key": label, "operator": "DoesNotExist"} for label in _GPU_LABELS]
    return {"weight": 100, "preference": {"matchExpressions": lacks}}


def _container(cache: Cache, *, image: str, token: Token, args: list[str]) -> Manifest:
    return {
        "name": _CONTAINER,
        "image": image,
        "args": args,
        "env": _token(cache, token),
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi"},
            "limits": {"cpu": "4", "memory": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "volume", "mountPath": _VOLUME},
            {"name": "scratch", "mountPath": _SCRATCH},
        ],
    }


def _token(cache: Cache, token: Token) -> list[Manifest] | None:
    if cache.secret is None:
        return None
    copied = {"name": token_name(cache, token.hash), "key": cache.secret.key}
    return [{"name": TOKEN_VARIABLE, "valueFrom": {"secretKeyRef": copied}}]
