# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The claim that a ModelCache makes, the Job that fills it and the pods that mount it meet by names alone."""

import builders
import builders_healthy
import pytest
from modelplane.paths import Manifest
from modelplane_cli import apis
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player
from modelplane_hydrator import flags, volume

CLAIM = "modelcache-ml-team-qwen-e11a7da638"

TURNKEY = builders.replica(cache="qwen", workers=builders.workers(tensor=8, pool="h100"))
GANG = builders.replica(cache="qwen", engines=[builders.gang("main", workers=3, pool="h100")])


def _played(replica: Manifest) -> tuple[Plane, dict[str, Manifest]]:
    """Return the control plane once the replica serves, and every remote object that there ever was, by kind."""
    plane = Plane(apis.packaged(), builders_healthy.composes())
    for manifest in (builders.cluster("a"), builders.cache("qwen"), replica):
        plane.add(manifest, reconcile=manifest["kind"] != "InferenceCluster")
    player, seen = Player(plane), {}
    player.start()
    while not player.ready():
        assert player.tick(), "nothing changes any more"
        for cluster in player.clusters.values():
            seen |= {key.kind: obj for key, obj in cluster.objects.items()}
    return plane, seen


def _pods(workload: Manifest) -> list[Manifest]:
    gang = workload["spec"].get("leaderWorkerTemplate")
    return [gang["leaderTemplate"], gang["workerTemplate"]] if gang else [workload["spec"]["template"]]


def _mounted(pod: Manifest) -> list[tuple[str, str, str]]:
    """Return claim, mount path and subPath of every claim that the one container of a pod mounts."""
    volumes = {v["name"]: v["persistentVolumeClaim"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v}
    (container,) = pod["spec"]["containers"]
    mounts = [at for at in container["volumeMounts"] if at["name"] in volumes]
    return [(volumes[at["name"]]["claimName"], at["mountPath"], at.get("subPath", "")) for at in mounts]


@pytest.mark.parametrize(
    ("replica", "kind"),
    [pytest.param(TURNKEY, "Deployment", id="one pod"), pytest.param(GANG, "LeaderWorkerSet", id="gang")],
)
def test_one_claim(replica: Manifest, kind: str) -> None:
    """The Job fills the whole volume of the claim, and each pod mounts one tree of it at /mnt/models."""
    plane, seen = _played(replica)
    (entry,) = next(obj for key, obj in plane.objects.items() if key.kind == "ModelCache")["status"]["clusters"]
    (job,) = _mounted(seen["Job"]["spec"]["template"])
    assert seen["PersistentVolumeClaim"]["metadata"]["name"] == CLAIM
    assert (job[0], job[2]) == (CLAIM, "")
    pods = _pods(seen[kind])
    assert [_mounted(pod) for pod in pods] == [[(CLAIM, "/mnt/models", f"trees/{entry['tree']}")]] * len(pods)
    namespaces = {seen[kind]["metadata"]["namespace"], seen["PersistentVolumeClaim"]["metadata"]["namespace"]}
    assert namespaces == {"ml-team"}


def test_the_hydrator_publishes_where_pods_look() -> None:
    """`--tree` and the reported commit make the folder that a pod's subPath names."""
    plane, seen = _played(TURNKEY)
    (entry,) = next(obj for key, obj in plane.objects.items() if key.kind == "ModelCache")["status"]["clusters"]
    (job,) = _mounted(seen["Job"]["spec"]["template"])
    (container,) = seen["Job"]["spec"]["template"]["spec"]["containers"]
    options = flags.options(container["args"], {})
    place = volume.place(options, entry["revision"])
    assert str(options.volume) == job[1]
    assert place.name == entry["tree"]
    ((_, _, sub_path),) = [mount for pod in _pods(seen["Deployment"]) for mount in _mounted(pod)]
    assert str(place.target.relative_to(place.root)) == sub_path
