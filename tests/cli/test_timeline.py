# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A timeline and a tree tell a person what happened, where, and what is awaited."""

import pytest
from builders_preview import BOX, answering, claim_object, plane
from modelplane import conditions
from modelplane.composed import Composed
from modelplane.paths import Manifest
from modelplane_cli import remotely, story, timeline, tree, verdict
from modelplane_cli.objects import Ref
from modelplane_cli.play import Player
from modelplane_cli.timeline import Snapshot

WAITING = conditions.false(
    "Full", "Empty", "it holds nothing: put something in", warning="it holds nothing: put something in"
)


def stepped(player: Player) -> list[timeline.Cell]:
    """Let a step pass and return what the timeline tells of it."""
    before = Snapshot.of(player)
    player.tick()
    return timeline.cells(player, before, Snapshot.of(player))


def test_what_happens_on_a_cluster() -> None:
    """A step tells what was created, what moved on, and what that made Ready."""
    player = Player(plane())
    player.start()
    assert stepped(player) == [("alpha", "created PersistentVolumeClaim (4Gi, ReadWriteMany)")]
    assert stepped(player) == [("alpha", "PersistentVolumeClaim bound"), ("Box box", "Ready")]


def test_what_is_removed() -> None:
    """What leaves a cluster, and an XR that goes, are told."""
    player = Player(plane())
    player.play()
    gone = answering({}, released=frozenset({"claim", "item"}), empty_ok=True)
    player.plane.functions = {**player.plane.functions, "box": gone}
    player.plane.seen.clear()
    assert stepped(player) == [("Item item", "removed")]
    assert stepped(player) == [("alpha", "removed PersistentVolumeClaim")]


def test_what_functions_complain_of() -> None:
    """A warning is told once: by its condition, or on its own where no condition says the same."""
    made = plane(box=lambda _: Composed(conditions=(WAITING,)))
    player = Player(made)
    player.start()
    cells = timeline.cells(player, timeline.EMPTY, Snapshot.of(player))
    assert cells == [("Box box", "Full=False (Empty): it holds nothing: put something in")]
    assert verdict.complaints(made) == ["Box ml-team/box: it holds nothing: put something in"]
    assert verdict.waits(made, BOX) == ["Full=False (Empty): it holds nothing: put something in"]


def test_complaints_that_were_mended_are_forgotten() -> None:
    """A warning whose condition holds by now is no complaint."""
    answers = [WAITING, conditions.true("Full", "Full")]
    made = plane(box=lambda _: Composed(conditions=(answers[0],), ready=True, empty_ok=True))
    made.settle()
    answers.pop(0)
    made.seen.clear()
    made.settle()
    assert verdict.complaints(made) == []


def test_a_fatal_result_is_told() -> None:
    """A function that fails is told with its XR, and keeps it from Ready."""

    def broken(_req: object) -> Composed:
        raise KeyError("x")

    player = Player(plane(box=broken))
    lines = list(story.told(player))
    end = lines.index("Not Ready after 0 steps:")
    assert "this is a bug: KeyError: 'x'" in " ".join(" ".join(lines[end:]).split())
    assert "this is a bug: KeyError: 'x'" in verdict.complaints(player.plane)[0]


def test_a_story() -> None:
    """A story tells what was given, the steps, what there is, and the end."""
    lines = list(story.told(Player(plane())))
    assert lines[0] == "Applied  Box ml-team/box"
    assert lines[1] == "Fleet    no clusters; give them with --fleet"
    assert [line[:8] for line in lines if line.startswith("step ")] == ["step 0  ", "step 1  ", "step 2  "]
    assert lines[-1] == "Ready after 2 steps."
    assert all(len(line) <= story.WIDTH for line in lines)


def test_a_story_that_does_not_end_well() -> None:
    """A story that stops short of Ready says what is awaited, and stops when nothing moves."""
    stuck = claim_object('object.status.phase == "Lost"')
    lines = list(story.told(Player(plane(box=lambda _: Composed(resources={"c": stuck}, conditions=(WAITING,))))))
    end = lines.index("Not Ready after 2 steps:")
    assert lines[end + 1] == "  Box ml-team/box: Full=False (Empty): it holds nothing: put something in"


def test_a_tree() -> None:
    """A tree has the XR, what it waits for, the XRs below it, and what is on each cluster."""
    player = Player(plane())
    player.play(1)
    assert tree.drawn(player.plane).splitlines() == [
        "Box ml-team/box: not Ready, Creating",
        "├── Item ml-team/item: Ready",
        "└── on alpha",
        "    └── PersistentVolumeClaim claim (4Gi, ReadWriteMany)",
    ]


@pytest.mark.parametrize(
    ("labels", "spec", "want"),
    [
        pytest.param({}, {}, "ModelReplica r", id="anything"),
        pytest.param({"modelplane.ai/deployment": "d"}, {"clusterName": "c"}, "d on c", id="a-replica"),
        pytest.param(
            {"modelplane.ai/deployment": "d", "modelplane.ai/replica-index": "2"},
            {"clusterName": "c"},
            "d on c (2)",
            id="one-of-several",
        ),
    ],
)
def test_how_an_xr_is_called(labels: Manifest, spec: Manifest, want: str) -> None:
    """A replica is called by its deployment and cluster, anything else by its name."""
    body = {"metadata": {"labels": labels}, "spec": spec}
    assert timeline.who(Ref("v1", "ModelReplica", "ns", "r"), body) == want


POD = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": 2, "cpu": 1}}}]}


@pytest.mark.parametrize(
    ("manifest", "brief", "progress"),
    [
        pytest.param({"kind": "Service"}, "Service", "", id="nothing-to-say"),
        pytest.param({"kind": "Namespace", "status": {"phase": "Active"}}, "Namespace", "", id="a-namespace"),
        pytest.param(
            {
                "kind": "Deployment",
                "spec": {"replicas": 2, "template": {"spec": POD}},
                "status": {"observedGeneration": 1},
            },
            "Deployment (2 x i, 2 nvidia.com/gpu)",
            "starting",
            id="a-deployment",
        ),
        pytest.param(
            {
                "kind": "LeaderWorkerSet",
                "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 4, "workerTemplate": {"spec": POD}}},
            },
            "LeaderWorkerSet (1 x 4 pods, each i, 2 nvidia.com/gpu)",
            "",
            id="a-gang",
        ),
        pytest.param(
            {
                "kind": "Job",
                "spec": {"template": {"spec": {"containers": [{"args": ["--repo=a/b"]}]}}},
                "status": {"active": 1},
            },
            "Job (fetches a/b)",
            "running",
            id="a-job-without-a-report",
        ),
    ],
)
def test_remote_objects_in_words(manifest: Manifest, brief: str, progress: str) -> None:
    """An object is told by its kind and what matters of it, and by how far it is."""
    assert (remotely.brief(manifest), remotely.progress(manifest)) == (brief, progress)
