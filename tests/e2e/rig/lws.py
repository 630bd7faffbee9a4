# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""LeaderWorkerSet's real controller on a workload cluster, as a process; its webhooks are reached by URL."""

import base64

import yaml
from e2e.rig import kube, layout, tools
from e2e.rig.kubernetes import START_SECONDS, Cluster, listens

WEBHOOK_PORT = layout.LWS_PORTS["webhook"]
NAMESPACE = "lws-system"
POD_SELECTOR = {"matchExpressions": [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]}


def start(cluster: Cluster) -> None:
    """Install LeaderWorkerSet's kinds and webhooks, and start its controller."""
    share = tools.share("lws")
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    for path in sorted((share / "crd" / "bases").glob("*.yaml")):
        for crd in kube.manifests(path):
            cluster.api.apply(crd)
    plane = cluster.plane
    folder = plane.folder / "lws"
    folder.mkdir(parents=True, exist_ok=True)
    pair = plane.certificate("lws", "lws-webhook", hosts=("127.0.0.1", "localhost"))
    (folder / "tls.crt").write_bytes(pair.cert.read_bytes())
    (folder / "tls.key").write_bytes(pair.key.read_bytes())
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(_config(str(folder))))
    argv = [tools.binary("lws-controller"), f"--config={config}", f"--kubeconfig={cluster.kubeconfig}"]
    process = plane.processes.start("lws-controller", argv)
    plane.processes.wait(process, lambda: listens("127.0.0.1", WEBHOOK_PORT), seconds=START_SECONDS)
    for hooks in kube.manifests(share / "webhook" / "manifests.yaml"):
        cluster.api.apply(_by_url(hooks, ca=base64.b64encode(plane.ca.cert.read_bytes()).decode()))


def _config(folder: str) -> kube.Manifest:
    return {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "webhook": {"port": WEBHOOK_PORT, "host": "127.0.0.1", "certDir": folder},
        "metrics": {"bindAddress": f"127.0.0.1:{layout.LWS_PORTS['metrics']}"},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{layout.LWS_PORTS['health']}"},
    }


def _by_url(hooks: kube.Manifest, *, ca: str) -> kube.Manifest:
    """Return a webhook configuration that names a URL; the pod webhooks see only the sets' own pods."""
    rows = []
    for hook in hooks["webhooks"]:
        path = hook["clientConfig"]["service"]["path"]
        config = {"url": f"https://127.0.0.1:{WEBHOOK_PORT}{path}", "caBundle": ca}
        selector = {"objectSelector": POD_SELECTOR} if path.endswith("-pod") else {}
        rows.append({**hook, "clientConfig": config, **selector})
    name = f"lws-{hooks['metadata']['name']}"
    return {**hooks, "metadata": {"name": name}, "webhooks": rows}
