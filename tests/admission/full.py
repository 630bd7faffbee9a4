# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Valid manifests that together set every field that the schemas declare for a user."""

from admission import bases
from admission.case import base, edited

_POD = base("""
metadata:
  labels: {app: qwen, "example.com/team": ml, "app.kubernetes.io/name": ""}
  annotations: {"Example.com/note": "any text: at all", plain: ""}
spec:
  imagePullSecrets: [{name: registry}]
  containers:
  - name: engine
    image: registry.example.com:5000/vllm@sha256:0a1b
    command: [python3, -m, sglang.launch_server]
    args: ["--model-path=/mnt/models", "--tp", "8"]
    env:
    - {name: PLAIN, value: "1"}
    - {name: empty.one}
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: hf, key: HF_TOKEN, optional: true}}}
    - {name: CONFIG, valueFrom: {configMapKeyRef: {name: settings, key: a.b_c-d, optional: false}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP, apiVersion: v1}}}
""")
_SELECTOR = {"matchLabels": {"region": "us-west", "example.com/tier": "gold"}}

CACHE = edited(
    bases.CACHE,
    {
        "spec.huggingFace.revision": "main",
        "spec.huggingFace.endpoint": "https://hub.example.com/mirror",
        "spec.huggingFace.authSecret": {"name": "hf", "key": "token"},
        "spec.huggingFace.include": ["*.safetensors", "**/config.json"],
        "spec.huggingFace.exclude": ["original/*"],
        "spec.clusterSelector": _SELECTOR,
        "status": {
            "source": "4f1c",
            "revision": "0123abc",
            "summary": {"ready": "1/2", "progress": "42%"},
            "clusters": [
                {"name": "east", "phase": "Ready", "tree": "4f1c-0123", "revision": "0123abc", "source": "4f1c"},
                {"name": "west", "phase": "Failed", "reason": "GatedRepo", "message": "ask for access"},
                {"name": "x", "phase": "Hydrating", "claimUID": "u", "bytesStaged": 1, "bytesTotal": 2**40},
            ],
        },
    },
)

TURNKEY = edited(
    bases.TURNKEY,
    {
        "spec.clusterSelector": _SELECTOR,
        "spec.modelCacheRef": {"name": "qwen", "readOnly": True},
        "spec.workers.count": 2,
        "spec.workers.topology": {"tensor": 8, "pipeline": 2},
        "spec.workers.template": _POD,
        "status": {"replicas": {"total": 1, "ready": 0}},
    },
)

_ENGINE = base("""
name: main
copies: 2
members:
- role: Standalone
  nodeSelector:
    devices:
    - {name: gpu, count: 8, selectors: [{cel: device.driver == "gpu.nvidia.com"}, {cel: "true"}]}
    - {name: nic, selectors: [{cel: "true"}]}
""")
_STANDALONE = edited(_ENGINE, {"members.0.template": _POD})
_PAIR = edited(
    bases.GANG["spec"]["template"]["spec"]["engines"][0],
    {"name": "gang", "members.0.template": _POD, "members.1.template": _POD},
)

EXPLICIT = edited(
    bases.EXPLICIT,
    {
        "spec.template.metadata": {"labels": {"team": "ml", "example.com/model": "Qwen3-0.6B"}},
        "spec.template.spec": {
            "clusterSelector": _SELECTOR,
            "modelCacheRef": {"name": "qwen", "readOnly": False},
            "serving": {"mode": "Unified"},
            "tolerations": [
                {"key": "example.com/spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
                {"key": "maintenance", "operator": "Exists", "effect": "NoExecute"},
                {"operator": "Exists"},
                {"key": "plain"},
            ],
            "engines": [_STANDALONE, _PAIR],
        },
    },
)

DISAGGREGATED = edited(
    EXPLICIT,
    {
        "spec.template.spec.serving": {"mode": "PrefillDecode"},
        "spec.template.spec.engines.0.phase": "Prefill",
        "spec.template.spec.engines.1.phase": "Decode",
    },
)

_STATUS = {"cache": {"name": "qwen", "tree": "4f1c-0123"}, "everReady": True}

TURNKEY_REPLICA = edited(
    bases.TURNKEY_REPLICA,
    {
        "spec.modelCacheRef": {"name": "qwen", "readOnly": True},
        "spec.workers": {**TURNKEY["spec"]["workers"], "nodePoolName": "h100"},
        "status": _STATUS,
    },
)

EXPLICIT_REPLICA = edited(
    bases.EXPLICIT_REPLICA,
    {
        "spec.modelCacheRef": {"name": "qwen"},
        "spec.serving": {"mode": "PrefillDecode"},
        "spec.engines": [
            {
                "name": "prefill",
                "copies": 2,
                "phase": "Prefill",
                "members": [
                    {
                        "role": "Standalone",
                        "nodePoolName": "l4",
                        "deviceRequests": [{"name": "gpu", "extendedResourceName": "nvidia.com/gpu", "count": 1}],
                        "template": _POD,
                    }
                ],
            },
            {
                "name": "decode",
                "phase": "Decode",
                "members": [
                    {
                        "role": "Leader",
                        "nodePoolName": "h100",
                        "deviceRequests": [
                            {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "selectors": [{"cel": "true"}]}
                        ],
                        "template": _POD,
                    },
                    {"role": "Worker", "nodePoolName": "h100", "worker": {"nodes": 3}, "template": _POD},
                ],
            },
        ],
        "status": _STATUS,
    },
)

CLASS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: everything}
spec:
  description: "Eight of everything: GPUs and NICs."
  provisioning:
    provider: Nebius
    nebius:
      platform: gpu-h200-sxm
      preset: 8gpu-128vcpu-1600gb
      diskSizeGb: 200
      driversPreset: cuda12.8
      accelerator: {type: nvidia-h200, count: 8}
  devices:
  - name: gpu
    claim: DRA
    driver: gpu.nvidia.com
    deviceClassName: gpu.nvidia.com
    count: 8
    attributes:
      productName: {string: NVIDIA H200}
      driverVersion: {version: 580.65.06}
      mig: {bool: false}
      cudaMajor: {int: 9}
    capacity: {memory: {value: "141.5Gi"}}
  - {name: nic, claim: Synthetic, driver: nic.example.com}
  - {name: plain, claim: ExtendedResource, driver: gpu.nvidia.com, extendedResourceName: nvidia.com/gpu}
