# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Objects on a workload cluster in a person's words: what each asks for, and how far it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from modelplane.paths import Manifest

from modelplane_cli import hydration
from modelplane_cli.objects import value_at

GIB = 1024**3

Words = Callable[[Manifest], str]


def brief(manifest: Manifest) -> str:
    """Return what an object is: its kind, and the detail that matters of some kinds."""
    return f"{manifest['kind']}{_detail(manifest)}"


def named(manifest: Manifest) -> str:
    """Return what an object is, its name with it, and how far it is."""
    now = progress(manifest)
    head = f"{manifest['kind']} {manifest['metadata']['name']}{_detail(manifest)}"
    return f"{head}: {now}" if now else head


def matters(manifest: Manifest) -> bool:
    """Return whether an object is one of those that a person looks for; the others only serve them."""
    return manifest["kind"] in _DETAILS


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Return objects with those that matter first."""
    order = (*_DETAILS, "Service", "HTTPRoute")
    kinds = {kind: index for index, kind in enumerate(order)}
    return sorted(manifests, key=lambda m: (kinds.get(m["kind"], len(order)), m["kind"], m["metadata"]["name"]))


def mounts(manifest: Manifest) -> list[str]:
    """Return the claims that an object's pods mount, with the place, each once."""
    return list(dict.fromkeys(line for pod in _pods(manifest) for line in _mounted(pod)))


def _pods(value: object) -> Iterator[Manifest]:
    """Yield every pod spec within an object."""
    if not isinstance(value, dict):
        return
    if "containers" in value:
        yield value
    for inner in value.values():
        yield from _pods(inner)


def _mounted(pod: Manifest) -> Iterator[str]:
    claimed = {v["name"]: value_at(v, "persistentVolumeClaim", "claimName") for v in pod.get("volumes", ())}
    for container in pod["containers"]:
        for mount in container.get("volumeMounts", ()):
            if claimed.get(mount["name"]):
                path = f", {mount['subPath']}" if mount.get("subPath") else ""
                only = " read-only" if mount.get("readOnly") else ""
                yield f"{claimed[mount['name']]} at {mount['mountPath']}{only}{path}"


def _detail(manifest: Manifest) -> str:
    kind = manifest["kind"]
    detail = _DETAILS[kind](manifest) if kind in _DETAILS else ""
    return f" ({detail})" if detail else ""


def progress(manifest: Manifest) -> str:
    """Return how far an object is, the empty string where its kind says nothing, or where there is none yet."""
    kind = manifest.get("kind", "")
    return _PROGRESS[kind](manifest) if kind in _PROGRESS else ""


def _claim(manifest: Manifest) -> str:
    size = value_at(manifest, "spec", "resources", "requests", "storage")
    modes = value_at(manifest, "spec", "accessModes") or ()
    storage = value_at(manifest, "spec", "storageClassName")
    return ", ".join([str(size), *modes, *([f"class {storage}"] if storage else [])])


def _deployment(manifest: Manifest) -> str:
    return f"{value_at(manifest, 'spec', 'replicas')} x {_asked(value_at(manifest, 'spec', 'template', 'spec'))}"


def _gang(manifest: Manifest) -> str:
    template = value_at(manifest, "spec", "leaderWorkerTemplate") or {}
    pod = value_at(template, "leaderTemplate", "spec") or value_at(template, "workerTemplate", "spec")
    groups, size = value_at(manifest, "spec", "replicas"), template.get("size")
    return f"{groups} x {size} pods, each {_asked(pod)}"


def _asked(pod: Manifest | None) -> str:
    """Return the image of a pod's engine and the extended resources that it is limited to."""
    container = (value_at(pod, "containers") or [{}])[0]
    limits = value_at(container, "resources", "limits") or {}
    asked = [f"{count} {name}" for name, count in sorted(limits.items()) if "/" in name]
    return ", ".join([container.get("image", ""), *asked])


def _job(manifest: Manifest) -> str:
    args = value_at(manifest, "spec", "template", "spec", "containers")[0].get("args", [])
    repo = hydration.flag(args, "--repo")
    return f"fetches {repo}" if repo else ""


_DETAILS: Mapping[str, Words] = {
    "PersistentVolumeClaim": _claim,
    "Job": _job,
    "Deployment": _deployment,
    "LeaderWorkerSet": _gang,
}
"""The kinds that matter, in the order in which a person asks for them."""


def _phase(manifest: Manifest) -> str:
    phase = value_at(manifest, "status", "phase")
    return str(phase).lower() if phase and manifest["kind"] != "Namespace" else ""


def _fetched(manifest: Manifest) -> str:
    if value_at(manifest, "status", "succeeded"):
        return "complete"
    if not value_at(manifest, "status", "active"):
        return ""
    told = hydration.progress(manifest)
    if not told:
        return "running"
    return f"running, {told['percent']}% of {told['total'] / GIB:.1f} GiB"


def _available(manifest: Manifest) -> str:
    if value_at(manifest, "status", "observedGeneration") is None:
        return ""
    ready = value_at(manifest, "status", "availableReplicas") or value_at(manifest, "status", "readyReplicas") or 0
    return "available" if ready == value_at(manifest, "status", "replicas") else "starting"


_PROGRESS: Mapping[str, Words] = {
    "PersistentVolumeClaim": _phase,
    "Job": _fetched,
    "Deployment": _available,
    "LeaderWorkerSet": _available,
}
