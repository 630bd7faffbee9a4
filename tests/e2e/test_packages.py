# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Crossplane installs one Configuration from a registry, runs our images as pods, upgrades them, and lets them go."""

from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor

import builders_healthy
import click
import laws
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from e2e.rig import clusters, crossplane, examples, kube, layout, packages, places, pods
from e2e.rig.kubernetes import Cluster
from e2e.rig.packages import MIRRORED, NEW, OLD
from e2e.scenes import Tenant, condition, phase
from modelplane_cli import load as documents

pytestmark = pytest.mark.packages
CALLS = 1000
MEMORY_BAR, START_BAR = 70 << 20, 1.5

Recorder = Callable[[str, object], None]


@pytest.fixture(scope="module")
def plane(workload: Cluster) -> Cluster:
    """Return the cluster with the node, its own control plane too, with Modelplane installed from packages."""
    running = packages.installed(workload)
    packages.start(workload)
    if not running:
        packages.publish_standins()
        packages.published(OLD, print)
        packages.install(workload, OLD, print)
    crossplane.start_provider(workload)
    click.echo("registering the cluster with the node on itself")
    clusters.register(workload, workload)
    return workload


@pytest.fixture(scope="module")
def serving(plane: Cluster) -> Tenant:
    """Return a tenant whose model is on its way to be served, whatever the cases do meanwhile."""
    team = tenant(plane, "serving")
    team.cache()
    team.deployment()
    return team


@pytest.fixture(scope="module")
def staging(plane: Cluster) -> Tenant:
    """Return a tenant that stages a model while packages change."""
    return tenant(plane, "staging")


@pytest.fixture(scope="module")
def later(serving: Tenant) -> Generator[Future[None]]:
    """Yield what ends once the later versions are published, which takes place beside the first cases."""
    assert serving
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(_publish_later)


@pytest.fixture(scope="module")
def memory(plane: Cluster) -> Generator[Future[int]]:
    """Yield what ends once both pods of each function answered, beside the first cases: the most bytes of one."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(_ask_both, plane)


def tenant(plane: Cluster, namespace: str) -> Tenant:
    """Return a tenant whose control plane and workload cluster are one."""
    plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    return Tenant(namespace, plane, plane)


@pytest.mark.usefixtures("later", "memory")
def test_one_manifest_brings_all(plane: Cluster) -> None:
    """Kinds, functions as pods of the published digests, and of managed kinds only what we compose."""
    published = set(packages.digests(OLD))
    running = pods.functions(plane)
    assert {pod["spec"]["containers"][0]["image"] for pod in running} == published
    assert len(running) == 2 * len(published)
    for pod in running:
        (container,) = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert pods.user(pod) == (2000, 2000)
    definitions = plane.api.list("apiextensions.crossplane.io/v2", "CompositeResourceDefinition")
    assert all(condition(row, "Established")["status"] == "True" for row in definitions)
    assert len(definitions) == len(published)
    active = plane.api.list("apiextensions.crossplane.io/v1alpha1", "ManagedResourceDefinition")
    states = {row["metadata"]["name"]: row["spec"]["state"] for row in active}
    assert states["objects.kubernetes.m.crossplane.io"] == "Active"
    assert states["objects.kubernetes.crossplane.io"] == "Inactive"


def test_the_qwen_example_on_packages(plane: Cluster) -> None:
    """`kubectl apply` of examples/cache/qwen ends in Ready with nothing but what the packages brought.

    In a namespace of its own: the fleet serves the same example on the same cluster.
    """
    team = tenant(plane, "packages-team")
    files = sorted((places.REPOSITORY / "examples" / "cache" / "qwen").glob("*.yaml"))
    text = "\n---\n".join(file.read_text() for file in files)
    plane.kubectl("apply", "-f", "-", stdin=text.replace(examples.NAMESPACE, team.namespace))
    team.ready("ModelCache", "qwen3-0.6b")
    team.ready("ModelDeployment", "qwen")
    team.clear()


def test_two_replicas_answer_alike(memory: Future[int], record_property: Recorder) -> None:
    """A thousand mixed calls to each pod of each function: the same answers from both, and little memory afterwards."""
    most = memory.result()
    record_property("memory", f"most memory of a function's pod after {CALLS} calls: {most / (1 << 20):.1f} MiB")
    assert most <= MEMORY_BAR


def test_an_upgrade_disturbs_nothing(plane: Cluster, serving: Tenant, staging: Tenant, later: Future[None]) -> None:
    """Another version, while a model is staged and another is served: both go on, in the same Job and the same pods."""
    later.result()
    serving.ready("ModelDeployment", "serve")
    staging.cache(repo="rig/slower")
    staging.hydrating()
    staging.until("ModelCache", "model", lambda cache: phase(cache) == "Hydrating")
    before = [_uids(serving), _uids(staging)]
    old = {pod["metadata"]["uid"] for pod in pods.functions(plane)}
    packages.upgrade(plane, NEW)
    kube.eventually("every function's pod is new", lambda: _replaced(plane, old))
    (job,) = staging.remote("batch/v1", "Job")
    assert job["status"].get("active"), "the model was staged before the upgrade ended"
    assert phase(staging.get("ModelCache", "model")) == "Hydrating"
    assert [_uids(serving), _uids(staging)] == before
    assert serving.ask()["choices"]
    assert condition(serving.get("ModelDeployment", "serve"), "Ready")["status"] == "True"


def test_a_way_back(plane: Cluster, serving: Tenant, staging: Tenant) -> None:
    """The former version is installed again as the new one was, and what is staged meanwhile turns Ready."""
    served, jobs = _uids(serving), _jobs(staging)
    assert jobs
    packages.upgrade(plane, OLD)
    assert condition(serving.get("ModelDeployment", "serve"), "Ready")["status"] == "True"
    staging.ready("ModelCache", "model")
    assert _uids(serving) == served
    assert _jobs(staging) <= jobs, "there was another Job"  # the one that staged may be released already
    staging.clear()


def test_without_crossplane_all_serves(plane: Cluster, serving: Tenant) -> None:
    """As docs/platform/uninstall.md says: Crossplane and the functions go, and the model answers all the while."""
    serving.ready("ModelDeployment", "serve")
    before = _uids(serving)
    crossplane.stop(plane)
    names = [row["metadata"]["name"] for row in plane.api.list(packages.PACKAGES, "FunctionRevision")]
    plane.kubectl("delete", "deployments", "--ignore-not-found", f"--namespace={crossplane.NAMESPACE}", *names)
    kube.eventually("no function runs", lambda: not pods.functions(plane))
    assert serving.ask()["choices"]
    assert _uids(serving) == before


def test_a_mirror_takes_over(plane: Cluster, serving: Tenant, later: Future[None]) -> None:
    """Crossplane comes back, and fetches a version from a mirror under other names: what was left is as it was."""
    later.result()
    packages.run(plane)
    packages.install_from_mirror(plane, MIRRORED)
    images = [pod["spec"]["containers"][0]["image"] for pod in pods.functions(plane)]
    mirrored = [image for image in images if image.startswith(f"{packages.MIRROR}/modelplane/modelplane_compose-")]
    assert len(mirrored) == 2 * len(packages.digests(MIRRORED))
    before = _uids(serving)
    serving.ready("ModelDeployment", "serve")
    assert _uids(serving) == before
    serving.clear()


@pytest.mark.last
def test_a_pod_answers_soon(plane: Cluster, record_property: Recorder) -> None:
    """From the start of a pod's process to its first reply."""
    requests = _requests()
    took = {
        name: pods.restart(plane, running[0], requests[name][0]) for name, running in pods.by_function(plane).items()
    }
    name, slowest = max(took.items(), key=lambda item: item[1].seconds)
    told = f"{slowest.seconds:.2f} s, of which {slowest.processor:.2f} s on a processor"
    record_property("start", f"slowest start to first reply: {name}, {told}")
    assert slowest.seconds <= START_BAR, told