""")

_A100 = {"type": "a100", "count": 1}
AKS_CLASS = edited(
    bases.CLASS,
    {
        "spec.provisioning": {
            "provider": "AKS",
            "aks": {"vmSize": "Standard_NC24ads_A100_v4", "diskSizeGb": 65536, "accelerator": _A100},
        }
    },
)
VULTR_CLASS = edited(
    bases.CLASS,
    {"spec.provisioning": {"provider": "Vultr", "vultr": {"plan": "vcg-a100-12c-120g-80vram", "accelerator": _A100}}},
)

EXISTING = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: east, labels: {region: us-east, "modelplane.ai/cluster": "true"}}
spec:
  cluster:
    source: Existing
    existing:
      secretRef: {name: east-kubeconfig, key: value}
      identitySecretRef: {name: east-identity, key: key.json, type: GoogleApplicationCredentials}
      cache: {storageClassName: nfs}
  taints:
  - {key: maintenance, value: "yes", effect: NoExecute}
  - {key: maintenance, effect: NoSchedule}
  nodePools: [{name: h100, className: everything, nodeCount: 0}]
status:
  namespace: modelplane-system
  providerConfigRef: {name: east}
  gateway: {address: 10.0.0.1}
  cache: {storageClassName: nfs}
  gpuPools:
  - name: h100
    nodes: 4
    devices:
    - name: gpu
      claim: ExtendedResource
      driver: gpu.nvidia.com
      extendedResourceName: nvidia.com/gpu
      count: 8
      attributes: {a: {string: x}, b: {version: 1.0.0}, c: {bool: true}, d: {int: 3}}
      capacity: {memory: {value: 80Gi}}
    - {name: nic, claim: DRA, driver: nic.example.com, deviceClassName: nic}
  capacity: {gpuPools: [{acceleratorType: nvidia-h100, memory: 80Gi, countPerNode: 8, nodes: 4}]}
  conditions:
  - {type: Ready, status: "True", reason: Available, lastTransitionTime: "2026-01-01T00:00:00Z"}
""")

_CREDENTIALS = {"type": "ProviderConfig", "name": "team"}

GKE = edited(
    bases.GKE,
    {
        "spec.cluster.gke": {
            "region": "us-west1",
            "project": "acme-models",
            "kubernetesVersion": "1.35",
            "credentials": _CREDENTIALS,
            "cache": {"storageClassName": "filestore"},
        },
        "spec.nodePools.0": {
            "name": "h100",
            "className": "h100",
            "nodeCount": 2,
            "minNodeCount": 1,
            "maxNodeCount": 4,
            "zones": ["us-west1-a", "us-west1-b"],
            "fabric": {"type": "None"},
        },
        "spec.servingStack": {
            "versions": {
                "gatewayApi": "v1.5.1",
                "certManager": "v1.17.1",
                "envoyGateway": "v1.8.1",
                "prometheus": "72.6.2",
                "leaderWorkerSet": "v0.8.0",
                "nodeFeatureDiscovery": "0.18.3",
                "nvidiaDraDriver": "0.4.0",
            },
            "components": {
                "gatewayApi": "Managed",
                "certManager": "External",
                "envoyGateway": "Managed",
                "prometheus": "External",
                "leaderWorkerSet": "Managed",
                "nodeFeatureDiscovery": "Managed",
                "nvidiaDraDriver": "Managed",
            },
        },
    },
)

EKS = edited(
    bases.EKS,
    {
        "spec.cluster.eks.kubernetesVersion": "1.31",
        "spec.cluster.eks.zones": ["eu-north-1b"],
        "spec.cluster.eks.credentials": _CREDENTIALS,
        "spec.cluster.eks.cache": {"storageClassName": "efs"},
        "spec.nodePools.0.capacityBlock": {"capacityReservationId": "cr-0123456789abcdef0"},
        "spec.nodePools.0.fabric": {"type": "EFA"},
    },
)
AKS = edited(bases.AKS, {"spec.cluster.aks.kubernetesVersion": "1.34.1", "spec.cluster.aks.credentials": _CREDENTIALS})
NEBIUS = edited(bases.NEBIUS, {"spec.cluster.nebius": {"kubernetesVersion": "1.34", "credentials": _CREDENTIALS}})
VULTR = edited(
    bases.VULTR,
    {"spec.cluster.vultr": {"region": "ewr", "kubernetesVersion": "v1.36.1+3", "credentials": _CREDENTIALS}},
)
