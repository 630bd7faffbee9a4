# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import pools
from modelplane.paths import Manifest, struct


def _read(status: Manifest) -> tuple[pools.Pool, ...]:
    return pools.read(struct({"metadata": {"name": "a"}, "status": status}))


def test_pools_come_by_name_with_their_devices() -> None:
    """Capacity is read from what the cluster publishes, attributes by type."""
    nic = builders.device(
        "a-nic", claim="Synthetic", count=2, attributes={"rdma": {"bool": True}, "speed": {"int": 400}}
    )
    big, small = builders.pool("z", nodes=2), builders.pool("b", nodes=9, devices=[builders.device(), nic])
    first, last = _read({"gpuPools": [big, small]})
    assert [(p.name, p.nodes) for p in (first, last)] == [("b", 9), ("z", 2)]
    found, gpu = first.devices
    assert (found.name, found.claim, found.attributes) == ("a-nic", "Synthetic", {"rdma": True, "speed": 400})
    assert (gpu.count, gpu.device_class, gpu.capacity) == (8, "gpu.nvidia.com", {"memory": "80Gi"})
    assert (gpu.versions, gpu.attributes) == ({"driverVersion": "570.86.15"}, {"architecture": "Hopper"})


def test_pools_of_alike_nodes_share_their_devices() -> None:
    """A fleet repeats few sets of devices; each is read once."""
    first, second = _read({"gpuPools": [builders.pool("a"), builders.pool("b")]})
    assert first.devices is second.devices


def test_capacity_of_the_first_shape() -> None:
    """One kind of GPU, offered as an extended resource, in a pool called by its accelerator."""
    shown = {"acceleratorType": "nvidia-l4", "memory": "24Gi", "countPerNode": 4, "nodes": 2}
    (found,) = _read({"capacity": {"gpuPools": [shown]}})
    (gpu,) = found.devices
    assert (found.name, found.nodes, gpu.count, gpu.capacity) == ("nvidia-l4", 2, 4, {"memory": "24Gi"})
    assert (gpu.claim, gpu.extended_resource) == ("ExtendedResource", "nvidia.com/gpu")


@pytest.mark.parametrize(
    ("status", "names"),
    [
        pytest.param({}, [], id="nothing published yet"),
        pytest.param({"gpuPools": []}, [], id="no pools"),
        pytest.param({"gpuPools": [{"nodes": 3}]}, [], id="a pool without a name is no pool"),
        pytest.param({"gpuPools": "x", "capacity": 5}, [], id="broken"),
        pytest.param({"gpuPools": [{"name": "a", "nodes": "many", "devices": [5, {"count": []}]}]}, ["a"], id="half"),
        pytest.param(
            {
                "gpuPools": [
                    {"name": "a", "devices": [{"attributes": {"x": {"later": 1}, "y": 5}, "capacity": {"m": 1}}]}
                ]
            },
            ["a"],
            id="attributes of a later version",
        ),
        pytest.param({"gpuPools": [], "capacity": {"gpuPools": [{"acceleratorType": "t"}]}}, [], id="the second wins"),
    ],
)
def test_a_half_broken_status_reads_as_far_as_it_goes(status: Manifest, names: list[str]) -> None:
    """No shape of a neighbour's status raises."""
    assert [pool.name for pool in _read(status)] == names
