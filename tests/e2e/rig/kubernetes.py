# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Real Kubernetes control planes: one etcd, and per cluster an API server and a controller manager."""

import contextlib
import socket
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from e2e.rig import certificates, commands, kube, tools
from e2e.rig.certificates import Pair
from e2e.rig.processes import EARLY, FIRST, Processes

SERVICES = "10.96.0.0/16"
SERVICE_HOSTS = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1", "localhost", "127.0.0.1")
UNUSED_ADDRESS = "192.0.2.1"  # reserved for documentation: an API server refuses to advertise loopback
START_SECONDS = 180
ROOMY = {"GOGC": "200"}
"""For API servers with much to do: less collecting of garbage, for more memory (the Go runtime's GOGC)."""
ALONE = {"GOMAXPROCS": "1"}
"""For API servers with little to do: threads that wake each other cost more than they bring."""
SPARING = (
    "--watch-cache=false",
    "--endpoint-reconciler-type=none",
    "--etcd-compaction-interval=0",
    "--etcd-count-metric-poll-period=0",
    "--etcd-db-metric-poll-interval=0",
    "--enable-priority-and-fairness=false",
    "--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
)
"""What an API server with few objects does without: with one thread, an idle one then costs a quarter."""

EVERYWHERE = (
    "garbage-collector-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)
"""Controllers of what a control plane has too; all of them cost four times as much."""


@dataclass(frozen=True)
class Plane:
    """What the control planes of one rig share."""

    folder: Path
    etcd_port: int
    peer_port: int
    address: str = "127.0.0.1"

    @property
    def etcd(self) -> str:
        """The URL of the etcd that all clusters share."""
        return f"http://127.0.0.1:{self.etcd_port}"

    @cached_property
    def processes(self) -> Processes:
        """The programs of this rig."""
        return Processes(self.folder)

    @cached_property
    def ca(self) -> Pair:
        """The authority that signed everything here."""
        return certificates.authority(self.folder / "pki")

    def certificate(self, name: str, user: str, *, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> Pair:
        """Return the key pair of a component."""
        return certificates.issue(self.ca, self.folder / "pki" / name, user, groups=groups, hosts=hosts)

    @cached_property
    def admin(self) -> Pair:
        """The user that may do everything in every cluster."""
        return self.certificate("admin", "modelplane-rig", groups=("system:masters",))


@dataclass(frozen=True)
class Cluster:
    """One API server on the shared etcd; a sparing one is for few objects and few clients, beside many like it.

    `nice` is the priority of its API server, its controllers, and the Crossplane, provider and functions that serve it.
    """

    name: str
    port: int
    plane: Plane
    sparing: bool = False
    nice: int = EARLY

    @property
    def server(self) -> str:
        """Its URL."""
        return f"https://{self.plane.address}:{self.port}"

    @property
    def prefix(self) -> str:
        """What the keys of its objects in etcd begin with, up to a slash."""
        return f"/{self.name}"

    @cached_property
    def api(self) -> kube.Api:
        """A client of it, as administrator."""
        return kube.Api(self.server, self.plane.ca.cert, self.plane.admin)

    @cached_property
    def kubeconfig(self) -> Path:
        """Its administrator's kubeconfig."""
        return self.user_config("admin", self.plane.admin)

    def user_config(self, name: str, user: Pair) -> Path:
        """Return the kubeconfig of a component that talks to it."""
        path = self.plane.folder / "kubeconfig" / f"{self.name}-{name}.yaml"
        return kube.kubeconfig(path, server=self.server, ca=self.plane.ca.cert, user=user)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Return what kubectl prints; what it refuses is an error with its own words."""
        return commands.run(self.kubectl_argv(*arguments), what=f"run kubectl {arguments[0]}", stdin=stdin)

    def kubectl_argv(self, *arguments: str) -> list[str]:
        """Return the command line of a kubectl call."""
        return [tools.binary("kubectl"), "--kubeconfig", str(self.kubeconfig), *arguments]


def start_etcd(plane: Plane) -> None:
    """Start the one etcd, without the fsyncs that only matter to data worth keeping."""
    client, peer = plane.etcd, f"http://127.0.0.1:{plane.peer_port}"
    argv = [
        tools.binary("etcd"),
        "--name=rig",
        f"--data-dir={plane.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=rig={peer}",
        "--unsafe-no-fsync",
        "--auto-compaction-retention=5m",
        "--quota-backend-bytes=4294967296",
        "--log-level=warn",
    ]
    process = plane.processes.start("etcd", argv, nice=FIRST)
    plane.processes.wait(process, lambda: listens("127.0.0.1", plane.etcd_port), seconds=START_SECONDS)


def start_apiserver(cluster: Cluster) -> None:
    """Start a cluster's API server."""
    plane = cluster.plane
    serving = plane.certificate("apiserver", "kube-apiserver", hosts=(*SERVICE_HOSTS, plane.address))
    signer = plane.certificate("service-accounts", "service-accounts")
    loopback = plane.address == "127.0.0.1"
    argv = [
        tools.binary("kube-apiserver"),
        f"--etcd-servers={plane.etcd}",
        f"--etcd-prefix={cluster.prefix}",
        f"--secure-port={cluster.port}",
        f"--bind-address={plane.address}",
        f"--advertise-address={UNUSED_ADDRESS if loopback else plane.address}",
        f"--cert-dir={plane.folder / 'apiserver' / cluster.name}",
        f"--tls-cert-file={serving.cert}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={plane.ca.cert}",
        f"--kubelet-client-certificate={plane.admin.cert}",
        f"--kubelet-client-key={plane.admin.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={signer.cert}",
        f"--service-account-signing-key-file={signer.key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        *(SPARING if cluster.sparing else ()),
    ]
    env = ALONE if cluster.sparing else ROOMY
    process = plane.processes.start(f"apiserver-{cluster.name}", argv, env=env, nice=cluster.nice)
    plane.processes.wait(process, cluster.api.ready, seconds=START_SECONDS)


def start_controllers(cluster: Cluster, *, port: int, workloads: bool) -> None:
    """Start a cluster's controller manager; without workloads only those that every cluster needs."""
    plane = cluster.plane
    signer = plane.certificate("service-accounts", "service-accounts")
    argv = [
        tools.binary("kube-controller-manager"),
        f"--kubeconfig={cluster.kubeconfig}",
        f"--root-ca-file={plane.ca.cert}",
        f"--service-account-private-key-file={signer.key}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        *(() if workloads else (f"--controllers={','.join(EVERYWHERE)}",)),
    ]
    process = plane.processes.start(f"controllers-{cluster.name}", argv, nice=cluster.nice)
    plane.processes.wait(process, lambda: listens("127.0.0.1", port), seconds=START_SECONDS)


@contextlib.contextmanager
def apiserver() -> Generator[Cluster]:
    """Run an etcd and one API server on loopback, for a test that needs admission and no controllers."""
    with tempfile.TemporaryDirectory(prefix="modelplane-apiserver-") as folder:
        plane = Plane(Path(folder), etcd_port=free_port(), peer_port=free_port())
        cluster = Cluster("only", free_port(), plane)
        try:
            start_etcd(plane)
            start_apiserver(cluster)
            yield cluster
        finally:
            plane.processes.stop("apiserver-only")
            plane.processes.stop("etcd")


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(address: str, port: int) -> bool:
    """Return whether something answers on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0
