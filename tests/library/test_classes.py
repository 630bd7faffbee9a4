# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import classes, paths
from modelplane.errors import Unreadable
from modelplane.paths import Manifest

PLAIN = {
    "name": "gpu",
    "claim": "ExtendedResource",
    "driver": "gpu.nvidia.com",
    "extendedResourceName": "nvidia.com/gpu",
    "count": 8,
    "capacity": {"memory": {"value": "80Gi"}},
}
GKE = {"machineType": "a3-highgpu-8g", "accelerator": {"type": "nvidia-h100-80gb", "count": 8}}


@pytest.mark.parametrize(
    ("shown", "devices", "extended"),
    [
        pytest.param(builders.hardware(gpu={"count": 8, "memory": "80Gi"}), [PLAIN], True, id="first shape"),
        pytest.param(builders.hardware(), [builders.device()], False, id="devices by DRA"),
        pytest.param(
            builders.hardware(devices=[builders.device("z"), builders.device("a")]),
            [builders.device("a"), builders.device("z")],
            False,
            id="devices by name",
        ),
        pytest.param(
            {**builders.hardware(), "spec": {"devices": [PLAIN, {"name": 3}]}}, [PLAIN], True, id="half broken"
        ),
    ],
)
def test_a_class_is_read_in_both_shapes(shown: Manifest, devices: list[Manifest], *, extended: bool) -> None:
    """What a class says of a node becomes the devices that its pools publish."""
    read = classes.read(paths.struct(shown))
    assert (list(read.devices), read.extended) == (devices, extended)


def test_the_recipe_is_the_providers_own_block() -> None:
    """Only the block of the named provider says how nodes are made."""
    read = classes.read(paths.struct(builders.hardware(GKE=GKE)))
    assert (read.provider, read.recipe) == ("GKE", GKE)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"kind": "InferenceClass", "metadata": {}}, id="no name"),
        pytest.param({**builders.hardware(), "spec": {"devices": "x"}}, id="no device"),
    ],
)
def test_a_class_that_says_nothing_is_unreadable(shown: Manifest) -> None:
    """It is skipped, never guessed."""
    with pytest.raises(Unreadable):
        classes.read(paths.struct(shown))
