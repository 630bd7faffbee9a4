# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import apiserver
import builders
import builders_clusters as clusters
import builders_infra as infra
import pytest
from compose_serving_stack import fn
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import paths, remote, runtime
from modelplane.paths import Manifest

KIND = "ServingStack"
COMPONENTS = {
    "certManager",
    "envoyGateway",
    "gatewayApi",
    "leaderWorkerSet",
    "nodeFeatureDiscovery",
    "nvidiaDraDriver",
    "prometheus",
}
RELEASES = COMPONENTS - {"gatewayApi"}
"""Envoy Gateway's chart brings the Gateway API."""
CONFIGS = {"helm-config", "kubernetes-config"}
GUARDS = {"gateway-first", "gateway-class-first"}
GATEWAY = {"namespace", "gateway-class", "gateway"}


def _releases(made: dict[str, Manifest]) -> set[str]:
    return {key.removeprefix("release-") for key in made if key.startswith("release-")}


@pytest.mark.parametrize("name", [pytest.param(n, id=n[:9]) for n in ("a", "a" * 63, "70b.llama")])
def test_all_that_is_composed_is_valid(name: str) -> None:
    """At every minute the schemas take all of it, whatever the stack is called."""
    for minutes in (0, 1, 2, 3, infra.MANY):
        player = infra.life(clusters.stack(name), minutes=minutes)
        for body in infra.desired(player):
            apiserver.validate(body)
    assert player.ready()
    assert set(infra.composed(player)) == {*CONFIGS, *GATEWAY, *GUARDS, *(f"release-{key}" for key in RELEASES)}


def test_each_part_waits_for_what_it_uses() -> None:
    """A Gateway comes after its CRDs and its controller, a release after the way to the cluster."""
    first = runtime.answer(fn.compose, builders.request(clusters.stack()))
    assert set(first.desired.resources) == CONFIGS | GUARDS
    second = set(infra.composed(infra.life(clusters.stack(), minutes=1)))
    assert {"release-envoyGateway", "namespace"} <= second
    assert not {"gateway", "gateway-class"} & second


def test_the_address_gates_readiness() -> None:
    """The address that the cluster reports is told, and only then is the stack Ready."""
    player = infra.life(clusters.stack())
    address = infra.xr(player, KIND)["status"]["gateway"]["address"]
    assert infra.told(player, KIND, "GatewayAddressed") == ("Addressed", f"The gateway is at {address}.")
    req = infra.request(player, KIND)
    del req.observed.resources["gateway"].resource.fields["status"].struct_value.fields["atProvider"]
    rsp = runtime.answer(fn.compose, req)
    assert rsp.desired.composite.ready == fnv1.READY_FALSE
    assert paths.text(rsp.desired.composite.resource, "status", "gateway", "address") == address


@pytest.mark.parametrize("component", sorted(COMPONENTS))
def test_a_component_of_the_clusters_own(component: str) -> None:
    """External installs nothing, and what waited for it goes on."""
    player = infra.life(clusters.stack(components={component: "External"}))
    assert player.ready()
    assert _releases(infra.composed(player)) == RELEASES - {component}
    assert ("gateway-class" in infra.composed(player)) == (component != "envoyGateway")


def test_a_component_that_became_external_goes_and_nothing_else() -> None:
    """What the spec's owner stopped asking for is released."""
    req = infra.request(infra.life(clusters.stack()), KIND)
    spec = req.observed.composite.resource.fields["spec"].struct_value
    spec.fields["components"].struct_value["prometheus"] = "External"
    rsp = runtime.answer(fn.compose, req)
    assert set(req.observed.resources) - set(rsp.desired.resources) == {"release-prometheus"}


@pytest.mark.parametrize(
    ("component", "given", "want"),
    [
        pytest.param("certManager", "v1.20.0", "v1.20.0", id="as it is"),
        pytest.param("leaderWorkerSet", "v0.9.0", "0.9.0", id="a chart without the v"),
        pytest.param("prometheus", "80.0.0", "80.0.0", id="a chart of another scheme"),
    ],
)
def test_versions(component: str, given: str, want: str) -> None:
    """Every component has the version that its user asks for, as its chart spells it."""
    made = infra.composed(infra.life(clusters.stack(versions={component: given})))
    assert made[f"release-{component}"]["spec"]["forProvider"]["chart"]["version"] == want


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        pytest.param({}, "Installed", "", id="what the chart brings"),
        pytest.param(
            {"versions": {"gatewayApi": "v1.4.0"}},
            "UnsupportedVersion",
            "spec.versions.gatewayApi v1.4.0 cannot be had: Envoy Gateway v1.8.1 brings v1.5.1; ask for that, or "
            "install yours and set spec.components.gatewayApi to External",
            id="another than the chart brings",
        ),
        pytest.param(
            {"versions": {"gatewayApi": "v1.4.0"}, "components": {"gatewayApi": "External"}},
            "Installed",
            "",
            id="the cluster has its own",
        ),
        pytest.param(
            {"versions": {"gatewayApi": "v1.4.0"}, "components": {"envoyGateway": "External"}},
            "Installed",
            "",
            id="so has a gateway of its own",
        ),
        pytest.param(
            {"versions": {"envoyGateway": "v1.9.0", "gatewayApi": "v1.6.0"}},
            "Installed",
            "Envoy Gateway v1.9.0 brings its own version of the Gateway API.",
            id="a chart that nobody has looked into",
        ),
    ],
)
def test_the_gateway_apis_version(spec: Manifest, reason: str, says: str) -> None:
    """It comes with Envoy Gateway: another one is refused with its reason, and never quietly something else."""
    player = infra.life(clusters.stack(**spec))
    assert infra.told(player, KIND, "ComponentsInstalled") == (reason, says)
    assert player.ready() == (reason == "Installed")
    assert ("gateway" in infra.composed(player)) == (reason == "Installed")


