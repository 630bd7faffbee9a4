# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Small valid manifests, one for each kind and shape; the rows of the table change them in one place."""

from admission.case import base

CACHE = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelCache
metadata: {name: qwen, namespace: team}
spec:
  source: HuggingFace
  huggingFace: {repo: Qwen/Qwen3-0.6B, sizeGiB: 10}
""")

TURNKEY = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata: {name: qwen, namespace: team}
spec:
  replicas: 1
  workers:
    topology: {tensor: 1}
    template:
      spec:
        containers:
        - {name: engine, image: "vllm/vllm-openai:v0.11.0", args: ["--max-model-len=4096"]}
""")

EXPLICIT = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata: {name: qwen, namespace: team}
spec:
  replicas: 1
  template:
    spec:
      engines:
      - name: main
        members:
        - nodeSelector:
            devices:
            - {name: gpu, selectors: [{cel: device.driver == "gpu.nvidia.com"}]}
          template:
            spec:
              containers:
              - {name: engine, image: "vllm/vllm-openai:v0.11.0"}
""")

GANG = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata: {name: kimi, namespace: team}
spec:
  replicas: 1
  template:
    spec:
      engines:
      - name: main
        members:
        - role: Leader
          nodeSelector: {devices: [{name: gpu, count: 8, selectors: [{cel: "true"}]}]}
          template: {spec: {containers: [{name: engine, image: "sglang:v0.5"}]}}
        - role: Worker
          worker: {nodes: 1}
          nodeSelector: {devices: [{name: gpu, count: 8, selectors: [{cel: "true"}]}]}
          template: {spec: {containers: [{name: engine, image: "sglang:v0.5"}]}}
""")

TURNKEY_REPLICA = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelReplica
metadata: {name: qwen-0, namespace: team}
spec:
  clusterName: east
  workers:
    topology: {tensor: 1}
    template: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.11.0"}]}}
""")

EXPLICIT_REPLICA = base("""
apiVersion: modelplane.ai/v1alpha1
kind: ModelReplica
metadata: {name: qwen-0, namespace: team}
spec:
  clusterName: east
  engines:
  - name: main
    members:
    - nodePoolName: h100
      deviceRequests: [{name: gpu, deviceClassName: gpu.nvidia.com}]
      template: {spec: {containers: [{name: engine, image: "vllm/vllm-openai:v0.11.0"}]}}
""")

CLASS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: h100}
spec:
  provisioning:
    provider: GKE
    gke: {machineType: a3-highgpu-8g, accelerator: {type: nvidia-h100-80gb, count: 8}}
  devices:
  - name: gpu
    driver: gpu.nvidia.com
    deviceClassName: gpu.nvidia.com
    count: 8
    attributes: {architecture: {string: Hopper}}
    capacity: {memory: {value: 80Gi}}
""")

COUNTED_CLASS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceClass
metadata: {name: l4}
spec:
  provisioning:
    provider: EKS
    eks: {instanceType: g6.xlarge, accelerator: {type: l4, count: 1}}
  resources: {gpu: {count: 1, memory: 24Gi}}
""")

EXISTING = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: east}
spec:
  cluster:
    source: Existing
    existing: {secretRef: {name: east-kubeconfig}}
  nodePools: [{name: h100, className: h100}]
""")

GKE = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: west}
spec:
  cluster:
    source: GKE
    gke: {region: us-west1, project: acme-models}
  nodePools: [{name: h100, className: h100, zones: [us-west1-a]}]
""")

EKS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: north}
spec:
  cluster:
    source: EKS
    eks: {region: eu-north-1}
  nodePools: [{name: h100, className: h100, zones: [eu-north-1a]}]
""")

AKS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: south}
spec:
  cluster:
    source: AKS
    aks: {location: westeurope}
  nodePools: [{name: h100, className: h100}]
""")

NEBIUS = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: finland}
spec:
  cluster: {source: Nebius, nebius: {}}
  nodePools:
  - {name: h200, className: h200, fabric: {type: InfiniBand, infiniband: {fabric: fabric-7}}}
""")

VULTR = base("""
apiVersion: modelplane.ai/v1alpha1
kind: InferenceCluster
metadata: {name: newark}
spec:
  cluster: {source: Vultr, vultr: {region: ewr}}
""")
