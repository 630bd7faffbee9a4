# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The Job that compose-model-cache writes, and the hydrator that runs in it, agree on flags, codes and reports."""

import json
from typing import Any

import builders
import pytest
from builders_cache import C1, World, reports, using
from compose_model_cache import failures, report
from modelplane import labels
from modelplane.paths import Manifest
from modelplane_hydrator import cluster, errors, flags
from modelplane_hydrator.counters import Counters
from modelplane_hydrator.progress import Progress
from modelplane_hydrator.timing import Timing

SECRET = builders.secret()["metadata"]["name"]


def _options(hub: Manifest, **more: Any) -> flags.Options:  # noqa: ANN401  fields of the world
    """Return what the hydrator understands of the Job's own arguments."""
    world = World(builders.cache(source=hub), settings={"allow_http_endpoints": True}, **more)
    return flags.options(world.steps(4).args(), {})


@pytest.mark.parametrize(
    ("hub", "field", "want"),
    [
        pytest.param({}, "repo", "Qwen/Qwen3-0.6B", id="repo"),
        pytest.param({"repo": "gpt2"}, "repo", "gpt2", id="a repo without owner"),
        pytest.param({}, "revision", "main", id="no revision is the hydrator's default"),
        pytest.param({"revision": "refs/pr/1"}, "revision", "refs/pr/1", id="revision"),
        pytest.param({}, "endpoint", "https://huggingface.co", id="no endpoint is the public Hub"),
        pytest.param({"endpoint": "http://hub.test:80/x"}, "endpoint", "http://hub.test:80/x", id="endpoint"),
        pytest.param({"include": ["b*", "--keep=x"]}, "include", ("--keep=x", "b*"), id="include, like a flag"),
        pytest.param({"exclude": ["$(rm)", "a b"]}, "exclude", ("$(rm)", "a b"), id="exclude, like a shell's"),
        pytest.param({}, "keep", (), id="nothing to keep"),
        pytest.param({}, "sweep", True, id="other trees go"),
        pytest.param({}, "commit", "", id="no pin"),
    ],
)
def test_the_parser_takes_the_jobs_arguments(hub: Manifest, field: str, want: object) -> None:
    """What a user wrote reaches the hydrator as it is, whatever it looks like."""
    assert getattr(_options(hub), field) == want


def test_pin_and_kept_trees() -> None:
    """A pinned commit and the trees that replicas mount are understood, too."""
    world = World(builders.cache(), replicas=[using("r", "a", tree="0123456789-abcdefabcdef")])
    world.staged(C1)
    world.jobs, world.volumes = {"": reports()}, {"a/claim": "another"}
    got = flags.options(world.steps(3).args(), {})
    assert (got.commit, got.keep) == (C1, ("0123456789-abcdefabcdef",))


def test_the_job_reports_to_itself() -> None:
    """--report-job names the Job, and its Role lets it patch that one."""
    reply = World().steps(4)
    job, role = reply.remote("Job")["metadata"], reply.remote("Role")
    assert flags.options(reply.args(), {}).report_job == f"{job['namespace']}/{job['name']}"
    assert role["rules"] == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": [job["name"]], "verbs": ["patch"]}
    ]
    pod = reply.remote("Job")["spec"]["template"]["spec"]
    binding = reply.remote("RoleBinding")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": pod["serviceAccountName"], "namespace": job["namespace"]}
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert reply.remote("ServiceAccount")["metadata"]["name"] == pod["serviceAccountName"]


def test_the_token_reaches_the_hydrator() -> None:
    """The copy's one key becomes the variable that the hydrator reads."""
    reply = World(builders.cache(secret=SECRET)).steps(4)
    (env,) = reply.remote("Job")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert flags.options(reply.args(), {env["name"]: "hf_x"}).token == "hf_x"  # noqa: S105  no token of anybody


def test_exit_codes_are_the_hydrators() -> None:
    """Every reason has its code, and a remedy; permanent ones fail the Job at once."""
    theirs = {kind.reason: (kind.exit_code, kind.permanent) for kind in errors.REASONS}
    ours = {f.reason: (f.code, f in failures.PERMANENT) for f in failures.PERMANENT + failures.TRANSIENT}
    assert ours == theirs
    assert all(failure.remedy for failure in failures.PERMANENT + failures.TRANSIENT)
    (_, rule) = World().steps(4).remote("Job")["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == sorted(kind.exit_code for kind in errors.REASONS if kind.permanent)


def test_the_report_is_read_as_it_is_written() -> None:
    """The hydrator's own words, in the annotation that we read."""
    progress = Progress(Timing(), None)
    progress.commit, progress.tree, progress.counters = C1, "0123456789-c1c1c1c1c1c1", Counters(total=100, kept=40)
    progress.counters.reason = "RateLimited"
    read = report.read(json.dumps(progress.now()))
    assert (read.commit, read.tree) == (progress.commit, progress.tree)
    assert (read.staged, read.total, read.reason) == (40, 100, "RateLimited")
    assert cluster.ANNOTATION == labels.PROGRESS


def test_the_tests_report_alike() -> None:
    """What stands for a hydrator in our tables says what the hydrator would."""
    world = World(jobs={"": reports()})
    annotations = reports()(world.steps(4).remote("Job"))["annotations"]
    assert set(json.loads(annotations[cluster.ANNOTATION])) <= set(Progress(Timing(), None).now())


def test_as_little_privileged_as_a_pod_can_be() -> None:
    """Pod Security `restricted`, bounded, off the GPU nodes where it can, and away with its pods."""
    job = World().steps(4).remote("Job")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]) == {"requests", "limits"}
    assert "command" not in container
    assert pod["restartPolicy"] == "Never"
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert "preferredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["nodeAffinity"]
    assert job["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert job["spec"]["podFailurePolicy"]["rules"][0]["action"] == "Ignore"


def test_twelve_hours_of_attempts() -> None:
    """Kubernetes waits 10 s, doubled up to 10 minutes, between the attempts of a Job."""
    limit = World().steps(4).remote("Job")["spec"]["backoffLimit"]
    seconds = sum(min(600, 10 * 2**attempt) for attempt in range(limit))
    assert 11.5 < seconds / 3600 < 12.5
