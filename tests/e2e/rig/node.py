# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One real node: containerd, runc, kubelet, kube-proxy and cluster DNS."""

import json
import shutil
from pathlib import Path

import yaml
from e2e.rig import cgroups, commands, kube, layout, tools
from e2e.rig.kubernetes import START_SECONDS, Cluster
from e2e.rig.processes import EARLY

CONTAINER_LOGS = Path("/var/log/containers")
CNI_RESULTS = Path("/var/lib/cni/results")
FIREWALL = "KUBE-FIREWALL"
DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")
PAUSE = f"{layout.REGISTRY}/pause:1"
CONTAINERD = """\
version = 2
root = "{folder}/lib"
state = "{folder}/run"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", \
"io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/hosts"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
"""
MIRROR = """\
server = "https://registry-1.docker.io"
[host."http://{registry}"]
  capabilities = ["pull", "resolve"]
"""
COREFILE = """\
cluster.local:53 {{
    bind {address}
    errors
    kubernetes cluster.local {{
        kubeconfig {kubeconfig}
    }}
}}
"""
ALIKE = """\
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata:
  name: share-alike
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [CREATE]
      resources: [pods]
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: |
        Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{
          name: c.name,
          resources: Object.spec.containers.resources{requests: {"cpu": "20m"}}
        })}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata:
  name: share-alike
spec:
  policyName: share-alike
"""


def socket() -> Path:
    """Return containerd's socket."""
    return layout.plane().folder / "containerd" / "containerd.sock"


def start_containerd() -> None:
    """Start containerd in folders of its own; containers outlive a restart of it."""
    folder = socket().parent
    (folder / "cni").mkdir(parents=True, exist_ok=True)
    (folder / "cni" / "rig.conflist").write_text(json.dumps(_cni_config(folder)))
    mirror = folder / "hosts" / "docker.io" / "hosts.toml"
    mirror.parent.mkdir(parents=True, exist_ok=True)
    mirror.write_text(MIRROR.format(registry=layout.REGISTRY))
    config = folder / "config.toml"
    config.write_text(CONTAINERD.format(folder=folder, socket=socket(), pause=PAUSE))
    processes = layout.plane().processes
    process = processes.start("containerd", ["containerd", "--config", str(config)], nice=EARLY)
    processes.wait(process, socket().exists, seconds=START_SECONDS)


def start_kubelet(cluster: Cluster) -> None:
    """Start the kubelet and wait until its node is ready."""
    plane = cluster.plane
    folder = plane.folder / "kubelet"
    folder.mkdir(parents=True, exist_ok=True)
    cgroups.make()
    user = plane.certificate("kubelet", f"system:node:{layout.NODE}", groups=("system:nodes",), hosts=(layout.ADDRESS,))
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(_kubelet_config(folder, plane.ca.cert, user.cert, user.key)))
    argv = [
        tools.binary("kubelet"),
        f"--config={config}",
        f"--kubeconfig={cluster.user_config('kubelet', user)}",
        f"--root-dir={folder}",
        f"--cert-dir={folder / 'pki'}",
        f"--hostname-override={layout.NODE}",
        f"--node-ip={layout.ADDRESS}",
    ]
    process = plane.processes.start("kubelet", argv, nice=EARLY)
    plane.processes.wait(process, lambda: _node_ready(cluster), seconds=START_SECONDS)
    change = {"metadata": {"labels": {"modelplane.ai/pool": layout.POOL}}}
    cluster.api.patch(cluster.api.get("v1", "Node", layout.NODE), change)


def start_services(cluster: Cluster) -> None:
    """Start the scheduler, kube-proxy and cluster DNS."""
    plane = cluster.plane
    kubeconfig = f"--kubeconfig={cluster.kubeconfig}"
    scheduler = [
        tools.binary("kube-scheduler"),
        kubeconfig,
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.SCHEDULER_PORT}",
    ]
    plane.processes.start("scheduler", scheduler)
    plane.processes.start("kube-proxy", [tools.binary("kube-proxy"), *_proxy_flags(cluster)])
    corefile = plane.folder / "Corefile"
    corefile.write_text(COREFILE.format(address=layout.ADDRESS, kubeconfig=cluster.kubeconfig))
    plane.processes.start("coredns", [tools.binary("coredns"), "-conf", str(corefile)])
    for manifest in _dns_service():
        cluster.api.apply(manifest)


