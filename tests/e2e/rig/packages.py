# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Modelplane as a platform team installs it: packages in the registry, functions as pods that Crossplane runs.

The cluster with the node is control plane and workload cluster at once here, since pods need a node. Crossplane and the
provider that serve it run beside the fleet's.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from e2e.rig import commands, crossplane, images, kinds, kube, layout, places, pods, tools
from e2e.rig.kube import Manifest
from e2e.rig.kubernetes import Cluster

Say = Callable[[str], None]
OLD, NEW, MIRRORED = "v0.0.1", "v0.0.2", "v0.1.0"
"""What is installed first, what that is replaced by, and what only a mirror of the public registry has."""
DIGESTS = "digests.json"
PACKAGES = "pkg.crossplane.io/v1"
CONFIGURATION = "modelplane"
PUBLIC = "ghcr.io/modelplane"
PROVIDERS = "xpkg.crossplane.io/crossplane-contrib"
EXAMPLE = "registry.example.com"
MIRROR = f"{layout.REGISTRY}/mirror"
STANDINS = f"{MIRROR}/crossplane-contrib"
CACHE = "_compose-model-cache"
RUNTIME = "Function=Deployment;Provider=External"
RESOLVER = "nameserver {address}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n"
WITH_RESOLVER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
"""In a mount namespace of its own, so that only Crossplane resolves names as a pod of the cluster does."""


def publish(version: str, say: Say) -> dict[str, str]:
    """Build every package with the command that users have, and publish it to the rig's registry."""
    return _package(version, say, f"--registry={layout.REGISTRY}", "--allow-dirty")


def published(version: str, say: Say) -> None:
    """Publish a version unless that is done; who asks while another process is at it waits for that."""
    with places.locked(f"packages-{version}"):
        begun = (_folder(version) / DIGESTS).exists()
        if not begun or not digests(version):  # none are noted before all of it is published
            publish(version, say)


def publish_to_mirror(version: str, say: Say) -> None:
    """Build every package for the public registry, as files, and put the files into a mirror of it."""
    for name, digest in _package(version, say).items():
        target = name.replace(PUBLIC, f"{MIRROR}/modelplane")
        file = name.rpartition(":")[0].rpartition("/")[2].rpartition("_")[2]
        if file == "hydrator":
            tarball = str(_folder(version) / "images" / f"{file}-amd64.tar")
            commands.run([tools.binary("crane"), "push", tarball, target], what=f"push {target}")
            continue
        package = _folder(version) / "packages" / (f"{file}.xpkg" if file == CONFIGURATION else f"{file}-amd64.xpkg")
        argv = [tools.binary("crossplane-cli"), "xpkg", "push", f"--package-files={package}", target]
        commands.run(argv, what=f"push {target}")
        found = commands.run([tools.binary("crane"), "digest", target], what=f"read {target}").strip()
        assert found == digest, f"{target} is not what the Configuration pins"


def start(cluster: Cluster) -> None:
    """Start Crossplane on the cluster with the node as the documentation asks for; functions run as pods.

    Nothing but what packages activate is active: the policy that activates every kind is deleted.
    """
    run(cluster)
    policy = {"apiVersion": "apiextensions.crossplane.io/v1alpha1", "kind": "ManagedResourceActivationPolicy"}
    cluster.api.delete(policy | {"metadata": {"name": "default"}})


def run(cluster: Cluster) -> None:
    """Run Crossplane on the cluster with the node."""
    resolver = layout.plane().folder / "resolv.conf"
    resolver.write_text(RESOLVER.format(address=layout.ADDRESS))
    within = ("unshare", "--mount", "sh", "-c", WITH_RESOLVER, str(resolver))
    extra = ("--enable-dependency-version-upgrades",)
    crossplane.start(cluster, packages=RUNTIME, within=within, extra=extra)


def stop(cluster: Cluster) -> None:
    """Stop Crossplane and the provider that serve the cluster with the node."""
    crossplane.stop(cluster)
    crossplane.stop_provider(cluster)


def remove(cluster: Cluster) -> None:
    """Remove every package, its kinds, and of Crossplane its webhook and what says that it is installed."""
    kinds_of_packages = ("Configuration", "Function", "Provider")
    for kind in kinds_of_packages:
        for row in cluster.api.list(PACKAGES, kind):
            cluster.api.delete(row)
    for kind in kinds_of_packages:
        what = f"no {kind} is left"
        kube.eventually(what, lambda k=kind: not cluster.api.list(PACKAGES, f"{k}Revision"))
    kube.eventually("no function runs", lambda: not pods.functions(cluster))
    version = "admissionregistration.k8s.io/v1"
    cluster.api.delete(cluster.api.get(version, "ValidatingWebhookConfiguration", crossplane.WEBHOOK))
    installed = {"name": crossplane.SECRETS["client"], "namespace": crossplane.NAMESPACE}
    cluster.api.delete({"apiVersion": "v1", "kind": "Secret", "metadata": installed})


