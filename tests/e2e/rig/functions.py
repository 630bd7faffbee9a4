# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Our functions behind Crossplane: a package in the local registry, a process with a certificate, an endpoint."""

import importlib.metadata
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from e2e.rig import certificates, commands, crossplane, kube, layout, tools
from e2e.rig.errors import RigError
from e2e.rig.kubernetes import START_SECONDS, Cluster, listens

GROUP = "modelplane.functions"
PACKAGES = "pkg.crossplane.io/v1"
VERSION = "v0.0.1"


@dataclass(frozen=True)
class Function:
    """A function as the rig runs it."""

    name: str
    module: str
    port: int
    arguments: tuple[str, ...] = ()
    path: Path | None = None

    @property
    def process(self) -> str:
        """Its name among the rig's processes."""
        return f"function-{self.name}"


@dataclass(frozen=True)
class Options:
    """What some functions are told beyond the standard options."""

    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)


def installed(options: Options | None = None) -> list[Function]:
    """Return the functions of this environment, found by their entry points."""
    given = (options or Options()).arguments
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)
    ports = _ports([point.name for point in points])
    return [
        Function(point.name, point.module.rpartition(".")[0], ports[point.name], given.get(point.name, ()))
        for point in points
    ]


def _ports(names: list[str]) -> dict[str, int]:
    """Return each function's port, the same for as long as the fleet is up, whatever is installed meanwhile."""
    file = layout.plane().folder / "functions" / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    for name in names:
        ports.setdefault(name, layout.FIRST_FUNCTION_PORT + len(ports))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(ports))
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
        revision = kube.eventually(
            f"a revision of function {function.name}", lambda f=function: _revision(cluster, f.name), seconds=60
        )
        endpoint = {"endpoint": f"dns:///127.0.0.1:{function.port}"}
        if revision.get("status", {}).get("endpoint") != endpoint["endpoint"]:
            cluster.api.patch(revision, {"status": endpoint}, status=True)


def start(cluster: Cluster, function: Function) -> None:
    """Start a function's process, with mTLS as in a cluster."""
    ca = crossplane.authority(cluster)
    folder = layout.plane().folder / "functions" / function.name
    pair = certificates.issue(ca, folder / "serving", function.name, hosts=("127.0.0.1", "localhost"))
    for name, source in {"tls.crt": pair.cert, "tls.key": pair.key, "ca.crt": ca.cert}.items():
        shutil.copyfile(source, folder / name)
    argv = [sys.executable, "-m", function.module, f"--address=127.0.0.1:{function.port}"]
    argv += [f"--tls-certs-dir={folder}", *function.arguments]
    environment = {"PYTHONPATH": str(function.path)} if function.path else {}
    processes = layout.plane().processes
    process = processes.start(function.process, argv, env=environment)
    processes.wait(process, lambda: listens("127.0.0.1", function.port), seconds=START_SECONDS)


def stop(function: Function) -> None:
    """Stop a function's process."""
    layout.plane().processes.stop(function.process)


def _push(function: Function) -> str:
    """Build the function's package and push it to the local registry."""
    root = layout.plane().folder / "functions" / function.name / "package"
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
    package = f"{layout.REGISTRY}/modelplane/{function.name}:{VERSION}"
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
