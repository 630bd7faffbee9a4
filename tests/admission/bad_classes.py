# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""InferenceClasses that must be refused."""

from admission.bases import CLASS, COUNTED_CLASS
from admission.case import GONE, bad, ruled

_P, _D = "spec.provisioning", "spec.devices.0"
_FIRST = "spec.devices[0]"
_MEMORY = "spec.resources.gpu.memory"
_QUANTITIES = {"space": "80 GB", "word": "eighty", "unit": "80GiB", "empty-number": "Gi", "negative": "-1Gi"}

CASES = (
    *(
        ruled(f"memory-{id_}", COUNTED_CLASS, {_MEMORY: value}, _MEMORY, "must be a Kubernetes quantity", "no quantity")
        for id_, value in _QUANTITIES.items()
    ),
    ruled(
        "capacity-quantity",
        CLASS,
        {f"{_D}.capacity.memory.value": "80 GB"},
        f"{_FIRST}.capacity.memory.value",
        "must be a Kubernetes quantity",
        "selectors compare it",
    ),
    bad("memory-number", COUNTED_CLASS, {_MEMORY: 80}, _MEMORY, "put it in quotes", "a quantity is a string"),
    ruled("deviceless", CLASS, {"spec.devices": GONE}, "spec", "names no device", "nothing to place on"),
    bad("devices-empty", CLASS, {"spec.devices": []}, "spec.devices", "at least 1", "nothing to place on"),
    bad("gpuless", COUNTED_CLASS, {"spec.resources": {}}, "spec.resources.gpu", "is required", "nothing to place on"),
    bad(
        "many-gpus", COUNTED_CLASS, {"spec.resources.gpu.count": 17}, "spec.resources.gpu.count", "at most 16", "bound"
    ),
    bad("provider-unknown", CLASS, {f"{_P}.provider": "OKE"}, f"{_P}.provider", "write GKE or EKS", "five clouds"),
    ruled("block-absent", CLASS, {f"{_P}.gke": GONE}, _P, "gke is required when provisioning.provider is GKE", "which"),
    ruled(
        "block-of-another",
        CLASS,
        {f"{_P}.vultr": {"plan": "vcg-a16", "accelerator": {"type": "a16", "count": 1}}},
        f"{_P}.vultr",
        "goes with provider Vultr; remove it",
        "it would be ignored",
    ),
    bad("machineless", CLASS, {f"{_P}.gke.machineType": GONE}, f"{_P}.gke.machineType", "is required", "which machine"),
    bad("accelerator", CLASS, {f"{_P}.gke.accelerator": GONE}, f"{_P}.gke.accelerator", "is required", "which GPU"),
    bad("small-disk", CLASS, {f"{_P}.gke.diskSizeGb": 9}, f"{_P}.gke.diskSizeGb", "at least 10", "published bound"),
    ruled("classless", CLASS, {f"{_D}.deviceClassName": GONE}, _FIRST, "required when claim is DRA", "DRA needs it"),
    ruled(
        "resourceless",
        CLASS,
        {f"{_D}.claim": "ExtendedResource"},
        _FIRST,
        "extendedResourceName is required when claim is ExtendedResource",
        "limits need its name",
    ),
    ruled(
        "resource-beside-dra",
        CLASS,
        {f"{_D}.extendedResourceName": "nvidia.com/gpu"},
        _FIRST,
        "goes with claim ExtendedResource",
        "it would be ignored",
    ),
    bad("claim-unknown", CLASS, {f"{_D}.claim": "Limits"}, f"{_FIRST}.claim", "write DRA or Synthetic", "three ways"),
    bad("driverless", CLASS, {f"{_D}.driver": GONE}, f"{_FIRST}.driver", "is required", "selectors read it"),
    ruled("device-name", CLASS, {f"{_D}.name": "gpu.0"}, f"{_FIRST}.name", "must be a DNS label", "it names a claim"),
    bad(
        "device-twice", CLASS, {"spec.devices": CLASS["spec"]["devices"] * 2}, "spec.devices[1]", "be unique", "by name"
    ),
    ruled(
        "attribute-empty",
        CLASS,
        {f"{_D}.attributes": {"a": {}}},
        f"{_FIRST}.attributes.a",
        "exactly one of string, version, bool and int",
        "an attribute has a value",
    ),
    ruled(
        "attribute-twice",
        CLASS,
        {f"{_D}.attributes": {"a": {"int": 1, "bool": True}}},
        f"{_FIRST}.attributes.a",
        "exactly one of string, version, bool and int",
        "an attribute has one value",
    ),
    bad(
        "attribute-type",
        CLASS,
        {f"{_D}.attributes": {"a": {"int": "9"}}},
        f"{_FIRST}.attributes.a.int",
        "without quotes",
        "an int is a number",
    ),
    bad(
        "attribute-bare",
        CLASS,
        {f"{_D}.attributes": {"a": "Hopper"}},
        f"{_FIRST}.attributes.a",
        "must be a mapping",
        "its type is to be said",
    ),
)