def test_a_refused_version_changes_nothing() -> None:
    """An edit that cannot be had leaves the gateway that serves as it is."""
    req = infra.request(infra.life(clusters.stack()), KIND)
    req.observed.composite.resource.fields["spec"].struct_value["versions"] = {"gatewayApi": "v1.4.0"}
    rsp = runtime.answer(fn.compose, req)
    assert set(rsp.desired.resources) == set(req.observed.resources)
    assert rsp.desired.composite.ready == fnv1.READY_FALSE


def test_a_gateway_api_of_the_clusters_own_keeps_its_policy() -> None:
    """Helm leaves CRDs that are there alone; the policy that guards them is not ours either."""
    made = infra.composed(infra.life(clusters.stack(components={"gatewayApi": "External"})))
    values = made["release-envoyGateway"]["spec"]["forProvider"]["values"]
    assert values == {"crds": {"gatewayAPI": {"safeUpgradePolicy": {"enabled": False}}}}


def test_the_controller_goes_after_what_it_made() -> None:
    """In every reply its release waits for Gateway and class, else a load balancer and a finalizer stayed for ever."""
    req = infra.request(infra.life(clusters.stack()), KIND)
    req.observed.composite.resource.fields["spec"].struct_value["versions"] = {"gatewayApi": "v1.4.0"}
    made = infra.composed(infra.life(clusters.stack()))
    kept = runtime.answer(fn.compose, req).desired.resources
    for guard, part in (("gateway-first", "gateway"), ("gateway-class-first", "gateway-class")):
        spec = made[guard]["spec"]
        assert spec["of"]["resourceRef"]["name"] == made["release-envoyGateway"]["metadata"]["name"]
        assert spec["by"]["resourceRef"]["name"] == made[part]["metadata"]["name"]
        assert guard in kept


def test_a_controller_that_became_the_clusters_own_leaves_no_guard() -> None:
    """Release, class and guards go together; the Gateway stays."""
    req = infra.request(infra.life(clusters.stack()), KIND)
    spec = req.observed.composite.resource.fields["spec"].struct_value
    spec.fields["components"].struct_value["envoyGateway"] = "External"
    rsp = runtime.answer(fn.compose, req)
    gone = set(req.observed.resources) - set(rsp.desired.resources)
    assert gone == {"release-envoyGateway", "gateway-class", *GUARDS}


def test_the_driver_runs_on_nodes_with_gpus() -> None:
    """Clouds taint such nodes, and Google keeps system priorities for its own namespaces."""
    made = infra.composed(infra.life(clusters.stack()))
    plugin = made["release-nvidiaDraDriver"]["spec"]["forProvider"]["values"]["kubeletPlugin"]
    assert plugin["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert plugin["priorityClassName"] == ""


def test_the_driver_is_looked_for_where_the_nodes_have_it() -> None:
    """Clouds put NVIDIA's driver at different places."""
    made = infra.composed(infra.life(clusters.stack(nvidiaDriverRoot="/opt/nvidia")))
    values = made["release-nvidiaDraDriver"]["spec"]["forProvider"]["values"]
    assert values["nvidiaDriverRoot"] == "/opt/nvidia"


def test_how_the_cluster_is_reached() -> None:
    """Secrets are read where the spec says, in this namespace unless it says another, in either shape's spelling."""
    spec = infra.composed(infra.life(clusters.stack()))["helm-config"]["spec"]
    assert spec["credentials"]["secretRef"]["namespace"] == "modelplane-system"
    assert spec["identity"]["secretRef"]["namespace"] == "elsewhere"
    assert spec["identity"]["type"] == "GoogleApplicationCredentials"


def test_every_namespace_of_the_stack_is_the_platforms() -> None:
    """No tenant may place anything beside what we install."""
    made = infra.composed(infra.life(clusters.stack()))
    used = {body["spec"]["forProvider"]["namespace"] for key, body in made.items() if key.startswith("release-")}
    assert all(remote.is_platform(namespace) for namespace in used)
