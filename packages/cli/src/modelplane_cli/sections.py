# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a preview prints, in order: each XR, what else lives on the control plane, then what each cluster gets."""

from collections.abc import Iterator

from modelplane import labels, remote
from modelplane.paths import Manifest

from modelplane_cli.objects import Ref, condition, value_at
from modelplane_cli.plane import Plane, Told
from modelplane_cli.show import Section

RESULT_API_VERSION = "render.crossplane.io/v1beta1"


def sections(plane: Plane, *, results: bool = False) -> list[Section]:
    """Return every object to print with the title of its section; `results` adds what the functions told."""
    xrs = [(f"{xr}: {state(plane.objects[xr])}", plane.objects[xr]) for xr in in_order(plane)]
    told = [(f"Results of {t.about}", _result(t)) for t in plane.told] if results else []
    return [*xrs, *told, *_control_plane(plane), *_clusters(plane)]


def in_order(plane: Plane) -> list[Ref]:
    """Return the XRs: what the user applied, each before what it composed."""
    mine = {key for composed in plane.composed.values() for key in composed.values()}

    def below(xr: Ref) -> Iterator[Ref]:
        yield xr
        for key in sorted(plane.composed[xr].values()):
            if key in plane.composed:
                yield from below(key)

    return [key for root in sorted(plane.composed) if root not in mine for key in below(root)]


def remotes(plane: Plane) -> dict[str, list[tuple[Ref, Manifest]]]:
    """Return the Objects of every cluster, by its name."""
    out: dict[str, list[tuple[Ref, Manifest]]] = {}
    for key in sorted(plane.objects):
        if (key.api_version, key.kind) == (remote.API_VERSION, remote.KIND):
            out.setdefault(cluster_name(plane.objects[key]), []).append((key, plane.objects[key]))
    return dict(sorted(out.items()))


def cluster_name(obj: Manifest) -> str:
    """Return the name of the cluster that an Object is on."""
    return value_at(obj, "metadata", "labels", labels.CLUSTER) or value_at(obj, "spec", "providerConfigRef", "name")


def state(body: Manifest) -> str:
    """Return an object's readiness in a few words."""
    ready = condition(body, "Ready")
    if ready.get("status") == "True":
        return "Ready"
    return f"not Ready, {ready['reason']}" if ready.get("reason") else "not Ready"


def _control_plane(plane: Plane) -> list[Section]:
    mine = sorted({key for composed in plane.composed.values() for key in composed.values()})
    others = [key for key in mine if key not in plane.composed and key.api_version != remote.API_VERSION]
    return [("Control plane", plane.objects[key]) for key in others]


def _clusters(plane: Plane) -> list[Section]:
    return [
        (f"Cluster {name}: {_count(len(found))}", obj) for name, found in remotes(plane).items() for _, obj in found
    ]


def _count(number: int) -> str:
    return "1 object" if number == 1 else f"{number} objects"


def _result(told: Told) -> Manifest:
    about = {"kind": told.about.kind, "name": told.about.name, "namespace": told.about.namespace}
    return {
        "apiVersion": RESULT_API_VERSION,
        "kind": "Result",
        "step": told.result.step,
        "severity": f"SEVERITY_{told.result.severity.upper()}",
        "reason": told.result.reason,
        "message": told.result.message,
        "about": {key: value for key, value in about.items() if value},
    }
