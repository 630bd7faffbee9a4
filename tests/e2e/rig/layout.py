# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The fixed facts of the rig's fleet: names, addresses and ports."""

from e2e.rig import places
from e2e.rig.kubernetes import Cluster, Plane
from e2e.rig.processes import EARLY, SOON

BRIDGE = "rig0"
ADDRESS = "10.199.0.1"
POD_BRIDGE = "rigpods0"
PODS = "10.244.0.0/16"
NODE_PODS = "10.244.0.0/24"
POD_NETWORK = "rig-pods"

ETCD_PORT, PEER_PORT = 23790, 23800
REGISTRY_PORT = 25000
HUB_PORT = 28080
LWS_PORTS = {"webhook": 29447, "metrics": 29448, "health": 29449}
PROVIDER_PORTS = (9443, 8080)
"""Its webhook's and its metrics', which are not for us to choose."""
PROVIDER_HEALTH_PORT = 29450
KUBELET_PORT = 10250
SCHEDULER_PORT, PROXY_METRICS_PORT, PROXY_HEALTH_PORT = 26559, 26560, 26561
DNS_PORT = 53
REGISTRY = f"127.0.0.1:{REGISTRY_PORT}"
HUB = f"http://{ADDRESS}:{HUB_PORT}"

CLUSTER_DNS = "10.96.0.10"
NODE = "rig-node"
POOL = "gpu"
STORAGE_CLASS = "modelplane-rwx"

CONTROL, WORKLOAD, EMPTY, SECOND = "control", "workload", "empty", "second"
FLEET = (CONTROL, WORKLOAD, EMPTY)
CLUSTER_PORTS = {CONTROL: 26443, WORKLOAD: 26444, EMPTY: 26445, SECOND: 26446}
CONTROLLER_PORTS = {CONTROL: 26543, WORKLOAD: 26544, EMPTY: 26545, SECOND: 26546}
CROSSPLANE_FIRST_PORTS = {CONTROL: 29460, SECOND: 29470, WORKLOAD: 29480}
FUNCTION_PORTS = {CONTROL: range(29500, 29520), SECOND: range(29600, 29620)}
CASE_PORTS = range(26600, 26660)
"""For the clusters that cases start; each takes some of its own."""
PROVIDER_HOSTS = {SECOND: "10.199.0.12", WORKLOAD: "10.199.0.13"}
"""The addresses of hosts of their own, for the providers beside the fleet's: their ports are fixed."""


def plane() -> Plane:
    """Return what this machine's fleet shares."""
    return Plane(places.state(), etcd_port=ETCD_PORT, peer_port=PEER_PORT, address=ADDRESS)


def cluster(name: str) -> Cluster:
    """Return one cluster of the rig; the second control plane goes before the fleet, since its lane is the longest."""
    return Cluster(name, CLUSTER_PORTS[name], plane(), sparing=name == EMPTY, nice=SOON if name in FLEET else EARLY)


def case_cluster(name: str, port: int) -> Cluster:
    """Return a cluster that a case starts, on one of the ports for them."""
    return Cluster(name, port, plane(), sparing=True)


def crossplane_ports(cluster: str) -> dict[str, int]:
    """Return the ports of the Crossplane that serves a cluster."""
    first = CROSSPLANE_FIRST_PORTS[cluster]
    return {"webhook": first, "metrics": first + 1, "health-probe": first + 2}


def named(program: str, cluster: str) -> str:
    """Return a program's name among the rig's; those beside the fleet's own carry the cluster that they serve."""
    return program if cluster == CONTROL else f"{program}-{cluster}"


def tcp_ports() -> dict[int, str]:
    """Return every port that the fleet listens on, with what listens there."""
    ports = {ETCD_PORT: "etcd", PEER_PORT: "etcd", REGISTRY_PORT: "the registry", HUB_PORT: "the Hub"}
    ports |= {port: f"the API server of {name}" for name, port in CLUSTER_PORTS.items()}
    ports |= {port: f"the controllers of {name}" for name, port in CONTROLLER_PORTS.items()}
    for cluster_name in CROSSPLANE_FIRST_PORTS:
        ports |= {port: f"Crossplane's {name}" for name, port in crossplane_ports(cluster_name).items()}
    ports |= dict.fromkeys((*PROVIDER_PORTS, PROVIDER_HEALTH_PORT), "provider-kubernetes")
    ports |= {port: f"LeaderWorkerSet's {name}" for name, port in LWS_PORTS.items()}
    for served in FUNCTION_PORTS.values():
        ports |= dict.fromkeys(served, "a function")
    ports |= dict.fromkeys(CASE_PORTS, "a case's cluster")
    ports |= dict.fromkeys((PROXY_METRICS_PORT, PROXY_HEALTH_PORT), "kube-proxy")
    return ports | {KUBELET_PORT: "the kubelet", SCHEDULER_PORT: "the scheduler"}
