# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The played fleet answers as provider-kubernetes and a healthy cluster's controllers would."""

import json

import pytest
from builders_preview import BOX, NAMESPACE, answering, claim_object, plane
from modelplane import clusters, paths, remote
from modelplane.paths import Manifest
from modelplane_cli import hydration, provider
from modelplane_cli.objects import Ref, condition, is_ready, value_at
from modelplane_cli.play import Player

CLUSTER = clusters.read(paths.struct({"metadata": {"name": "alpha"}, "status": {"providerConfigRef": {"name": "pc"}}}))
OBJECT = Ref(remote.API_VERSION, remote.KIND, NAMESPACE, "claim-object")
TEAM = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def wrapped(manifest: Manifest, *policies: str) -> Manifest:
    """Return the Object of a manifest, named as the manifest is."""
    name = f"{manifest['kind'].lower()}-{manifest['metadata']['name']}"
    return remote.wrap(manifest, name=name, namespace=NAMESPACE, cluster=CLUSTER, policies=policies)


def namespaced(kind: str, spec: Manifest | None = None, *, api_version: str = "v1", name: str = "x") -> Manifest:
    """Return a manifest in the team's namespace."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec or {},
    }


def played(*manifests: Manifest, steps: int = 1) -> Player:
    """Play some steps of a control plane whose Box composes the manifests on one cluster."""
    objects = {f"o{index}": wrapped(manifest) for index, manifest in enumerate(manifests)}
    player = Player(plane(box=answering(objects)))
    player.start()
    for _ in range(steps):
        player.tick()
    return player


def there(player: Player, kind: str) -> Manifest:
    """Return the one object of a kind on the cluster, empty where there is none."""
    return next((body for key, body in player.clusters["pc"].objects.items() if key.kind == kind), {})


def test_a_claim_binds() -> None:
    """An Object is synced once applied, and ready once its query holds: created in one step, bound in the next."""
    player = Player(plane())
    player.start()
    assert "status" not in player.plane.objects[OBJECT]
    player.tick()
    assert condition(player.plane.objects[OBJECT], "Synced")["status"] == "True"
    assert not is_ready(player.plane.objects[OBJECT])
    player.tick()
    reported = value_at(player.plane.objects[OBJECT], "status", "atProvider", "manifest")
    assert reported["status"] == {"phase": "Bound", "accessModes": ["ReadWriteMany"], "capacity": {"storage": "4Gi"}}
    assert is_ready(player.plane.objects[OBJECT])
    assert player.ready(), "the Box is Ready when all that it composed is"


def test_play_ends() -> None:
    """Playing ends when all is Ready, and when nothing moves any more."""
    assert Player(plane()).play() == 2
    stuck = Player(plane(box=answering({"claim": claim_object('object.status.phase == "Lost"')})))
    stuck.play()
    assert not stuck.ready()
    assert not stuck.tick()


def test_an_object_waits_for_its_namespace() -> None:
    """What goes into a namespace that is not there is refused, and applied once it is."""
    player = played(namespaced("Service"))
    obj = next(body for key, body in player.plane.objects.items() if key.kind == "Object")
    assert condition(obj, "Synced")["message"] == f'cannot create object: namespaces "{NAMESPACE}" not found'
    assert there(played(TEAM, namespaced("Service"), steps=2), "Service")


@pytest.mark.parametrize(
    ("policies", "stays"),
    [
        pytest.param((), False, id="goes-with-its-object"),
        pytest.param(remote.WITHOUT_DELETE, True, id="outlives-its-object"),
    ],
)
def test_deletion(policies: tuple[str, ...], *, stays: bool) -> None:
    """What no Object stands for any more is deleted, unless its management policies leave Delete out."""
    player = Player(
        plane(box=answering({"o": wrapped(namespaced("Service") | {"metadata": {"name": "x"}}, *policies)}))
    )
    player.play(2)
    assert there(player, "Service")
    key = next(key for key in player.plane.objects if key.kind == "Object")
    player.plane.functions = {**player.plane.functions, "box": answering({}, released=frozenset({"o"}), empty_ok=True)}
    player.plane.seen.clear()
    player.tick()
    player.tick()
    assert key not in player.plane.objects
    assert bool(there(player, "Service")) is stays


def test_observing_what_is_not_there() -> None:
    """An Object that may only observe makes nothing; kube-system is on every cluster."""
    system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
    objects = {name: wrapped(body, *remote.OBSERVE_ONLY) for name, body in (("s", system), ("o", other))}
    player = Player(plane(box=answering(objects)))
    player.play(2)
    synced = {
        key.name: condition(b, "Synced")["status"] for key, b in player.plane.objects.items() if key.kind == "Object"
    }
    assert synced == {"namespace-kube-system": "True", "namespace-other": "False"}


def pod(*args: str, **more: object) -> Manifest:
    """Return a pod's spec that mounts the claim."""
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}]
    return {"template": {"spec": {"containers": [{"name": "c", "args": list(args), **more}], "volumes": volumes}}}


