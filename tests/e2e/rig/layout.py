# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The fixed facts of the rig's fleet: names, addresses and ports."""

from e2e.rig import places
from e2e.rig.kubernetes import Cluster, Plane

BRIDGE = "rig0"
ADDRESS = "10.199.0.1"
POD_BRIDGE = "rigpods0"
PODS = "10.244.0.0/16"
NODE_PODS = "10.244.0.0/24"
POD_NETWORK = "rig-pods"

ETCD_PORT, PEER_PORT = 23790, 23800
REGISTRY_PORT = 25000
HUB_PORT = 28080
CROSSPLANE_PORTS = {"webhook": 29443, "metrics": 29444, "health": 29445}
PROVIDER_WEBHOOK_PORT = 9443  # not for us to choose
PROVIDER_HEALTH_PORT = 29446
LWS_PORTS = {"webhook": 29447, "metrics": 29448, "health": 29449}
FIRST_FUNCTION_PORT = 29500
KUBELET_PORT = 10250
DNS_PORT = 53
REGISTRY = f"127.0.0.1:{REGISTRY_PORT}"
HUB = f"http://{ADDRESS}:{HUB_PORT}"

CLUSTER_DNS = "10.96.0.10"
NODE = "rig-node"
POOL = "gpu"
STORAGE_CLASS = "modelplane-rwx"

CONTROL, WORKLOAD, EMPTY = "control", "workload", "empty"
CLUSTER_PORTS = {CONTROL: 26443, WORKLOAD: 26444, EMPTY: 26445}
CONTROLLER_PORTS = {CONTROL: 26543, WORKLOAD: 26544, EMPTY: 26545}


def plane() -> Plane:
    """Return what this machine's fleet shares."""
    return Plane(places.state(), etcd_port=ETCD_PORT, peer_port=PEER_PORT, address=ADDRESS)


def cluster(name: str) -> Cluster:
    """Return one cluster of the fleet."""
    return Cluster(name, CLUSTER_PORTS[name], plane())


def tcp_ports() -> dict[int, str]:
    """Return every port that the fleet listens on, with what listens there."""
    ports = {ETCD_PORT: "etcd", PEER_PORT: "etcd", REGISTRY_PORT: "the registry", HUB_PORT: "the Hub"}
    ports |= {port: f"the API server of {name}" for name, port in CLUSTER_PORTS.items()}
    ports |= {port: f"the controllers of {name}" for name, port in CONTROLLER_PORTS.items()}
    ports |= {port: f"Crossplane's {name}" for name, port in CROSSPLANE_PORTS.items()}
    ports |= {PROVIDER_WEBHOOK_PORT: "provider-kubernetes", PROVIDER_HEALTH_PORT: "provider-kubernetes"}
    ports |= {port: f"LeaderWorkerSet's {name}" for name, port in LWS_PORTS.items()}
    return ports | {KUBELET_PORT: "the kubelet"}
