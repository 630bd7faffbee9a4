# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The preview's clusters answer as the real ones did, and on what the real ones answered all ends as it did there."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from modelplane import labels
from modelplane.paths import Manifest
from modelplane_cli import apis, functions, hydration
from modelplane_cli.answers import ANSWERS
from modelplane_cli.fleet import Answer, Cluster
from modelplane_cli.objects import ref, value_at
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player

HERE = Path(__file__).parent
API = "modelplane.ai/v1alpha1"
TEAM = "ml-team"
STEPS = 40
NEVER_RECORDED = {"Gateway", "HTTPRoute"}
"""The rig has no controller of gateways."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT.*")
NAME = re.compile(r'"[^"]*"|(?<=/name=)[^,]*')
WORKLOADS = ("Deployment", "LeaderWorkerSet")


@functools.cache
def _recorded(kind: str) -> list[Manifest]:
    """Return the remote objects of a kind, one for each state that one of them was in, in order."""
    text = (HERE / f"{kind.lower()}.yaml").read_text()
    return [state["remote"] for state in yaml.load(text, Loader=yaml.CSafeLoader)]


def _manifests(**hub: object) -> Iterator[Manifest]:
    """Yield what the recording's tenant applied, and the cluster that it was on."""
    gpu = {
        "name": "gpu",
        "claim": "ExtendedResource",
        "driver": "gpu.nvidia.com",
        "extendedResourceName": "nvidia.com/gpu",
        "count": 2,
        "capacity": {"memory": {"value": "80Gi"}},
    }
    status = {
        "providerConfigRef": {"name": "workload"},
        "gateway": {"address": "10.199.0.1"},
        "cache": {"storageClassName": "modelplane-rwx"},
        "gpuPools": [{"name": "gpu", "nodes": 12, "devices": [gpu]}],
        "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}],
    }
    existing = {"source": "Existing", "existing": {"secretRef": {"name": "workload"}}}
    yield {
        "apiVersion": API,
        "kind": "InferenceCluster",
        "metadata": {"name": "workload"},
        "spec": {"cluster": existing},
        "status": status,
    }
    spec = {"source": "HuggingFace", "huggingFace": {"repo": "rig/tiny", "sizeGiB": 1, **hub}}
    yield _ours("ModelCache", "model", spec)
    container = {"name": "engine", "image": "rig/engine:1"}
    pods = {"spec": {"containers": [container]}}
    workers = {"topology": {"tensor": 1}, "template": pods}
    yield _ours("ModelDeployment", "serve", {"replicas": 1, "modelCacheRef": {"name": "model"}, "workers": workers})
    devices = {"devices": [{"name": "gpu", "count": 1, "selectors": [{"cel": "true"}]}]}
    leader = {"role": "Leader", "nodeSelector": devices, "template": pods}
    worker = {"role": "Worker", "worker": {"nodes": 1}, "nodeSelector": devices, "template": pods}
    gang = {"modelCacheRef": {"name": "model"}, "engines": [{"name": "main", "members": [leader, worker]}]}
    yield _ours("ModelDeployment", "gang", {"replicas": 1, "template": {"spec": gang}})


