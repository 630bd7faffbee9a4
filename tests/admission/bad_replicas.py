# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""ModelReplicas that must be refused; their pods have the rules of a ModelDeployment's."""

from admission.bases import EXPLICIT_REPLICA, TURNKEY_REPLICA
from admission.case import GONE, bad, ruled

_MEMBER = "spec.engines.0.members.0"
_FIRST = "spec.engines[0].members[0]"

CASES = (
    ruled("neither", TURNKEY_REPLICA, {"spec.workers": GONE}, "spec", "needs one of two shapes", "nothing to run"),
    ruled(
        "both",
        TURNKEY_REPLICA,
        {"spec.engines": EXPLICIT_REPLICA["spec"]["engines"]},
        "spec",
        "exclude each other",
        "one replica has one shape",
    ),
    ruled(
        "serving-misplaced",
        TURNKEY_REPLICA,
        {"spec.serving": {"mode": "Unified"}},
        "spec.serving",
        "goes with spec.engines",
        "workers have one mode",
    ),
    bad("nowhere", TURNKEY_REPLICA, {"spec.clusterName": GONE}, "spec.clusterName", "is required", "where it runs"),
    bad("cluster-name", TURNKEY_REPLICA, {"spec.clusterName": "a/b"}, "spec.clusterName", "not valid", "no such name"),
    ruled(
        "pool-name",
        TURNKEY_REPLICA,
        {"spec.workers.nodePoolName": "H_100"},
        "spec.workers.nodePoolName",
        "DNS label",
        "no such pool",
    ),
    bad("poolless", EXPLICIT_REPLICA, {f"{_MEMBER}.nodePoolName": GONE}, f"{_FIRST}.nodePoolName", "is required", "B"),
    ruled(
        "deviceless",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.deviceRequests": GONE},
        "spec.engines[0]",
        "add deviceRequests",
        "it would take no GPU",
    ),
    ruled(
        "classless",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.deviceRequests": [{"name": "gpu"}]},
        f"{_FIRST}.deviceRequests[0]",
        "exactly one of deviceClassName and extendedResourceName",
        "how to take it",
    ),
    ruled(
        "claimed-twice",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.deviceRequests.0.extendedResourceName": "nvidia.com/gpu"},
        f"{_FIRST}.deviceRequests[0]",
        "exactly one of deviceClassName and extendedResourceName",
        "how to take it",
    ),
    bad(
        "resource-name",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.deviceRequests": [{"name": "gpu", "extendedResourceName": "gpu"}]},
        f"{_FIRST}.deviceRequests[0].extendedResourceName",
        "as domain/name",
        "the kubelet knows no other",
    ),
    ruled(
        "lone-worker",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.role": "Worker"},
        "spec.engines[0]",
        "one Leader and one Worker",
        "a gang has a leader",
    ),
    ruled(
        "phase-alone",
        EXPLICIT_REPLICA,
        {"spec.engines.0.phase": "Prefill"},
        "spec",
        "only for serving.mode PrefillDecode",
        "a phase of nothing",
    ),
    ruled(
        "one-disaggregated",
        EXPLICIT_REPLICA,
        {"spec.serving": {"mode": "PrefillDecode"}},
        "spec",
        "exactly two engines",
        "one to prefill, one to decode",
    ),
    ruled(
        "label-lws",
        EXPLICIT_REPLICA,
        {f"{_MEMBER}.template.metadata": {"labels": {"leaderworkerset.sigs.k8s.io/name": "x"}}},
        f"{_FIRST}.template.metadata",
        "are its controller's",
        "its controller selects by it",
    ),
)
