# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A Job fails, a token is missing, a namespace or an endpoint is refused: what a person is told, and what is kept."""

import builders
import pytest
from builders_cache import JobStatus, World, ended, failed, fleet, reports, silent
from modelplane.paths import Manifest
from modelplane_hydrator import errors

SECRET = builders.secret()["metadata"]["name"]
GATED = builders.cache(secret=SECRET)
PERMANENT = [kind for kind in errors.REASONS if kind.permanent]
TRANSIENT = [kind for kind in errors.REASONS if not kind.permanent]


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.reason) for kind in PERMANENT])
def test_each_exit_code_has_a_reason_and_a_remedy(kind: type[errors.HydrateError]) -> None:
    """A permanent exit code fails the cluster under the hydrator's own reason, with what to do, warned about once."""
    world = World(jobs={"": failed(kind.exit_code)})
    replies = [world.step() for _ in range(6)]
    entry = replies[-1].entry()
    assert (entry["phase"], entry["reason"]) == ("Failed", kind.reason)
    assert replies[-1].told("ArtifactReady") == ("False", "Failed")
    warnings = [line for reply in replies for line in reply.warnings]
    assert warnings == [f"cannot stage Qwen/Qwen3-0.6B: {kind.reason} on 'a': {entry['message']}"]
    assert not replies[-1].ready


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.reason) for kind in TRANSIENT])
def test_giving_up_names_the_last_trouble(kind: type[errors.HydrateError]) -> None:
    """BackoffLimitExceeded carries no reason; the last report does."""
    world = World(jobs={"": ended("BackoffLimitExceeded", "Job has reached the specified limit", reason=kind.reason)})
    entry = world.steps(5).entry()
    assert (entry["phase"], entry["reason"]) == ("Failed", kind.reason)
    assert entry["message"].startswith("gave up after many attempts; ")
    assert "modelplane.ai/retry" in entry["message"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(failed(99), "PodFailurePolicy", id="a code of another version"),
        pytest.param(ended("DeadlineExceeded", "too late"), "DeadlineExceeded", id="another reason of Kubernetes"),
        pytest.param(ended("", ""), "JobFailed", id="no reason at all"),
    ],
)
def test_unknown_failures_are_shown_as_they_are(status: JobStatus, reason: str) -> None:
    """What a later hydrator or Kubernetes says is passed on, with where to look."""
    entry = World(jobs={"": status}).steps(5).entry()
    assert (entry["phase"], entry["reason"]) == ("Failed", reason)
    assert "log of its pods" in entry["message"]


def test_alike_failures_are_told_together() -> None:
    """A fleet that fails for one reason gets one line, not one for each cluster."""
    world = World(clusters=fleet("a", "b", "c"), jobs={"a": failed(10), "b": failed(10), "c": failed(16)})
    message = world.steps(5).message("ArtifactReady")
    assert "GatedRepo on 'a', 'b':" in message
    assert "DiskFull on 'c':" in message


def test_a_failed_job_stays() -> None:
    """Its pods' logs say more; it leaves by a new hash alone."""
    world = World(jobs={"": failed(12)})
    before = world.steps(5).keys("job/")
    assert world.steps(3).keys("job/") == before


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        pytest.param([], "Secret 'hub' in namespace 'ml-team' does not exist: create it with key 'HF_TOKEN'", id="no"),
        pytest.param([builders.secret(data={"OTHER": "eA=="})], "has no key 'HF_TOKEN'", id="without its key"),
        pytest.param([builders.secret(data={"HF_TOKEN": ""})], "has no key 'HF_TOKEN'", id="empty"),
    ],
)
def test_a_missing_token_withholds_the_job_alone(secrets: list[Manifest], said: str) -> None:
    """The volume is made meanwhile, the user is told once, and once the token is there staging goes on."""
    world = World(GATED, secrets=secrets)
    replies = [world.step() for _ in range(4)]
    assert replies[-1].kinds() == {"Namespace", "PersistentVolumeClaim"}
    assert replies[-1].told("ArtifactReady") == ("False", "AuthSecretMissing")
    (warning,) = [line for reply in replies for line in reply.warnings]
    assert said in warning
    assert replies[-1].entry()["reason"] == "AuthSecretMissing"
    world.secrets = [builders.secret()]
    assert world.staged().ready