def _ours(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": TEAM}, "spec": spec}


def _player(**hub: object) -> Player:
    plane = Plane(apis.packaged(), functions.installed({}))
    for manifest in _manifests(**hub):
        plane.add(manifest, reconcile="status" not in manifest)
    return Player(plane)


def _remote(player: Player) -> Iterator[Manifest]:
    for cluster in player.clusters.values():
        yield from cluster.objects.values()


def _shape(value: object, *path: str) -> object:
    """Return a status without times, with any name in it, and any size of a volume."""
    if isinstance(value, dict):
        return {key: _shape(inner, *path, key) for key, inner in value.items() if not _is_time(inner)}
    if isinstance(value, list):
        return [_shape(inner, *path) for inner in value]
    if path[-1:] == ("storage",):
        return "<size>"
    return NAME.sub("<name>", value) if isinstance(value, str) else value


def _is_time(value: object) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


@dataclass
class Recording:
    """Answers as the real controllers did: every object goes through the recorded states of one like it."""

    told: dict[str, int] = field(default_factory=dict)

    def answers(self) -> dict[str, Answer]:
        """Return the answers by kind; what was never recorded is made up."""
        made_up = {kind: answer for kind, answer in ANSWERS.items() if kind in NEVER_RECORDED}
        return made_up | dict.fromkeys(ANSWERS.keys() - NEVER_RECORDED, self._answer)

    def _answer(self, obj: Manifest, _cluster: Cluster) -> Manifest:
        states = [state for state in _recorded(obj["kind"]) if _asks(state) == _asks(obj)]
        states = [state for state in states if state["metadata"]["name"] == states[-1]["metadata"]["name"]]
        at = self.told[str(ref(obj))] = min(self.told.get(str(ref(obj)), -1) + 1, len(states) - 1)
        found = states[at]["metadata"].get("annotations", {})
        told = {key: value for key, value in found.items() if key == labels.PROGRESS}
        annotations = {**obj["metadata"].get("annotations", {}), **told}
        status = {"status": states[at]["status"]} if "status" in states[at] else {}
        return {**obj, **status, "metadata": {**obj["metadata"], "annotations": annotations}}


def _asks(obj: Manifest) -> tuple[str, ...]:
    """Return what a hydration Job fetches, by which recordings of Jobs are told apart."""
    containers = value_at(obj, "spec", "template", "spec", "containers") or [{}]
    args = containers[0].get("args", ()) if obj["kind"] == "Job" else ()
    return tuple(hydration.flag(args, name) for name in ("--repo", "--revision"))


@pytest.mark.parametrize("kind", sorted(ANSWERS.keys() - NEVER_RECORDED))
def test_every_made_up_status_is_a_real_one(kind: str) -> None:
    """Field by field, each status that a preview's controllers give was given by the real ones."""
    real = [_shape(state.get("status")) for state in _recorded(kind)]
    player = _player()
    player.start()
    seen = 0
    while not player.ready() and player.plane.step < STEPS and player.tick():
        for obj in _remote(player):
            if obj["kind"] == kind and obj.get("status"):
                seen += 1
                assert _shape(obj["status"]) in real
    assert player.ready()
    assert seen


def test_every_made_up_report_is_a_real_one() -> None:
    """The progress that a preview's Job reports has the fields, and their types, that the hydrator reports."""
    real = [_types(hydration.progress(state)) for state in _recorded("Job") if hydration.progress(state)]
    player = _player()
    player.start()
    seen = 0
    while not player.ready() and player.plane.step < STEPS and player.tick():
        for told in filter(None, map(hydration.progress, _remote(player))):
            seen += 1
            assert _types(told) in real
    assert seen > 1


def test_on_the_real_states_all_becomes_ready() -> None:
    """Given what the real controllers answered, the functions end where they ended on the real fleet."""
    player = _replayed()
    assert player.ready()
    staged = _entry(player)
    assert (staged["phase"], staged["tree"]) == ("Ready", "f4ed6961a4-12d0ca2e21b9")
    assert staged["bytesStaged"] == staged["bytesTotal"]
    assert sorted(obj["kind"] for obj in _remote(player) if obj["kind"] in WORKLOADS) == list(WORKLOADS)


def test_on_the_real_failure_it_is_said() -> None:
    """Given the Job that really failed, the cache says why, and no other Job is made."""
    player = _replayed(revision="no-such-branch")
    assert (_entry(player)["phase"], _entry(player)["reason"]) == ("Failed", "RevisionNotFound")
    assert len([obj for obj in _remote(player) if obj["kind"] == "Job"]) == 1


def test_on_the_real_first_report_it_fetches() -> None:
    """Given the Job that really is in the middle of it, the cache says how far it is."""
    player = _replayed(repo="rig/slow")
    found = _entry(player)
    told = max(hydration.progress(state).get("total", 0) for state in _recorded("Job"))
    assert (found["phase"], found["reason"], found["bytesTotal"]) == ("Hydrating", "Fetching", told)


def _replayed(**hub: object) -> Player:
    player = _player(**hub)
    player.answers = Recording().answers()
    player.play(STEPS)
    return player


def _entry(player: Player) -> Manifest:
    (cache,) = [obj for obj in player.plane.objects.values() if obj["kind"] == "ModelCache"]
    (found,) = cache["status"]["clusters"]
    return found


def _types(told: Manifest) -> dict[str, type]:
    return {key: type(value) for key, value in told.items()}