@pytest.mark.last
def test_all_packages_go(plane: Cluster) -> None:
    """As docs/platform/uninstall.md says: once no cluster is registered, packages go and leave no function."""
    clusters.forget(plane, layout.WORKLOAD)
    packages.remove(plane)
    packages.stop(plane)  # the Gateway went too: the fleet's control plane makes it again


def _publish_later() -> None:
    packages.publish(NEW, print)
    packages.publish_to_mirror(MIRRORED, print)


def _ask_both(plane: Cluster) -> int:
    """Ask both pods of each function the same, see that they answer alike, and return the most memory of a pod."""
    requests = _requests()
    most = 0
    for name, running in sorted(pods.by_function(plane).items()):
        first, second = running
        asked = [requests[name][i % len(requests[name])] for i in range(CALLS)]
        with pods.calling(plane, first) as one, pods.calling(plane, second) as other:
            answers = {(raw, answer) for raw in asked for answer in (one(raw), other(raw))}
        assert len({(raw, _canonical(answer)) for raw, answer in answers}) == len(set(asked)), name
        most = max(most, *(pods.memory(pod) for pod in running))
    return most


def _requests() -> dict[str, list[bytes]]:
    """Return what Crossplane would ask each function about the examples, once all of them are settled."""
    found: dict[str, list[bytes]] = {}
    for example in ("cache/qwen", "clusters/gke", "clusters/existing", "clusters/eks"):
        paths = [str(places.REPOSITORY / "examples" / name) for name in (example, "fleet")]
        player = builders_healthy.played(*(doc.body for doc in documents.documents(paths)))
        for state in builders_healthy.states(player):
            found.setdefault(state.function, []).append(state.req.SerializeToString(deterministic=True))
    return found


def _canonical(answer: bytes) -> str:
    """Return an answer as text that does not depend on the order in which a process keeps its maps."""
    return laws.canonical(fnv1.RunFunctionResponse.FromString(answer))


def _replaced(plane: Cluster, old: set[str]) -> bool:
    return not old & {pod["metadata"]["uid"] for pod in pods.functions(plane)}


def _jobs(team: Tenant) -> set[str]:
    """Return which Jobs a tenant has."""
    return {row["metadata"]["uid"] for row in team.remote("batch/v1", "Job")}


def _uids(team: Tenant) -> dict[str, str]:
    """Return what runs and what is composed for a tenant, and which one it is."""
    found = [*team.objects(), *team.ours("ModelReplica"), *team.remote("batch/v1", "Job"), *team.remote("v1", "Pod")]
    return {f"{row['kind']} {row['metadata']['name']}": row["metadata"]["uid"] for row in found}