def publish_standins() -> None:
    """Publish a package for each provider that the Configuration needs: its kinds, and nothing that runs.

    All but provider-kubernetes's come without their schemas, since nothing else is composed on this cluster.
    """
    project = yaml.safe_load((places.REPOSITORY / "crossplane-project.yaml").read_text())
    crds = [*map(_without_schema, kinds.definitions()), *_kubernetes()]
    for row in project["spec"]["dependencies"]:
        name = row["xpkg"]["package"].removeprefix(f"{PROVIDERS}/")
        groups = _groups(name)
        _push(name, row["xpkg"]["version"], [crd for crd in crds if crd["spec"]["group"] in groups])


def install(cluster: Cluster, version: str, say: Say) -> None:
    """Apply what a platform team applies: where packages come from, how they run, and one Configuration."""
    manifests = [_rewritten(PROVIDERS, STANDINS), *_runtimes(say), configuration(version)]
    say(f"installing {version}")
    for manifest in manifests:
        cluster.api.apply(manifest)
    wait(cluster, version)
    say(f"{version} is healthy; making the kinds of the providers")
    host_providers(cluster)


def install_from_mirror(cluster: Cluster, version: str) -> None:
    """Apply examples/install and its mirror as they are, but for the mirror's name."""
    data = {".dockerconfigjson": json.dumps({"auths": {layout.REGISTRY: {"username": "any", "password": "any"}}})}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "stringData": data}
    cluster.api.apply(secret | {"metadata": {"name": "mirror-credentials", "namespace": crossplane.NAMESPACE}})
    for name in ("runtime.yaml", "mirror/mirror.yaml", "configuration.yaml"):
        text = (places.REPOSITORY / "examples" / "install" / name).read_text()
        for manifest in yaml.safe_load_all(text.replace(EXAMPLE, MIRROR)):
            cluster.api.apply(manifest)
    wait(cluster, version)
    host_providers(cluster)


def host_providers(cluster: Cluster) -> None:
    """Say what the runtime of the providers' packages would: where their certificates are, since their kinds wait."""
    for revision in _provider_revisions(cluster):
        cluster.api.patch(revision, {"status": {"tlsServerSecretName": crossplane.SECRETS["server"]}}, status=True)
    what = "the kinds of the providers are there"
    kube.eventually(what, lambda: all(_healthy_revision(row) for row in _provider_revisions(cluster)))
    cluster.api.kinds.clear()


def installed(cluster: Cluster) -> bool:
    """Return whether a Configuration is there, of whatever version."""
    known = cluster.api.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", "configurations.pkg.crossplane.io")
    return known is not None and bool(cluster.api.list(PACKAGES, "Configuration"))


def upgrade(cluster: Cluster, version: str) -> None:
    """Name another version of the Configuration, and wait until all of it runs."""
    cluster.api.apply(configuration(version))
    wait(cluster, version)


def wait(cluster: Cluster, version: str) -> None:
    """Wait until the Configuration of a version and all its functions are healthy."""
    what = f"Configuration {version} and its functions are healthy"
    try:
        kube.eventually(what, lambda: not unhealthy(cluster, version))
    except AssertionError as err:
        raise AssertionError(f"{err}; {'; '.join(unhealthy(cluster, version))}") from err
    cluster.api.kinds.clear()


def unhealthy(cluster: Cluster, version: str) -> list[str]:
    """Return what of an installed version is not healthy yet, or not of this version."""
    wanted = digests(version)
    found = cluster.api.find(PACKAGES, "Configuration", CONFIGURATION)
    if found is None or not found["spec"]["package"].endswith(f":{version}"):
        return ["Configuration"]
    packages = [found, *cluster.api.list(PACKAGES, "Function")]
    bad = [f"{row['metadata']['name']}: {_told(row)}" for row in packages if not _healthy(row)]
    there = {row["spec"]["package"] for row in packages}
    return bad + [f"{package} is not installed" for package in wanted if package not in there]


def digests(version: str) -> list[str]:
    """Return the functions' packages of a version, by digest, as published."""
    rows: Mapping[str, str] = json.loads((_folder(version) / DIGESTS).read_text())
    return [f"{name.rpartition(':')[0]}@{digest}" for name, digest in rows.items() if "_compose-" in name]


def configuration(version: str) -> Manifest:
    """Return the manifest of examples/install, for the rig's registry."""
    (body,) = kube.manifests(places.REPOSITORY / "examples" / "install" / "configuration.yaml")
    spec = {"package": f"{layout.REGISTRY}/{CONFIGURATION}:{version}"}
    return body | {"spec": spec}


def _package(version: str, say: Say, *more: str) -> dict[str, str]:
    base = images.base(say)
    say(f"packaging {version}")
    argv = [sys.executable, "-m", "release", f"--version={version}", "--arch=amd64", f"--base={base}"]
    path = {"PYTHONPATH": str(places.REPOSITORY)}
    argv += [f"--output={_folder(version)}", *more]
    printed = commands.run(argv, what=f"package {version}", env=path, cwd=places.REPOSITORY)
    return dict(line.split() for line in printed.splitlines())