def give_gpus(cluster: Cluster, count: int) -> None:
    """Advertise GPUs that do not exist: the scheduler counts them, no device is passed in."""
    amounts = {"nvidia.com/gpu": str(count)}
    cluster.api.patch(cluster.api.get("v1", "Node", layout.NODE), {"status": {"capacity": amounts}}, status=True)


def share_alike(cluster: Cluster) -> None:
    """Let all containers ask for the same little of the processors, instead of what their manifests say.

    Two processors would hold only a few hydration pods at once, and a container that asks for nothing, as engines do,
    would get nothing as long as any other is busy.
    """
    for manifest in yaml.safe_load_all(ALIKE):
        cluster.api.apply(manifest)


def tidy() -> None:
    """Remove what the kubelet and the network plugins leave in folders that nobody can move."""
    ours = str(layout.plane().folder)
    for link in CONTAINER_LOGS.glob("*.log"):
        if str(link.readlink()).startswith(ours):
            link.unlink()
    for result in CNI_RESULTS.glob("*"):
        if ours in result.read_text():
            result.unlink()
    (DEVICE_PLUGINS / "kubelet.sock").unlink(missing_ok=True)
    for folder in (DEVICE_PLUGINS, DEVICE_PLUGINS.parent, CONTAINER_LOGS, CNI_RESULTS, CNI_RESULTS.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def drop_rules() -> None:
    """Take kube-proxy's rules out of the kernel, and the one chain that its own clean-up leaves."""
    commands.attempt([tools.binary("kube-proxy"), "--cleanup", "--proxy-mode=iptables"])
    for hook in ("INPUT", "OUTPUT"):
        commands.attempt(["iptables", "-w", "-D", hook, "-j", FIREWALL])
    for verb in ("-F", "-X"):
        commands.attempt(["iptables", "-w", verb, FIREWALL])


def rules() -> list[str]:
    """Return the chains of Kubernetes that are in the packet filter."""
    lines = (
        commands.run(["iptables-save"], what="read the packet filter").splitlines()
        if shutil.which("iptables-save")
        else []
    )
    return [line.split()[0].lstrip(":") for line in lines if line.startswith(":KUBE-")]


def _proxy_flags(cluster: Cluster) -> list[str]:
    return [
        f"--kubeconfig={cluster.kubeconfig}",
        f"--hostname-override={layout.NODE}",
        "--proxy-mode=iptables",
        "--conntrack-max-per-core=0",
        f"--cluster-cidr={layout.PODS}",
        f"--metrics-bind-address=127.0.0.1:{layout.PROXY_METRICS_PORT}",
        f"--healthz-bind-address=127.0.0.1:{layout.PROXY_HEALTH_PORT}",
    ]


def _cni_config(folder: Path) -> kube.Manifest:
    ipam = {
        "type": "host-local",
        "dataDir": str(folder / "ipam"),
        "ranges": [[{"subnet": layout.NODE_PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": layout.POD_BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": ipam,
    }
    return {"cniVersion": "0.4.0", "name": layout.POD_NETWORK, "plugins": [bridge]}


def _kubelet_config(folder: Path, ca: Path, cert: Path, key: Path) -> kube.Manifest:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.ADDRESS,
        "port": layout.KUBELET_PORT,
        "healthzPort": 0,
        "authentication": {
            "x509": {"clientCAFile": str(ca)},
            "webhook": {"enabled": False},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "tlsCertFile": str(cert),
        "tlsPrivateKeyFile": str(key),
        "containerRuntimeEndpoint": f"unix://{socket()}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.ROOT}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,
        "clusterDNS": [layout.CLUSTER_DNS],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "podLogsDir": str(folder / "podlogs"),
        "volumePluginDir": str(folder / "plugins"),
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "shutdownGracePeriod": "0s",
        "fileCheckFrequency": "0s",
        "syncFrequency": "10s",
    }


def _node_ready(cluster: Cluster) -> bool:
    node = cluster.api.find("v1", "Node", layout.NODE)
    conditions = node["status"].get("conditions", []) if node else []
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


def _dns_service() -> list[kube.Manifest]:
    labels = {"kubernetes.io/service-name": "kube-dns"}
    ports = [
        {"name": "dns", "port": layout.DNS_PORT, "protocol": "UDP"},
        {"name": "dns-tcp", "port": layout.DNS_PORT, "protocol": "TCP"},
    ]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {"clusterIP": layout.CLUSTER_DNS, "ports": ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{"addresses": [layout.ADDRESS], "conditions": {"ready": True}}],
        },
    ]
