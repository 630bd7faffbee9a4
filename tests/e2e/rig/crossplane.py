# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Crossplane and provider-kubernetes on a control plane, as processes; several control planes may have theirs."""

import base64
from pathlib import Path

from e2e.rig import certificates, commands, kube, layout, network, tools
from e2e.rig.certificates import Pair
from e2e.rig.errors import RigError
from e2e.rig.kubernetes import START_SECONDS, Cluster, listens

NAMESPACE = "crossplane-system"
WEBHOOK = "crossplane-no-usages"
ROOT_CA = "crossplane-root-ca"
PROGRAM, PROVIDER = "crossplane", "provider-kubernetes"
SECRETS = {"server": "crossplane-tls-server", "client": "crossplane-tls-client"}
POLL = "1m"
TRIES = 3


def start(
    cluster: Cluster,
    *,
    extra: tuple[str, ...] = (),
    packages: str = "External",
    within: tuple[str, ...] = (),
) -> None:
    """Install Crossplane's kinds and start its controllers, with their default flags but for ports and folders.

    `packages` says who runs packages; `within` is a command that runs Crossplane.
    """
    if cluster.api.find("v1", "Secret", SECRETS["client"], namespace=NAMESPACE) is None:
        _install(cluster)
    folder = _folder(cluster)
    for use, secret in SECRETS.items():
        _write_secret(cluster, secret, folder / use)
    _serve_on_loopback(cluster, folder / "server")
    _reach_webhook_by_url(cluster)
    ports = layout.crossplane_ports(cluster.name)
    argv = [
        *within,
        tools.binary("crossplane"),
        "core",
        "start",
        f"--package-runtime={packages}",
        f"--tls-server-certs-dir={folder / 'server'}",
        f"--tls-client-certs-dir={folder / 'client'}",
        f"--cache-dir={folder / 'cache'}",
        f"--xfn-cache-dir={folder / 'cache'}",
        *(f"--{name}-port={port}" for name, port in ports.items()),
        *extra,
    ]
    processes = layout.plane().processes
    (folder / "cache").mkdir(exist_ok=True)
    process = processes.start(layout.named(PROGRAM, cluster.name), argv, env=_environment(cluster), nice=cluster.nice)
    processes.wait(process, lambda: listens("127.0.0.1", ports["webhook"]), seconds=START_SECONDS)


def stop(cluster: Cluster) -> None:
    """Stop the Crossplane that serves a cluster."""
    layout.plane().processes.stop(layout.named(PROGRAM, cluster.name))


def start_provider(cluster: Cluster) -> None:
    """Start provider-kubernetes as our packages configure it."""
    for path in sorted(tools.share("provider-crds").glob("*.yaml")):
        for crd in kube.manifests(path):
            crd["spec"].pop("conversion", None)  # its webhook is a Service that does not exist here
            cluster.api.apply(crd)
    address, port = layout.PROVIDER_HOSTS.get(cluster.name, ""), layout.PROVIDER_HEALTH_PORT
    within = network.host(cluster.name, address) if address else ()
    address = address or "127.0.0.1"
    probe = f"--health-probe-bind-addr={address}:{port}"
    argv = [*within, tools.binary("provider-kubernetes"), f"--poll={POLL}", "--sanitize-secrets", probe]
    processes = layout.plane().processes
    environment = {**_environment(cluster), "TLS_SERVER_CERTS_DIR": str(_folder(cluster) / "server")}
    process = processes.start(layout.named(PROVIDER, cluster.name), argv, env=environment, nice=cluster.nice)
    processes.wait(process, lambda: listens(address, port), seconds=START_SECONDS)


def stop_provider(cluster: Cluster) -> None:
    """Stop the provider that serves a cluster."""
    layout.plane().processes.stop(layout.named(PROVIDER, cluster.name))


def authority(cluster: Cluster) -> Pair:
    """Return Crossplane's own CA, which signs what the functions serve with."""
    folder = _folder(cluster) / "root"
    _write_secret(cluster, ROOT_CA, folder)
    return Pair(folder / "tls.crt", folder / "tls.key")


def _folder(cluster: Cluster) -> Path:
    return layout.plane().folder / "crossplane" / cluster.name


def _install(cluster: Cluster) -> None:
    for manifest in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "crossplane", "namespace": NAMESPACE}},
    ):
        cluster.api.apply(manifest)
    share = tools.share("crossplane")
    argv = [
        tools.binary("crossplane"),
        "core",
        "init",
        f"--cr-ds-path={share / 'crds'}",
        f"--webhook-configurations-path={share / 'webhookconfigurations'}",
        f"--tlsca-secret-name={ROOT_CA}",
        f"--tls-server-secret-name={SECRETS['server']}",
        f"--tls-client-secret-name={SECRETS['client']}",
        "--webhook-service-name=crossplane-webhooks",
        f"--webhook-service-namespace={NAMESPACE}",
        "--webhook-service-port=9443",
        "--activation=*",
    ]
    done = commands.Output(1, "", "")
    for _ in range(TRIES):  # the first try may run ahead of its own kinds
        done = commands.attempt(argv, env=_environment(cluster))
        if done.code == 0:
            return
    raise RigError(f"cannot install Crossplane: {done.last}")


def _environment(cluster: Cluster) -> dict[str, str]:
    return {
        "KUBECONFIG": str(cluster.kubeconfig),
        "POD_NAMESPACE": NAMESPACE,
        "POD_SERVICE_ACCOUNT": "crossplane",
        "TLS_SERVER_SECRET_NAME": SECRETS["server"],
        "TLS_CLIENT_SECRET_NAME": SECRETS["client"],
    }


def _write_secret(cluster: Cluster, name: str, folder: Path) -> None:
    secret = cluster.api.get("v1", "Secret", name, namespace=NAMESPACE)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for key, value in secret["data"].items():
        (folder / key).write_bytes(base64.b64decode(value))


def _serve_on_loopback(cluster: Cluster, folder: Path) -> None:
    """Give the webhook server a certificate for the address that the API server calls."""
    pair = certificates.issue(authority(cluster), folder / "loopback", "crossplane", hosts=("127.0.0.1", "localhost"))
    (folder / "tls.crt").write_bytes(pair.cert.read_bytes())
    (folder / "tls.key").write_bytes(pair.key.read_bytes())


def _reach_webhook_by_url(cluster: Cluster) -> None:
    version = "admissionregistration.k8s.io/v1"
    found = cluster.api.get(version, "ValidatingWebhookConfiguration", WEBHOOK)
    ca = base64.b64encode((authority(cluster).cert).read_bytes()).decode()
    port = layout.crossplane_ports(cluster.name)["webhook"]
    for hook in found["webhooks"]:
        hook["clientConfig"] = {"url": f"https://127.0.0.1:{port}/validate-no-usages", "caBundle": ca}
    cluster.api.patch(found, {"webhooks": found["webhooks"]})