def _folder(version: str) -> Path:
    return layout.plane().folder / "packages" / version


def _runtimes(say: Say) -> list[Manifest]:
    """Return the runtimes of examples/install, and the cache's: with the rig's Hub behind the hydrator's image."""
    text = (places.REPOSITORY / "examples" / "install" / "runtime.yaml").read_text()
    found: list[Manifest] = list(yaml.safe_load_all(text.replace(PUBLIC, layout.REGISTRY)))
    name = "modelplane-functions"
    every = yaml.safe_dump_all([row for row in found if row["metadata"]["name"] == name])
    mine: list[Manifest] = list(yaml.safe_load_all(every.replace(name, "rig-cache").replace("_compose-", CACHE)))
    for row in mine:
        if row["kind"] == "DeploymentRuntimeConfig":
            (container,) = row["spec"]["deploymentTemplate"]["spec"]["template"]["spec"]["containers"]
            env = {"HYDRATOR_IMAGE": hydrator(say), "ALLOW_HTTP_ENDPOINTS": "true"}
            container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return found + mine


def hydrator(say: Say) -> str:
    """Return the packaged hydrator's image, told where the rig's Hub is: a stand-in for the public one."""
    (published,) = [name for name in _published() if name.startswith(f"{layout.REGISTRY}/hydrator:")][:1]
    image = f"{layout.REGISTRY}/rig/hydrator:packaged"
    say(f"telling {published} of the rig's Hub")
    argv = [tools.binary("crane"), "mutate", f"--env=HF_ENDPOINT={layout.HUB}", "--platform=linux/amd64"]
    commands.run([*argv, f"--tag={image}", published], what=f"change {published}")
    return image


def _published() -> list[str]:
    files = sorted((layout.plane().folder / "packages").glob(f"*/{DIGESTS}"))
    return [name for file in files for name in yaml.safe_load(file.read_text())]


def _rewritten(prefix: str, by: str) -> Manifest:
    spec = {"matchImages": [{"type": "Prefix", "prefix": prefix}], "rewriteImage": {"prefix": by}}
    return {
        "apiVersion": "pkg.crossplane.io/v1beta1",
        "kind": "ImageConfig",
        "metadata": {"name": "rig-standins"},
        "spec": spec,
    }


def _push(name: str, version: str, crds: list[Manifest]) -> None:
    root = layout.plane().folder / "standins" / name
    root.mkdir(parents=True, exist_ok=True)
    meta = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Provider",
        "metadata": {"name": name},
        "spec": {"capabilities": ["safe-start"], "controller": {"image": f"{STANDINS}/{name}:{version}"}},
    }
    (root / "crossplane.yaml").write_text(yaml.safe_dump(meta))
    (root / "crds.yaml").write_text(yaml.safe_dump_all(crds) if crds else "")
    archive = root.with_suffix(".xpkg")
    cli = tools.binary("crossplane-cli")
    build = [cli, "xpkg", "build", f"--package-root={root}", f"--package-file={archive}"]
    commands.run([*build, f"--examples-root={root / 'none'}"], what=f"build a stand-in of {name}")
    target = f"{STANDINS}/{name}:{version}"
    commands.run([cli, "xpkg", "push", f"--package-files={archive}", target], what=f"push {target}")


def _without_schema(crd: Manifest) -> Manifest:
    versions = [{**row, "schema": {"openAPIV3Schema": kinds.ANY}} for row in crd["spec"]["versions"]]
    return {**crd, "spec": {**crd["spec"], "versions": versions}}


def _kubernetes() -> list[Manifest]:
    found = [crd for path in sorted(tools.share("provider-crds").glob("*.yaml")) for crd in kube.manifests(path)]
    for crd in found:
        crd["spec"].pop("conversion", None)  # its webhook is a Service that does not exist here
    return found


def _groups(name: str) -> tuple[str, str]:
    """Return the groups of a provider's kinds, by its package's name: those in namespaces, and the older ones."""
    service, owner = name.removeprefix("provider-"), "crossplane.io"
    if "-" in service:
        cloud, _, service = service.partition("-")
        owner, service = "upbound.io", f"{service}.{cloud}"
    return f"{service}.m.{owner}", f"{service}.{owner}"


def _healthy(package: Manifest) -> bool:
    states = _states(package)
    return states.get("Installed") == states.get("Healthy") == "True"


def _told(package: Manifest) -> str:
    rows = package.get("status", {}).get("conditions", [])
    return ", ".join(f"{row['type']}={row['status']} {row.get('message', '')}" for row in rows) or "no status"


def _provider_revisions(cluster: Cluster) -> list[Manifest]:
    return cluster.api.list(PACKAGES, "ProviderRevision")


def _healthy_revision(revision: Manifest) -> bool:
    return _states(revision).get("RevisionHealthy") == "True"


def _states(found: Manifest) -> dict[str, str]:
    return {row["type"]: row["status"] for row in found.get("status", {}).get("conditions", [])}
