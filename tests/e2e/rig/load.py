# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What Modelplane puts into the control plane: kinds, compositions, functions, and the fleet's clusters."""

from collections.abc import Callable

from e2e.rig import clusters, examples, functions, hub, kinds, kube, layout, models, places, storage, tools
from e2e.rig.kubernetes import Cluster

Say = Callable[[str], None]
FREE_VOLUMES = 40
ESTABLISH_SECONDS = 60


def load(say: Say) -> None:
    """Load everything; a second call changes only what differs."""
    control = layout.cluster(layout.CONTROL)
    say("loading the kinds and their compositions")
    apis(control)
    say("building the hydrator's and the engine's images")
    hydrator = models.hydrator(say)
    models.mirror(say, examples.images())
    hub.start(examples.repos())
    found = functions.installed(functions.Options(arguments=arguments(hydrator)))
    say(f"loading {len(found)} functions: {', '.join(f.name for f in found)}")
    functions.load(control, found)
    say("registering the workload cluster")
    for name in (layout.WORKLOAD, layout.EMPTY):
        prepare(layout.cluster(name))
    clusters.register(control, layout.cluster(layout.WORKLOAD))


def apis(control: Cluster) -> list[str]:
    """Apply every XRD and Composition of this repository; return the names of the established kinds."""
    kinds.load(control)
    folder = places.REPOSITORY / "apis"
    definitions = [d for path in sorted(folder.glob("*/definition.yaml")) for d in kube.manifests(path)]
    for definition in definitions:
        control.api.apply(definition)
    names = [definition["metadata"]["name"] for definition in definitions]
    for name in names:
        kube.eventually(f"XRD {name} established", lambda n=name: _established(control, n), seconds=ESTABLISH_SECONDS)
    for path in sorted(folder.glob("*/composition.yaml")):
        for composition in kube.manifests(path):
            control.api.apply(composition)
    control.api.kinds.clear()
    return names


def prepare(workload: Cluster) -> None:
    """Give a workload cluster its storage class, volumes, and the kinds of its gateway."""
    storage.add_class(workload)
    storage.provide(workload, FREE_VOLUMES)
    gateway_kinds(workload)


def gateway_kinds(workload: Cluster) -> None:
    """Give a cluster the kinds of the Gateway API."""
    for path in sorted(tools.share("gateway-crds").glob("gateway.networking.k8s.io_*.yaml")):
        for manifest in kube.manifests(path):
            if manifest["kind"] == "CustomResourceDefinition":
                workload.api.apply(manifest)


def arguments(hydrator: str) -> dict[str, tuple[str, ...]]:
    """Return what the functions are told beyond the standard options, by their names."""
    return {"compose-model-cache": (f"--hydrator-image={hydrator}", "--allow-http-endpoints")}


def _established(control: Cluster, name: str) -> bool:
    crd = control.api.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
    conditions = (crd or {}).get("status", {}).get("conditions") or []
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)
