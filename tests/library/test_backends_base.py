# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import pytest
from modelplane.backends import base
from modelplane.backends.base import Mount
from modelplane.paths import Manifest, struct

MOUNT = Mount("claim-of-qwen", "0123-4567")


@pytest.mark.parametrize(
    ("mount", "volumes", "mounts"),
    [
        pytest.param(None, [], [], id="no cache"),
        pytest.param(
            MOUNT,
            [{"name": "model-cache", "persistentVolumeClaim": {"claimName": "claim-of-qwen"}}],
            [{"name": "model-cache", "mountPath": "/mnt/models", "subPath": "trees/0123-4567"}],
            id="a tree, writable: engines write lock and compile files beside the model",
        ),
        pytest.param(
            Mount("c", "", read_only=True),
            [{"name": "model-cache", "persistentVolumeClaim": {"claimName": "c"}}],
            [{"name": "model-cache", "mountPath": "/mnt/models", "readOnly": True}],
            id="the volume's root of another implementation, read-only",
        ),
    ],
)
def test_cache_mounts(mount: Mount | None, volumes: list[Manifest], mounts: list[Manifest]) -> None:
    """A pod finds the published model at /mnt/models and nothing else of the volume."""
    assert base.cache_mounts(mount) == (volumes, mounts)


@pytest.mark.parametrize(
    "mount",
    [
        pytest.param(None, id="none"),
        pytest.param(MOUNT, id="tree"),
        pytest.param(Mount("c", ""), id="root"),
        pytest.param(Mount("c", "t", read_only=True), id="read-only"),
    ],
)
def test_mounted_reads_back_what_was_mounted(mount: Mount | None) -> None:
    """What runs keeps its tree because its own manifest tells which one it is."""
    volumes, mounts = base.cache_mounts(mount)
    pod = {"volumes": [{"name": "dshm"}, *volumes], "containers": [{"volumeMounts": [{"name": "dshm"}, *mounts]}]}
    assert base.mounted(struct(pod)) == mount


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param({}, id="empty"),
        pytest.param({"volumes": "x", "containers": 1}, id="other types"),
        pytest.param({"volumes": [{"name": "model-cache", "persistentVolumeClaim": {}}]}, id="no claim"),
        pytest.param(
            {"volumes": [{"name": "model-cache", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{}]},
            id="a volume that nobody mounts",
        ),
    ],
)
def test_mounted_reads_nothing_from_what_is_broken(pod: Manifest) -> None:
    """A broken manifest mounts nothing and stops nothing."""
    assert base.mounted(struct(pod)) is None


@pytest.mark.parametrize(
    ("args", "command", "mount", "want"),
    [
        pytest.param([], [], MOUNT, ["--model=/mnt/models"], id="turnkey"),
        pytest.param(["--port=8000"], [], MOUNT, ["--port=8000", "--model=/mnt/models"], id="behind the user's"),
        pytest.param([], [], None, [], id="no cache, nothing to point at"),
        pytest.param(["--tp", "4"], ["sglang"], MOUNT, ["--tp", "4"], id="a command is the user's alone"),
        pytest.param(["--model=/mnt/models"], [], MOUNT, ["--model=/mnt/models"], id="exactly once"),
        pytest.param(["--model", "x"], [], MOUNT, ["--model", "x"], id="given as two arguments"),
        pytest.param(["Qwen/Qwen3-0.6B", "--x"], [], MOUNT, ["Qwen/Qwen3-0.6B", "--x"], id="given by position"),
        pytest.param(
            ["--port", "8000"], [], MOUNT, ["--port", "8000", "--model=/mnt/models"], id="a flag's value is no model"
        ),
        pytest.param(
            ["--model-impl=vllm"],
            [],
            MOUNT,
            ["--model-impl=vllm", "--model=/mnt/models"],
            id="another flag's beginning",
        ),
        pytest.param(["", "x"], [], MOUNT, ["", "x"], id="an empty argument is one by position"),
    ],
)
def test_apply_cache_args(args: list[str], command: list[str], mount: Mount | None, want: list[str]) -> None:
    """The engine serves the cache unless the user runs a command or says what to serve."""
    assert base.apply_cache_args(args, command=command, mount=mount) == want


def test_claims_of_two_namespaces_differ() -> None:
    """`team`/`a-b` and `team-a`/`b` are two caches, and no name outgrows a DNS label."""
    found = {base.cache_pvc_name(*of) for of in (("team", "a-b"), ("team-a", "b"), ("n" * 63, "c" * 63))}
    assert len(found) == 3
    assert all(name.startswith("modelcache-") and len(name) <= 63 for name in found)
