# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Our functions behind Crossplane: a package in the local registry, a process with a certificate, an endpoint."""

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from e2e.rig import certificates, commands, crossplane, images, kube, layout, places, tools
from e2e.rig.errors import RigError
from e2e.rig.kubernetes import START_SECONDS, Cluster, listens

GROUP = "modelplane.functions"
PACKAGES = "pkg.crossplane.io/v1"
VERSION = "v0.0.1"


@dataclass(frozen=True)
class Function:
    """A function as the rig runs it for one control plane."""

    name: str
    module: str
    port: int
    process: str
    folder: Path
    arguments: tuple[str, ...] = ()


def installed(cluster: Cluster, arguments: Mapping[str, tuple[str, ...]]) -> list[Function]:
    """Return the functions of this environment, found by their entry points, as they serve a control plane.

    `arguments` is what some of them, by name, are told beyond the standard options.
    """
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)
    folder = layout.plane().folder / "functions" / cluster.name
    ports = _ports(folder / "ports.json", layout.FUNCTION_PORTS[cluster.name], [point.name for point in points])
    return [
        Function(
            name=point.name,
            module=point.module.rpartition(".")[0],
            port=ports[point.name],
            process=layout.named(f"function-{point.name}", cluster.name),
            folder=folder / point.name,
            arguments=arguments.get(point.name, ()),
        )
        for point in points
    ]


def _ports(file: Path, free: Sequence[int], names: list[str]) -> dict[str, int]:
    """Return each function's port, the same for as long as the fleet is up, whatever is installed meanwhile."""
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    for name in names:
        ports.setdefault(name, free[len(ports)])
    places.write(file, json.dumps(ports).encode())
    return ports


def load(cluster: Cluster, functions: list[Function]) -> None:
    """Install each function's package, start it, and tell Crossplane where it listens."""
    for function in functions:
        package = _push(function)
        spec = {"package": package, "packagePullPolicy": "Always"}
        metadata = {"name": function.name}
        cluster.api.apply({"apiVersion": PACKAGES, "kind": "Function", "metadata": metadata, "spec": spec})
        start(cluster, function)
    for function in functions:
        what = f"a revision of function {function.name}"
        revision = kube.eventually(what, lambda f=function: _revision(cluster, f.name))
        endpoint = {"endpoint": f"dns:///127.0.0.1:{function.port}"}
        if revision.get("status", {}).get("endpoint") != endpoint["endpoint"]:
            cluster.api.patch(revision, {"status": endpoint}, status=True)


def start(cluster: Cluster, function: Function) -> None:
    """Start a function's process, with mTLS as in a cluster."""
    ca = crossplane.authority(cluster)
    folder = function.folder
    pair = certificates.issue(ca, folder / "serving", function.name, hosts=("127.0.0.1", "localhost"))
    for name, source in {"tls.crt": pair.cert, "tls.key": pair.key, "ca.crt": ca.cert}.items():
        shutil.copyfile(source, folder / name)
    argv = [sys.executable, "-m", function.module, f"--address=127.0.0.1:{function.port}"]
    argv += [f"--tls-certs-dir={folder}", *function.arguments]
    processes = layout.plane().processes
    process = processes.start(function.process, argv, nice=cluster.nice)
    processes.wait(process, lambda: listens("127.0.0.1", function.port), seconds=START_SECONDS)


def stop(function: Function) -> None:
    """Stop a function's process."""
    layout.plane().processes.stop(function.process)


def _push(function: Function) -> str:
    """Build the function's package and push it to the local registry, once for all control planes."""
    package = f"{layout.REGISTRY}/modelplane/{function.name}:{VERSION}"
    if images.exists(package):
        return package
    root = function.folder / "package"
    root.mkdir(parents=True, exist_ok=True)
    meta = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Function",
        "metadata": {"name": function.name},
        "spec": {"capabilities": ["composition"]},
    }
    (root / "crossplane.yaml").write_text(yaml.safe_dump(meta))
    archive = root.with_suffix(".xpkg")
    archive.unlink(missing_ok=True)
    cli = tools.binary("crossplane-cli")
    build = [cli, "xpkg", "build", f"--package-root={root}", f"--package-file={archive}"]
    commands.run(build, what=f"build the package of {function.name}")
    commands.run([cli, "xpkg", "push", f"--package-files={archive}", package], what=f"push {package}")
    return package


def _revision(cluster: Cluster, name: str) -> kube.Manifest | None:
    found = cluster.api.list(PACKAGES, "FunctionRevision", labels=f"pkg.crossplane.io/package={name}")
    active = [row for row in found if row["spec"]["desiredState"] == "Active"]
    if len(active) > 1:
        raise RigError(f"cannot find the one active revision of function {name}: there are {len(active)}")
    return active[0] if active else None
