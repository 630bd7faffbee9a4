# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters on the real control plane: what guards them, and in which order everything goes."""

import os
import threading
from collections.abc import Generator

import pytest
from e2e.cloud import Answer, Providers, Tokens, google_key
from e2e.rig import clusters, kube, kubernetes, layout, load, places
from e2e.rig.kube import ApiError, Manifest
from e2e.rig.kubernetes import Cluster
from e2e.scenes import PROTECTION, Tenant, condition, entry, phase

pytestmark = [pytest.mark.second, pytest.mark.minutes(5)]
PORT, CONTROLLERS_PORT = layout.CASE_PORTS[40], layout.CASE_PORTS[41]
CLOUDS = ("Cluster", "NodePool", "Network", "Subnetwork", "ServiceAccountKey", "ServiceAccount")
EXAMPLE = places.REPOSITORY / "examples" / "clusters" / "gke"
GKE = "gke-oregon"


@pytest.fixture(scope="module", name="control")
def _control(second: Cluster) -> Cluster:
    """Return the control plane on which clusters come and go."""
    return second


@pytest.fixture(name="doomed")
def _doomed() -> Generator[Cluster]:
    """Yield an API server of its own, as a cloud would make it: with nothing on it of an earlier one."""
    cluster = layout.case_cluster(f"doomed-{os.getpid()}", PORT)
    names = [f"apiserver-{cluster.name}", f"controllers-{cluster.name}"]
    try:
        kubernetes.start_apiserver(cluster)
        kubernetes.start_controllers(cluster, port=CONTROLLERS_PORT, workloads=True)
        load.gateway_kinds(cluster)
        yield cluster
    finally:
        for name in reversed(names):
            layout.plane().processes.stop(name)