CLAIM = namespaced("PersistentVolumeClaim", {"resources": {"requests": {"storage": "8Gi"}}}, name="claim")


def test_a_hydration_job() -> None:
    """A Job starts once its claim is bound, reports what the hydrator reports, and completes with its tree."""
    args = ("--repo=a/b", "--tree", "base", "--volume=/volume")
    job = namespaced("Job", pod(*args), api_version="batch/v1")
    assert "status" not in there(played(TEAM, CLAIM, job, steps=2), "Job")
    running = there(played(TEAM, CLAIM, job, steps=3), "Job")
    assert hydration.progress(running)["percent"] == 0
    assert running["status"]["active"] == 1
    done = there(played(TEAM, CLAIM, job, steps=6), "Job")
    report = json.loads(done["metadata"]["annotations"]["modelplane.ai/progress"])
    assert (report["percent"], report["bytes"], report["total"]) == (100, 6 * 1024**3, 6 * 1024**3)
    assert report["tree"] == f"base-{report['commit'][:12]}"
    assert [c["type"] for c in done["status"]["conditions"]] == ["SuccessCriteriaMet", "Complete"]


def test_a_job_keeps_to_its_commit() -> None:
    """A Job that is told a commit reports that one."""
    job = namespaced("Job", pod("--repo=a/b", "--tree=t", f"--commit={'c' * 40}"), api_version="batch/v1")
    assert hydration.progress(there(played(TEAM, CLAIM, job, steps=3), "Job"))["commit"] == "c" * 40


def test_a_job_waits_for_its_secret() -> None:
    """A Job whose pod needs a Secret that is not there does not start."""
    ref = {"secretKeyRef": {"name": "token", "key": "k"}}
    job = namespaced("Job", pod("--tree=t", env=[{"name": "HF_TOKEN", "valueFrom": ref}]), api_version="batch/v1")
    assert "status" not in there(played(TEAM, CLAIM, job, steps=5), "Job")
    token = {**namespaced("Secret", name="token"), "data": {"k": "dg=="}}
    assert there(played(TEAM, CLAIM, token, job, steps=6), "Job")["status"]["succeeded"] == 1


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(namespaced("Deployment", {"replicas": 2, **pod()}, api_version="apps/v1"), id="deployment"),
        pytest.param(
            namespaced(
                "LeaderWorkerSet",
                {"replicas": 2, "leaderWorkerTemplate": {"size": 2, "workerTemplate": pod()["template"]}},
                api_version="leaderworkerset.x-k8s.io/v1",
            ),
            id="gang",
        ),
    ],
)
def test_workloads(manifest: Manifest) -> None:
    """A workload starts once its claim is bound, and is available one step later, at its own generation."""
    kind = manifest["kind"]
    assert "status" not in there(played(TEAM, CLAIM, manifest, steps=2), kind)
    starting = there(played(TEAM, CLAIM, manifest, steps=3), kind)["status"]
    assert (starting["observedGeneration"], starting["replicas"], starting.get("readyReplicas")) == (1, 2, None)
    assert there(played(TEAM, CLAIM, manifest, steps=4), kind)["status"]["readyReplicas"] == 2


def test_guards_are_available() -> None:
    """A Usage on the control plane becomes available."""
    usage = {"apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage", "metadata": {"name": "u"}, "spec": {}}
    player = Player(plane(box=answering({"u": usage})))
    assert (player.play(), player.ready()) == (1, True)
    assert is_ready(player.plane.objects[BOX])


@pytest.mark.parametrize(
    ("readiness", "want"),
    [
        pytest.param({}, (True, ""), id="created-is-enough"),
        pytest.param({"policy": "DeriveFromObject"}, (True, ""), id="its-ready-condition"),
        pytest.param({"policy": "AllTrue"}, (False, ""), id="one-condition-is-not-true"),
        pytest.param(
            {"policy": "DeriveFromCelQuery", "celQuery": "object.n == 3.0"}, (True, ""), id="numbers-are-doubles"
        ),
        pytest.param({"policy": "DeriveFromCelQuery", "celQuery": "has(object.gone)"}, (False, ""), id="not-there"),
        pytest.param(
            {"policy": "DeriveFromCelQuery", "celQuery": "object.gone.x == 1"},
            (False, "cannot evaluate readiness 'object.gone.x == 1': NOT_FOUND: Key not found in map : \"gone\""),
            id="an-evaluation-error",
        ),
    ],
)
def test_readiness(readiness: Manifest, want: tuple[bool, str]) -> None:
    """An Object's readiness is derived as its policy says."""
    found = [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]
    assert provider.readiness(readiness, {"n": 3, "status": {"conditions": found}}) == want


def test_a_query_that_does_not_compile() -> None:
    """A query that is no CEL leaves the Object unready and says so in one line."""
    ready, message = provider.readiness({"policy": "DeriveFromCelQuery", "celQuery": "object."}, {})
    assert not ready
    assert message.startswith("cannot evaluate readiness 'object.'")
    assert "\n" not in message