def test_nobody_is_warned_for_ready_clusters() -> None:
    """A token that is gone after staging is nobody's concern."""
    world = World(GATED)
    world.staged()
    world.secrets = []
    replies = [world.step() for _ in range(3)]
    assert all(reply.ready and not reply.events for reply in replies)


def test_a_token_lost_in_mid_job() -> None:
    """A missing input releases nothing: Job and copy go on, and what they finish counts."""
    world = World(GATED, jobs={"": reports()})
    before = world.steps(5)
    world.secrets = []
    reply = world.steps(2)
    assert set(reply.objects) == set(before.objects)
    assert (reply.entry()["phase"], reply.told("ArtifactReady")[1]) == ("Hydrating", "Hydrating")
    assert world.staged().ready


def test_a_rotated_token() -> None:
    """A new value is a new copy and a new Job, and the old ones go at once: a refused token never blocks for ever."""
    world = World(GATED, jobs={"": failed(11)})
    old = world.steps(5)
    world.secrets = [builders.secret(data={"HF_TOKEN": "bmV3"})]
    world.jobs = {"": silent}
    first, second = world.step(), world.step()
    assert old.keys("job/") <= set(first.objects)
    assert len(first.keys("token/")) == 2
    assert len(second.keys("token/")) == len(second.keys("job/")) == 1
    assert not (old.keys("token/") | old.keys("job/")) & set(second.objects)
    assert world.staged().ready


def test_a_token_taken_out_of_the_spec() -> None:
    """Copies of a token that is wanted no more go with the Job that used it."""
    world = World(GATED, jobs={"": silent})
    world.steps(4)
    del world.xr["spec"]["huggingFace"]["authSecret"]
    reply = world.steps(2)
    assert not reply.keys("token/")
    assert "env" not in reply.remote("Job")["spec"]["template"]["spec"]["containers"][0]


def test_the_token_shows_nowhere_else() -> None:
    """It is in the copy's data, and in no status, condition, event, name or argument."""
    world = World(GATED)
    reply = world.steps(4)
    secret = reply.remote("Secret")
    assert secret["data"] == builders.secret()["data"]
    token = builders.secret()["data"]["HF_TOKEN"]
    rest = {key: obj for key, obj in reply.objects.items() if "token/" not in key}
    assert token not in str((rest, reply.status, reply.events, list(reply.objects)))
    (env,) = reply.remote("Job")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env["valueFrom"]["secretKeyRef"] == {"name": secret["metadata"]["name"], "key": "HF_TOKEN"}


@pytest.mark.parametrize("namespace", ["kube-system", "kube-anything", "modelplane-system"])
def test_platform_namespaces_are_refused(namespace: str) -> None:
    """No tenant may place anything there: nothing is composed, the user is told once."""
    world = World(builders.cache(namespace=namespace))
    replies = [world.step() for _ in range(3)]
    assert all(not reply.objects and not reply.ready for reply in replies)
    assert replies[-1].told("ArtifactReady") == ("False", "PlatformNamespace")
    assert [line for reply in replies for line in reply.warnings] == [
        f"namespace {namespace!r} belongs to the platform: create the ModelCache in one of your own"
    ]


@pytest.mark.parametrize(
    ("endpoint", "allowed", "reason"),
    [
        pytest.param("http://hub.test", False, "EndpointNotAllowed", id="http"),
        pytest.param("http://hub.test", True, "Hydrating", id="http, allowed"),
        pytest.param("https://hub.test", False, "Hydrating", id="https"),
    ],
)
def test_http_endpoints_are_the_operators_to_allow(endpoint: str, reason: str, *, allowed: bool) -> None:
    """Without the operator's flag a model never travels unencrypted."""
    world = World(builders.cache(source={"endpoint": endpoint}), settings={"allow_http_endpoints": allowed})
    reply = world.steps(3)
    assert reply.told("ArtifactReady") == ("False", reason)
    assert ("Job" in reply.kinds()) == (reason == "Hydrating")


def test_a_spec_that_the_schema_refuses() -> None:
    """One line names the object and the field."""
    world = World()
    del world.xr["spec"]["huggingFace"]["repo"]
    assert world.ask().fatal == "cannot read ModelCache 'qwen': spec.huggingFace.repo: Field required"
    del world.xr["spec"]["huggingFace"]
    assert world.ask().fatal == "cannot read ModelCache 'qwen': spec.huggingFace: add it with repo and sizeGiB"