@pytest.fixture(name="tokens")
def _tokens() -> Generator[Tokens]:
    """Yield a token endpoint."""
    with Tokens((layout.ADDRESS, 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(name="providers")
def _providers(control: Cluster, doomed: Cluster, tokens: Tokens) -> Generator[Providers]:
    """Yield the providers of a cloud, played until the cloud's own things are gone."""
    details = {
        "Cluster": {"kubeconfig": doomed.kubeconfig.read_text()},
        "ServiceAccountKey": {"private_key": google_key(tokens.uri)},
    }
    played = Providers(control, details)
    thread = threading.Thread(target=played.run)
    thread.start()
    try:
        yield played
        clusters.forget(control, GKE)
        kube.eventually("the cloud's own things are gone", lambda: not played.left())
        for manifest in _classes():
            kube.eventually("the class is free", lambda row=manifest: control.api.try_delete(row))
    finally:
        played.stopped.set()
        thread.join()


def test_a_cluster_in_use_is_not_deleted(tenant: Tenant) -> None:
    """A cluster with a cache on it, and its class, are refused with the reason; unused, they go and leave nothing."""
    empty = layout.cluster(layout.EMPTY)
    clusters.register(tenant.control, empty)
    tenant.cache(selector={"rig": empty.name})
    tenant.until("ModelCache", "model", lambda row: phase(row, empty.name) == "Hydrating")
    cluster = tenant.control.api.get(clusters.API, "InferenceCluster", empty.name)
    _guarded(tenant.control, cluster)
    with pytest.raises(ApiError, match=f"ModelReplicas or ModelCaches are on InferenceCluster {empty.name}") as refused:
        tenant.control.api.delete(cluster)
    assert refused.value.code == 409
    hardware = tenant.control.api.get(clusters.API, "InferenceClass", clusters.CLASS)
    with pytest.raises(ApiError, match="has nodes of it"):
        tenant.control.api.delete(hardware)
    tenant.control.api.delete(tenant.get("ModelCache", "model"))
    clusters.forget(tenant.control, empty.name)
    assert empty.api.find(clusters.GATEWAYS, "Gateway", clusters.GATEWAY, namespace=clusters.SYSTEM) is None
    assert empty.api.find("v1", "Namespace", clusters.SYSTEM) is not None, "more than the stack lives there"


def test_a_cloud_cluster_goes_in_order(doomed: Cluster, tokens: Tokens, providers: Providers, tenant: Tenant) -> None:
    """The stack is taken down while the cluster still answers; only then anything of the cloud is asked to go."""
    control = tenant.control
    for manifest in _example():
        control.api.apply(manifest)
    clusters.address(control, doomed, GKE)
    kube.eventually("the cluster is Ready", lambda: clusters.ready(control, GKE))
    assert tokens.given, "the provider reached the cluster without the identity"
    tenant.cache(selector={"cloud": "google"})
    tenant.until("ModelCache", "model", lambda row: entry(row, GKE)["phase"])
    cluster = control.api.get(clusters.API, "InferenceCluster", GKE)
    _guarded(control, cluster)
    with pytest.raises(ApiError, match="ModelReplicas or ModelCaches are on"):
        control.api.delete(cluster)
    made = control.api.get(clusters.INFRASTRUCTURE, "GKECluster", GKE, namespace=clusters.SYSTEM)
    with pytest.raises(ApiError, match=f"{GKE}-stack-first-"):
        control.api.delete(made)
    tenant.control.api.delete(tenant.get("ModelCache", "model"))
    clusters.forget(control, GKE)
    kube.eventually("the cloud's own things are gone", lambda: not providers.left())
    _check_order(providers)
    assert doomed.api.find(clusters.GATEWAYS, "Gateway", clusters.GATEWAY, namespace=clusters.SYSTEM) is None
    assert doomed.api.find("storage.k8s.io/v1", "StorageClass", layout.STORAGE_CLASS), "it goes with its cluster"


def test_a_cluster_without_nodes(tenant: Tenant) -> None:
    """On a cluster whose pods stay pending, the cache stays Hydrating and says so; nothing is promised."""
    empty = layout.cluster(layout.EMPTY)
    clusters.register(tenant.control, empty)
    try:
        tenant.cache(selector={"rig": empty.name})
        tenant.until("ModelCache", "model", lambda row: phase(row, empty.name) == "Hydrating")
        assert condition(tenant.get("ModelCache", "model"), "Ready")["status"] == "False"
        (pod,) = kube.eventually("its pod", lambda: empty.api.list("v1", "Pod", namespace=tenant.namespace))
        assert pod["status"]["phase"] == "Pending"
        tenant.control.api.delete(tenant.get("ModelCache", "model"))
        kube.eventually("its Objects are gone", lambda: not tenant.objects())
        kube.eventually("its pod is gone", lambda: not empty.api.list("v1", "Pod", namespace=tenant.namespace))
    finally:
        clusters.forget(tenant.control, empty.name)


def _check_order(providers: Providers) -> None:
    releases, configs = providers.of_kind("Release"), providers.of_kind("ProviderConfig")
    assert releases
    last = int(max(release.done for release in releases))
    assert configs
    assert all(config.done >= last for config in configs), "a configuration went before what it installs"
    assert {kind for kind, _ in providers.deleted} >= set(CLOUDS)
    early = [key for key, deletion in providers.deleted.items() if key[0] in CLOUDS and deletion.asked < last]
    assert not early, "asked to go before the last release was gone"


def _guarded(control: Cluster, of: Manifest) -> None:
    """Wait until Crossplane guards an object."""

    def guards() -> list[Manifest]:
        every = control.api.list(PROTECTION, "ClusterUsage")
        mine = [row for row in every if row["spec"]["of"]["kind"] == of["kind"]]
        named = [row for row in mine if row["spec"]["of"]["resourceRef"]["name"] == of["metadata"]["name"]]
        states = [{c["type"]: c["status"] for c in row.get("status", {}).get("conditions", [])} for row in named]
        return [state for state in states if state.get("Ready") == "True"]

    kube.eventually(f"{of['kind']} {of['metadata']['name']} is guarded", guards)


def _classes() -> list[Manifest]:
    return [row for row in _example() if row["kind"] == "InferenceClass"]


def _example() -> list[Manifest]:
    return [row for path in sorted(EXAMPLE.glob("*.yaml")) for row in kube.manifests(path)]
