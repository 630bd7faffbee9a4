# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What Modelplane puts into the control plane: kinds, compositions, functions, and the fleet's clusters."""

import functools
from collections.abc import Callable

from e2e.rig import (
    clusters,
    crossplane,
    examples,
    functions,
    hub,
    kinds,
    kube,
    kubernetes,
    layout,
    models,
    places,
    storage,
    tools,
)
from e2e.rig.kubernetes import Cluster

Say = Callable[[str], None]
FREE_VOLUMES = 60
ROUTING = ("gatewayclasses", "gateways", "httproutes")


def load(say: Say) -> None:
    """Load everything, and declare the workload cluster; a second call changes only what differs."""
    control = layout.cluster(layout.CONTROL)
    say("building the engine's and the hydrator's images")
    models.mirror(say, examples.images())
    models.hydrator(say)
    hub.start(examples.repos())
    modelplane(control, say)
    for name in (layout.WORKLOAD, layout.EMPTY):
        prepare(layout.cluster(name))
    clusters.declare(control, layout.cluster(layout.WORKLOAD))


def registered(say: Say) -> None:
    """Wait until the workload cluster is Ready: half a minute after it was declared, most of it idle."""
    say("waiting for the workload cluster to be Ready")
    clusters.settle(layout.cluster(layout.CONTROL), [layout.cluster(layout.WORKLOAD)])


def second(say: Say) -> None:
    """Start a second control plane beside the fleet's, with Modelplane on it, for cases with clusters of their own."""
    cluster = layout.cluster(layout.SECOND)
    say("starting a second control plane")
    kubernetes.start_apiserver(cluster)
    kubernetes.start_controllers(cluster, port=layout.CONTROLLER_PORTS[layout.SECOND], workloads=False)
    crossplane.start(cluster)
    crossplane.start_provider(cluster)
    modelplane(cluster, say)


def modelplane(control: Cluster, say: Say) -> None:
    """Load the kinds, their compositions and the functions into a control plane."""
    say("loading the kinds and their compositions")
    apis(control)
    found = installed(control)
    say(f"loading {len(found)} functions: {', '.join(f.name for f in found)}")
    functions.load(control, found)


def installed(control: Cluster) -> list[functions.Function]:
    """Return the functions that serve a control plane, told which hydrator their Jobs run."""
    arguments = (f"--hydrator-image={models.hydrator(print)}", "--allow-http-endpoints")
    return functions.installed(control, {"compose-model-cache": arguments})


def apis(control: Cluster) -> list[str]:
    """Apply every XRD and Composition of this repository; return the names of the established kinds."""
    kinds.load(control)
    folder = places.REPOSITORY / "apis"
    definitions = [d for path in sorted(folder.glob("*/definition.yaml")) for d in kube.manifests(path)]
    for definition in definitions:
        control.api.apply(definition)
    names = [definition["metadata"]["name"] for definition in definitions]
    for name in names:
        kube.eventually(f"XRD {name} established", lambda n=name: _established(control, n))
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
    """Give a cluster those kinds of the Gateway API that are composed."""
    for manifest in _gateway_crds():
        workload.api.apply(manifest)


@functools.cache
def _gateway_crds() -> tuple[kube.Manifest, ...]:
    folder = tools.share("gateway-crds")
    return tuple(crd for kind in ROUTING for crd in kube.manifests(folder / f"gateway.networking.k8s.io_{kind}.yaml"))


def _established(control: Cluster, name: str) -> bool:
    crd = control.api.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
    conditions = (crd or {}).get("status", {}).get("conditions") or []
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)
