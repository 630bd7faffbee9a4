# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from compose_inference_class import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import runtime
from modelplane.paths import Manifest

GKE = {"machineType": "a3-highgpu-8g", "accelerator": {"type": "nvidia-h100-80gb", "count": 8}}


def _answer(xr: Manifest) -> fnv1.RunFunctionResponse:
    return runtime.answer(fn.compose, builders.request(xr))


def _without_devices() -> Manifest:
    out = builders.hardware()
    del out["spec"]["devices"]
    return out


@pytest.mark.parametrize(
    ("xr", "want"),
    [
        pytest.param(builders.hardware(), ("Accepted", True), id="devices"),
        pytest.param(builders.hardware(gpu={"count": 8, "memory": "80Gi"}), ("Accepted", True), id="plain GPUs"),
        pytest.param(builders.hardware(GKE=GKE), ("Accepted", True), id="devices, and how to make them"),
        pytest.param(
            builders.hardware(gpu={"count": 8, "memory": "80Gi"}, GKE=GKE), ("Accepted", True), id="both alike"
        ),
        pytest.param(
            builders.hardware(gpu={"count": 4, "memory": "80Gi"}, GKE=GKE), ("CountMismatch", False), id="two counts"
        ),
        pytest.param(_without_devices(), ("NoDevices", False), id="no device"),
    ],
)
def test_a_class_is_judged_and_composes_nothing(xr: Manifest, want: tuple[str, bool]) -> None:
    """A recipe that holds together is Ready; any other names its field and the fix in one warning."""
    rsp = _answer(xr)
    (accepted,) = (c for c in rsp.conditions if c.type == fn.ACCEPTED)
    assert (accepted.reason, rsp.desired.composite.ready == fnv1.READY_TRUE) == want
    assert not rsp.desired.resources
    assert [r.message for r in rsp.results] == ([] if want[1] else [accepted.message])


def test_a_spec_that_the_schema_refuses_is_one_line() -> None:
    """A malformed recipe is a Fatal result that names the field."""
    rsp = _answer(builders.hardware(gpu={"count": 0, "memory": "80Gi"}))
    (result,) = rsp.results
    assert (result.severity, "spec.resources.gpu.count" in result.message) == (fnv1.SEVERITY_FATAL, True)
