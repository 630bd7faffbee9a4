# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A ModelCache's source changes, is looked at again, or is tried again."""

from collections.abc import Callable

import builders
import pytest
from builders_cache import C1, C2, TOTAL, World, complete, failed, fleet, reports, silent, using
from modelplane.paths import Manifest

CHANGES = [
    pytest.param(lambda world: world.hub(revision="v2"), id="revision"),
    pytest.param(lambda world: world.hub(repo="Qwen/Qwen3-8B"), id="repo"),
    pytest.param(lambda world: world.hub(endpoint="https://mirror.example"), id="endpoint"),
    pytest.param(lambda world: world.hub(include=["*.json"]), id="include"),
    pytest.param(lambda world: world.hub(exclude=["*.bin"]), id="exclude"),
    pytest.param(lambda world: world.annotate("modelplane.ai/refresh", "1"), id="refresh"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_source_is_staged_beside_the_old_one(change: Callable[[World], None]) -> None:
    """The old tree serves until the new one is verified: the claim stays, the tree is named and kept."""
    world = World()
    before = world.staged().entry()
    change(world)
    world.jobs = {"": silent}
    reply = world.steps(3)
    assert (reply.entry()["phase"], reply.entry()["tree"]) == ("Hydrating", before["tree"])
    assert reply.entry()["claimUID"] == before["claimUID"]
    assert f"--keep={before['tree']}" in reply.args()
    assert not any(arg.startswith("--commit") for arg in reply.args())
    assert (reply.told("ArtifactReady"), reply.ready) == (("False", "Hydrating"), False)
    world.jobs = {"": complete(C2)}
    after = world.steps(3)
    assert after.entry()["tree"] != before["tree"]
    assert (after.ready, after.status["revision"]) == (True, C2)


def test_a_refresh_of_a_branch_that_has_not_moved() -> None:
    """The tree keeps its name, and still a Job has to look before the cluster is Ready again."""
    world = World()
    before = world.staged().entry()
    world.annotate("modelplane.ai/refresh", "today")
    world.jobs = {"": silent}
    assert world.steps(3).entry()["phase"] == "Hydrating"
    after = world.staged(C1).entry()
    assert after["tree"] == before["tree"]
    assert after["source"] != before["source"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda world: world.hub(sizeGiB=20), id="size"),
        pytest.param(lambda world: world.hub(include=[]), id="an empty list is no list"),
        pytest.param(lambda world: world.annotate("modelplane.ai/retry", "1"), id="retry"),
        pytest.param(lambda world: world.hub(authSecret={"name": "hub"}), id="a token"),
        pytest.param(lambda world: world.annotate("other", "1"), id="an annotation of another"),
    ],
)
def test_what_changes_nothing_of_a_ready_cluster(change: Callable[[World], None]) -> None:
    """Identity never includes size, token or retry: what is staged stays staged."""
    world = World()
    before = world.staged().entry()
    change(world)
    reply = world.steps(2)
    assert (reply.entry(), reply.ready) == (before, True)
    assert reply.kinds() == {"Namespace", "PersistentVolumeClaim"}


def test_patterns_in_another_order_are_the_same() -> None:
    """A list of patterns is a set."""
    world = World(builders.cache(source={"include": ["*.json", "*.safetensors"]}))
    world.staged()
    world.hub(include=["*.safetensors", "*.json", "*.json"])
    assert world.step().ready


@pytest.mark.parametrize("annotation", ["modelplane.ai/retry", "modelplane.ai/refresh"])
def test_trying_again_is_a_new_job(annotation: str) -> None:
    """A failed Job leaves only by a new one under another name, at once."""
    world = World(jobs={"": failed(10)})
    world.steps(4)
    old = world.ask().keys("job/")
    assert world.ask().entry()["phase"] == "Failed"
    world.annotate(annotation, "1")
    world.jobs = {"": silent}
    reply = world.step()
    assert len(reply.keys("job/")) == 1
    assert not old & set(reply.objects)
    assert reply.entry()["phase"] == "Hydrating"
    assert world.staged().ready


