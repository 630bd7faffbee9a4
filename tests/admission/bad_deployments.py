# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""ModelDeployments that must be refused, most for what their engines say."""

from admission.bases import EXPLICIT, GANG, TURNKEY
from admission.case import GONE, bad, ruled

_SPEC = "spec.template.spec"
_ENGINE = f"{_SPEC}.engines.0"
_MEMBER = f"{_ENGINE}.members.0"
_POD = "spec.workers.template"
_ENGINES = f"{_SPEC}.engines"
_FIRST = "spec.template.spec.engines[0]"

SHAPES = (
    ruled("neither", TURNKEY, {"spec.workers": GONE}, "spec", "needs one of two shapes", "nothing to run"),
    ruled(
        "both",
        TURNKEY,
        {"spec.template": EXPLICIT["spec"]["template"]},
        "spec",
        "exclude each other; keep spec.workers (turnkey",
        "one deployment has one shape",
    ),
    ruled(
        "engines-moved",
        TURNKEY,
        {"spec.workers": GONE, "spec.engines": EXPLICIT["spec"]["template"]["spec"]["engines"]},
        "spec.engines",
        "moved to spec.template.spec.engines",
        "where v0.1 had them",
    ),
    ruled(
        "serving-moved",
        EXPLICIT,
        {"spec.serving": {"mode": "Unified"}},
        "spec.serving",
        "moved to spec.template.spec.serving",
        "where v0.1 had it",
    ),
    ruled(
        "tolerations-moved",
        EXPLICIT,
        {"spec.tolerations": [{"operator": "Exists"}]},
        "spec.tolerations",
        "moved to spec.template.spec.tolerations",
        "where v0.1 had them",
    ),
    ruled(
        "cache-misplaced",
        EXPLICIT,
        {"spec.modelCacheRef": {"name": "qwen"}},
        "spec.modelCacheRef",
        "write spec.template.spec.modelCacheRef",
        "it would be ignored there",
    ),
    ruled(
        "selector-misplaced",
        EXPLICIT,
        {"spec.clusterSelector": {"matchLabels": {"a": "b"}}},
        "spec.clusterSelector",
        "write spec.template.spec.clusterSelector",
        "it would be ignored there",
    ),
    bad("replicas-absent", TURNKEY, {"spec.replicas": GONE}, "spec.replicas", "is required", "published so"),
    bad("replicas-negative", TURNKEY, {"spec.replicas": -1}, "spec.replicas", "at least 0", "fewer than none"),
    bad("replicas-many", TURNKEY, {"spec.replicas": 101}, "spec.replicas", "at most 100", "our upper bound"),
    bad("misspelt", TURNKEY, {"spec.replica": 1}, "spec.replica", "did you mean replicas?", "kubectl is strict"),
    bad("spec-absent", TURNKEY, {"spec": GONE}, "spec", "is required", "nothing to run"),
    bad("cache-nameless", TURNKEY, {"spec.modelCacheRef": {}}, "spec.modelCacheRef.name", "is required", "which one"),
    bad("no-tensor", TURNKEY, {"spec.workers.topology": {}}, "spec.workers.topology.tensor", "is required", "GPUs"),
    bad(
        "no-gpu",
        TURNKEY,
        {"spec.workers.topology.tensor": 0},
        "spec.workers.topology.tensor",
        "at least 1",
        "no engine",
    ),
    bad("no-pod", TURNKEY, {"spec.workers.template": {}}, f"{_POD}.spec", "is required", "a template has a spec"),
)

