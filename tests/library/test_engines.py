# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pytest
from modelplane import engines
from modelplane.engines import DeviceRequest, Engine
from modelplane.paths import Manifest


def _read(spec: Manifest) -> Engine:
    (engine,) = engines.read(spec)
    return engine


@pytest.mark.parametrize(
    ("workers", "roles", "turnkey"),
    [
        pytest.param(builders.workers(tensor=2), [("Standalone", 1)], True, id="one pod"),
        pytest.param(builders.workers(tensor=8, pipeline=3), [("Leader", 1), ("Worker", 2)], True, id="a gang"),
        pytest.param(
            builders.workers(run=builders.container(command=["vllm"])),
            [("Standalone", 1)],
            False,
            id="a command of the user's own is never touched",
        ),
    ],
)
def test_the_first_shape(*, workers: Manifest, roles: list[tuple[str, int]], turnkey: bool) -> None:
    """Workers become one engine; a pipeline over several pods becomes a leader and its workers."""
    engine = _read({"workers": workers})
    tensor = workers["topology"]["tensor"]
    assert [(member.role, member.nodes) for member in engine.members] == roles
    assert (engine.turnkey, engine.tensor, engine.gang) == (turnkey, tensor, len(roles) > 1)
    gpus = DeviceRequest("gpu", tensor, ('device.driver == "gpu.nvidia.com"',))
    assert [member.devices for member in engine.members] == [(gpus,)] * len(roles)


def test_the_first_shape_on_a_pool() -> None:
    """A replica of the first shape says on which pool it is, for every member."""
    engine = _read({"workers": builders.workers(pipeline=2, pool="h100", count=3)})
    assert ({member.pool for member in engine.members}, engine.copies) == ({"h100"}, 3)


def test_the_second_shape_of_a_deployment() -> None:
    """Members keep their own device selectors; defaults of the schema may be missing."""
    plain = {"name": "e", "members": [{"template": {"spec": {"containers": [builders.container()]}}}]}
    read = engines.read({"engines": [builders.gang("g", workers=3, copies=2), plain]})
    assert [(e.name, e.copies, e.turnkey) for e in read] == [("g", 2, False), ("e", 1, False)]
    assert [(m.role, m.nodes) for m in read[0].members] == [("Leader", 1), ("Worker", 3)]
    assert read[0].members[0].devices == (DeviceRequest("gpu", 8, ('device.driver == "gpu.nvidia.com"',)),)
    assert (read[1].members[0].role, read[1].members[0].devices) == ("Standalone", ())


def test_the_second_shape_of_a_replica() -> None:
    """A placed member says on which pool it is, and how that pool offers the device."""
    asked = [
        {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 4},
        {"name": "nic", "extendedResourceName": "example.com/nic"},
    ]
    member = _read({"engines": [builders.engine("e", builders.member(pool="h100", devices=asked))]}).members[0]
    assert member.pool == "h100"
    assert member.devices == (
        DeviceRequest("gpu", 4, (), "gpu.nvidia.com", ""),
        DeviceRequest("nic", 1, (), "", "example.com/nic"),
    )


def test_what_a_pod_brings() -> None:
    """Container, labels, annotations and pull secrets of a template come through as they are."""
    made = builders.member(run=builders.container(args=["--x"]))
    made["template"]["metadata"] = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    made["template"]["spec"]["imagePullSecrets"] = [{"name": "registry"}]
    member = _read({"engines": [builders.engine("e", made)]}).members[0]
    assert (member.container["args"], member.labels, member.annotations) == (["--x"], {"a": "b"}, {"c": "d"})
    assert member.pull_secrets == ("registry",)