def test_a_running_job_is_left_alone() -> None:
    """A new release of ours, another image and a moving replica restart nothing that runs."""
    world = World(jobs={"": reports()})
    before = world.steps(4).remote("Job")
    world.settings = {"hydrator_image": "registry.example/hydrator:v9"}
    world.replicas = [using("r", "a", tree="other-tree")]
    assert world.step().remote("Job") == before
    world.annotate("modelplane.ai/retry", "1")
    after = world.step().remote("Job")
    assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/hydrator:v9"
    assert "--keep=other-tree" in after["spec"]["template"]["spec"]["containers"][0]["args"]


def test_one_commit_for_the_fleet() -> None:
    """The first commit that is reported pins the fleet; who saw another one starts again, with the pin."""
    world = World(clusters=fleet("a", "b", "c"), jobs={"a": reports(C1), "b": reports(C2), "c": silent})
    world.steps(3)
    before = world.ask()
    unpinned = before.keys("c/job/")
    reply = world.step()
    assert reply.status["revision"] == C1
    assert f"--commit={C1}" in reply.args("b")
    assert f"--commit={C1}" not in reply.args("a")
    assert reply.keys("c/job/") == unpinned
    assert reply.keys("b/job/") != reply.keys("a/job/")
    world.jobs = {"": complete(C1)}
    assert world.steps(3).status["summary"]["ready"] == "3/3"


def test_two_commits_completed_at_once() -> None:
    """A tree of another commit than the fleet's is never Ready, even where its Job is complete."""
    world = World(clusters=fleet("a", "b"), jobs={"a": complete(C2), "b": complete(C1)})
    world.steps(3)
    reply = world.step()
    assert reply.phases()["a"] == "Ready"
    assert reply.entry("b").get("tree") is None
    assert f"--commit={C2}" in reply.args("b")


def test_a_cluster_that_joins_later_gets_the_pinned_commit() -> None:
    """A branch that moved meanwhile does not split the fleet."""
    world = World()
    world.staged(C1)
    world.clusters = fleet("a", "b")
    world.jobs = {"": silent}
    reply = world.steps(3)
    assert f"--commit={C1}" in reply.args("b")
    assert reply.phases() == {"a": "Ready", "b": "Hydrating"}


def test_the_pin_survives_a_lost_status() -> None:
    """Entries of clusters tell the commit too."""
    world = World(clusters=fleet("a", "b"), jobs={"a": complete(C1), "b": silent})
    world.steps(5)
    del world.xr["status"]["revision"]
    assert world.step().status["revision"] == C1


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"commit": "main"}, id="no commit"),
        pytest.param({"commit": None}, id="null"),
        pytest.param({"tree": "another-cccccccccccc"}, id="another tree"),
    ],
)
def test_a_report_that_proves_nothing(said: Manifest) -> None:
    """A Job that completed without a report of the wanted tree makes no cluster Ready."""
    world = World()
    world.steps(3)
    world.jobs = {
        "": lambda job: {
            **reports(C1, staged=TOTAL, said=said)(job),
            "status": {"conditions": [builders.condition("Complete")]},
        }
    }
    reply = world.steps(3)
    assert (reply.ready, reply.entry()["phase"]) == (False, "Hydrating")
    assert reply.entry()["reason"] in ("ReportPending", "ReportUnexpected")


def test_size_grows_and_nothing_else_changes() -> None:
    """A claim's class and mode are never changed, whatever the cluster says by now."""
    world = World(builders.cache(size=10), fleet("a", storage="old"))
    world.staged()
    world.hub(sizeGiB=25)
    world.clusters = fleet("a", storage="new")
    claim = world.step().remote("PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"] == "25Gi"
    assert claim["spec"]["storageClassName"] == "old"
    world.hub(sizeGiB=10)
    again = world.step().remote("PersistentVolumeClaim")
    assert again["spec"]["resources"]["requests"]["storage"] == "25Gi"