ENGINES = (
    bad("no-engine", EXPLICIT, {_ENGINES: []}, _ENGINES, "at least 1", "nothing to run"),
    bad("template-empty", EXPLICIT, {"spec.template": {}}, _SPEC, "is required", "a template has a spec"),
    bad("many-engines", EXPLICIT, {_ENGINES: [{}] * 9}, _ENGINES, "at most 8", "rules walk the list"),
    bad(
        "engine-twice",
        GANG,
        {_ENGINES: [GANG["spec"]["template"]["spec"]["engines"][0]] * 2},
        f"{_ENGINES}[1]",
        "each must be unique",
        "names tell engines apart",
    ),
    ruled("engine-name", EXPLICIT, {f"{_ENGINE}.name": "My.Engine"}, f"{_FIRST}.name", "DNS label", "names others"),
    bad("engine-nameless", EXPLICIT, {f"{_ENGINE}.name": GONE}, f"{_FIRST}.name", "is required", "names others"),
    bad("many-copies", EXPLICIT, {f"{_ENGINE}.copies": 65}, f"{_FIRST}.copies", "at most 64", "published bound"),
    ruled("lone-leader", EXPLICIT, {f"{_MEMBER}.role": "Leader"}, _FIRST, "one Leader and one Worker", "no gang"),
    ruled(
        "two-leaders",
        GANG,
        {f"{_ENGINE}.members.1.role": "Leader", f"{_ENGINE}.members.1.worker": GONE},
        _FIRST,
        "one Leader and one Worker",
        "a gang has one",
    ),
    ruled(
        "worker-on-leader",
        GANG,
        {f"{_MEMBER}.worker": {"nodes": 2}},
        f"{_FIRST}.members[0]",
        "only for role Worker",
        "it would be ignored",
    ),
    bad(
        "role-unknown",
        EXPLICIT,
        {f"{_MEMBER}.role": "Follower"},
        f"{_FIRST}.members[0].role",
        "write Standalone or Leader or Worker",
        "three roles",
    ),
    ruled("deviceless", EXPLICIT, {f"{_MEMBER}.nodeSelector": GONE}, _FIRST, "ask for no device", "where to run it"),
    bad(
        "no-selectors",
        EXPLICIT,
        {f"{_MEMBER}.nodeSelector.devices.0.selectors": []},
        f"{_FIRST}.members[0].nodeSelector.devices[0].selectors",
        "at least 1",
        "any device would do",
    ),
    bad(
        "selector-empty",
        EXPLICIT,
        {f"{_MEMBER}.nodeSelector.devices.0.selectors": [{}]},
        f"{_FIRST}.members[0].nodeSelector.devices[0].selectors[0]",
        "at least 1",
        "it selects nothing",
    ),
    bad(
        "cel-long",
        EXPLICIT,
        {f"{_MEMBER}.nodeSelector.devices.0.selectors": [{"cel": "x" * 10241}]},
        f"{_FIRST}.members[0].nodeSelector.devices[0].selectors[0].cel",
        "at most 10240",
        "as DRA's own",
    ),
    ruled(
        "device-name",
        EXPLICIT,
        {f"{_MEMBER}.nodeSelector.devices.0.name": "GPU"},
        f"{_FIRST}.members[0].nodeSelector.devices[0].name",
        "DNS label",
        "it names a claim",
    ),
    ruled(
        "one-disaggregated",
        EXPLICIT,
        {f"{_SPEC}.serving": {"mode": "PrefillDecode"}},
        _SPEC,
        "exactly two engines",
        "one to prefill, one to decode",
    ),
    ruled(
        "phase-alone",
        EXPLICIT,
        {f"{_ENGINE}.phase": "Decode"},
        _SPEC,
        "only for serving.mode PrefillDecode",
        "a phase of nothing",
    ),
    bad(
        "mode-unknown",
        EXPLICIT,
        {f"{_SPEC}.serving": {"mode": "Split"}},
        f"{_SPEC}.serving.mode",
        "write Unified or PrefillDecode",
        "two modes",
    ),
    ruled(
        "toleration-keyless",
        EXPLICIT,
        {f"{_SPEC}.tolerations": [{"value": "x"}]},
        f"{_SPEC}.tolerations[0]",
        "Equal needs a key",
        "equal to what",
    ),
    ruled(
        "toleration-valued",
        EXPLICIT,
        {f"{_SPEC}.tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
        f"{_SPEC}.tolerations[0]",
        "takes no value",
        "it would be ignored",
    ),
    bad(
        "toleration-effect",
        EXPLICIT,
        {f"{_SPEC}.tolerations": [{"key": "a", "effect": "PreferNoSchedule"}]},
        f"{_SPEC}.tolerations[0].effect",
        "write NoSchedule or NoExecute",
        "clusters have two effects",
    ),
)

CASES = (*SHAPES, *ENGINES)
