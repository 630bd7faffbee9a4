# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Objects and requests as Crossplane sends them, each built from the few keywords that a test is about."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane.paths import Manifest, fill

API_VERSION = "modelplane.ai/v1alpha1"
CREATED = "2026-06-01T10:00:00Z"
NAMESPACE = "ml-team"
ANY_GPU = 'device.driver == "gpu.nvidia.com"'


def uid(*parts: str) -> str:
    """Return the same UUID for the same parts."""
    raw = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:32]))


def condition(typ: str, status: str = "True", reason: str = "Available", message: str = "") -> Manifest:
    """Return one condition as the API server shows it."""
    out = {"type": typ, "status": status, "reason": reason, "lastTransitionTime": CREATED}
    return {**out, "message": message} if message else out


def obj(  # noqa: PLR0913  the fields that every object has
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    created: str = CREATED,
    spec: Manifest | None = None,
    status: Manifest | None = None,
) -> Manifest:
    """Return an object with the metadata that an API server gives it."""
    metadata: Manifest = {
        "name": name,
        "uid": uid(kind, namespace, name),
        "resourceVersion": str(int(uid(name)[:6], 16)),
        "generation": 1,
        "creationTimestamp": created,
    }
    optional = {"namespace": namespace, "labels": labels, "annotations": annotations}
    metadata.update({key: dict(v) if isinstance(v, Mapping) else v for key, v in optional.items() if v})
    out: Manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    out.update({key: value for key, value in (("spec", spec), ("status", status)) if value is not None})
    return out


def managed(manifest: Manifest) -> Manifest:
    """Return the object with managedFields, as Crossplane sends every object."""
    spec, status = manifest.get("spec", {}), manifest.get("status", {})
    own = {key: spec[key] for key in spec if key == "crossplane"}
    given = {"spec": {key: spec[key] for key in spec if key not in own}, "metadata": {}}
    given["metadata"] = {key: manifest["metadata"].get(key, {}) for key in ("annotations", "labels")}
    entries = [
        _entry(manifest, "kubectl", given),
        _entry(manifest, "crossplane", {"spec": own, "metadata": {"finalizers": {}}}),
        {**_entry(manifest, "crossplane", {"status": status}), "subresource": "status"},
    ]
    return {**manifest, "metadata": {**manifest["metadata"], "managedFields": entries}}


def _entry(manifest: Manifest, manager: str, owned: Manifest) -> Manifest:
    return {
        "manager": manager,
        "operation": "Apply" if manager == "kubectl" else "Update",
        "apiVersion": manifest["apiVersion"],
        "time": CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": _fields({key: value for key, value in owned.items() if value}),
    }


def _fields(value: object) -> Manifest:
    """Return a value's own fields; conditions are fields by their type, other lists are one."""
    if isinstance(value, Mapping):
        return {f"f:{key}": _fields(inner) for key, inner in value.items()}
    if isinstance(value, list):
        typed = [item for item in value if isinstance(item, Mapping) and "type" in item]
        return {f"k:{json.dumps({'type': item['type']})}": {".": {}, **_fields(item)} for item in typed}
    return {}


# The fleet.


def device(
    name: str = "gpu",
    *,
    count: int = 8,
    claim: str = "DRA",
    memory: str = "80Gi",
    attributes: Manifest | None = None,
    driver: str = "gpu.nvidia.com",
) -> Manifest:
    """Return a device of a pool: by DRA, or under the extended resource nvidia.com/gpu."""
    how = {"deviceClassName": driver} if claim == "DRA" else {}
    how |= {"extendedResourceName": "nvidia.com/gpu"} if claim == "ExtendedResource" else {}
    return {
        "name": name,
        "claim": claim,
        "driver": driver,
        **how,
        "count": count,
        "attributes": attributes or {"architecture": {"string": "Hopper"}, "driverVersion": {"version": "570.86.15"}},
        "capacity": {"memory": {"value": memory}},
    }


def pool(name: str = "h100", *, nodes: int = 4, devices: Sequence[Manifest] | None = None) -> Manifest:
    """Return a pool of status.gpuPools."""
    return {"name": name, "nodes": nodes, "devices": list(devices) if devices is not None else [device()]}


def taint(effect: str = "NoSchedule", *, key: str = "maintenance", value: str = "") -> Manifest:
    """Return a taint of a cluster."""
    return {"key": key, "value": value, "effect": effect}


def cluster(  # noqa: PLR0913  what an InferenceCluster publishes
    name: str,
    *,
    storage: str = "rwx",
    pools: Sequence[Manifest] | None = None,
    ready: bool = True,
    taints: Sequence[Manifest] = (),
    labels: Mapping[str, str] | None = None,
    source: str = "Existing",
    gateway: str = "203.0.113.7",
    provider_config: str | None = None,
) -> Manifest:
    """Return an InferenceCluster; empty strings are what it has not published."""
    found = list(pools) if pools is not None else [pool()]
    status: Manifest = {"conditions": [condition("Synced"), condition("Ready", "True" if ready else "False")]}
    config = f"{name}-config" if provider_config is None else provider_config
    status |= {"providerConfigRef": {"name": config}} if config else {}
    status |= {"gateway": {"address": gateway}} if gateway else {}
    status |= {"cache": {"storageClassName": storage}} if storage else {}
    block: Manifest = {"secretRef": {"name": f"{name}-kubeconfig", "key": "kubeconfig"}} if source == "Existing" else {}
    block |= {"region": "europe-west4"} if source in ("GKE", "EKS") else {}
    spec: Manifest = {
        "cluster": {"source": source, source.lower(): block},
        "nodePools": [{"name": p["name"], "className": "h100", "nodeCount": p["nodes"]} for p in found],
    }
    if taints:
        spec["taints"] = list(taints)
    return obj(API_VERSION, "InferenceCluster", name, labels=labels, spec=spec, status={**status, "gpuPools": found})


def secret(name: str = "hub", *, namespace: str = NAMESPACE, data: Mapping[str, str] | None = None) -> Manifest:
    """Return a Secret; its values are base64 already, as the API server sends them."""
    content = {"HF_TOKEN": "aGZfdG9rZW4tb2YtdGVzdHM="} if data is None else dict(data)
    return {**obj("v1", "Secret", name, namespace=namespace), "type": "Opaque", "data": content}


def hardware(
    name: str = "h100",
    *,
    devices: Sequence[Manifest] | None = None,
    gpu: Manifest | None = None,
    **provisioning: Manifest,
) -> Manifest:
    """Return an InferenceClass; `gpu` is the first shape's, `provisioning` one provider's block under its name."""
    spec: Manifest = {"resources": {"gpu": gpu}} if gpu else {"devices": list(devices or (device(),))}
    for provider, block in provisioning.items():
        spec["provisioning"] = {"provider": provider, provider.lower(): block}
    return {**xr("InferenceClass", name, spec, namespace="")}


# Composite resources.


def xr(kind: str, name: str, spec: Manifest, **more: Any) -> Manifest:  # noqa: ANN401  passed on to obj
    """Return a composite resource of ours, with what Crossplane writes into its spec."""
    more.setdefault("namespace", NAMESPACE)
    out = obj(API_VERSION, kind, name, spec=spec, **more)
    plural = f"{kind.lower()}{'es' if kind.endswith('s') else 's'}.modelplane.ai"
    out["spec"]["crossplane"] = {
        "compositionRef": {"name": plural},
        "compositionRevisionRef": {"name": f"{plural}-1a2b3c4"},
        "compositionUpdatePolicy": "Automatic",
    }
    out["metadata"]["finalizers"] = ["composite.apiextensions.crossplane.io"]
    out["metadata"]["labels"] = {**out["metadata"].get("labels", {}), "crossplane.io/composite": name}
    return out


def cache(
    name: str = "qwen",
    *,
    repo: str = "Qwen/Qwen3-0.6B",
    revision: str = "",
    size: int = 10,
    secret: str = "",
    selector: Mapping[str, str] | None = None,
    source: Manifest | None = None,
    **more: Any,  # noqa: ANN401  passed on to obj
) -> Manifest:
    """Return a ModelCache; `source` adds to huggingFace."""
    hub: Manifest = {"repo": repo, "sizeGiB": size, **(source or {})}
    hub |= {"revision": revision} if revision else {}
    hub |= {"authSecret": {"name": secret, "key": "HF_TOKEN"}} if secret else {}
    spec: Manifest = {"source": "HuggingFace", "huggingFace": hub}
    if selector is not None:
        spec["clusterSelector"] = {"matchLabels": dict(selector)}
    return xr("ModelCache", name, spec, **more)


def staged(name: str, phase: str = "Ready", *, tree: str | None = "0123456789-abcdefabcdef") -> Manifest:
    """Return an entry of a ModelCache's status.clusters; tree None is another implementation's."""
    return {"name": name, "phase": phase, **({"tree": tree} if tree is not None else {})}


def container(*, args: Sequence[str] = (), command: Sequence[str] | None = None, **more: Any) -> Manifest:  # noqa: ANN401  any field of a container
    """Return the one container of an engine."""
    out: Manifest = {"name": "engine", "image": "vllm/vllm-openai:v0.11.0", **more}
    out |= {"args": list(args)} if args else {}
    out |= {"command": list(command)} if command is not None else {}
    return out


def workers(
    *, tensor: int = 1, pipeline: int = 1, count: int = 1, pool: str = "", run: Manifest | None = None
) -> Manifest:
    """Return spec.workers, the first shape; `run` is its container."""
    out: Manifest = {
        "count": count,
        "topology": {"tensor": tensor, "pipeline": pipeline},
        "template": {"spec": {"containers": [run or container()]}},
    }
    return {**out, "nodePoolName": pool} if pool else out


def member(
    role: str = "Standalone",
    *,
    devices: Sequence[Manifest] | None = None,
    nodes: int = 0,
    pool: str = "",
    run: Manifest | None = None,
) -> Manifest:
    """Return a member of an engine: of a replica where it has a pool, else of a deployment."""
    out: Manifest = {"role": role, "template": {"spec": {"containers": [run or container()]}}}
    if pool:
        asked = [{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 8}] if devices is None else devices
        out |= {"nodePoolName": pool} | ({"deviceRequests": list(asked)} if asked else {})
    else:
        selectors = [{"cel": ANY_GPU}]
        asked = [{"name": "gpu", "count": 8, "selectors": selectors}] if devices is None else devices
        out |= {"nodeSelector": {"devices": list(asked)}} if asked else {}
    return {**out, "worker": {"nodes": nodes}} if nodes else out


def engine(name: str = "engine", *members: Manifest, copies: int = 1) -> Manifest:
    """Return an engine of the second shape: one Standalone member unless others are given."""
    return {"name": name, "copies": copies, "members": list(members or (member(),))}


def gang(name: str = "engine", *, workers: int = 1, copies: int = 1, pool: str = "") -> Manifest:
    """Return an engine of a leader and its workers."""
    return engine(name, member("Leader", pool=pool), member("Worker", nodes=workers, pool=pool), copies=copies)


def deployment(
    name: str = "qwen",
    *,
    replicas: int = 1,
    cache: str = "",
    selector: Mapping[str, str] | None = None,
    workers: Manifest | None = None,
    engines: Sequence[Manifest] | None = None,
    tolerations: Sequence[Manifest] = (),
    **more: Any,  # noqa: ANN401  passed on to obj
) -> Manifest:
    """Return a ModelDeployment of the first shape where it has workers, else of the second."""
    inner: Manifest = {"modelCacheRef": {"name": cache}} if cache else {}
    inner |= {"clusterSelector": {"matchLabels": dict(selector)}} if selector is not None else {}
    if workers is not None:
        return xr("ModelDeployment", name, {"replicas": replicas, **inner, "workers": workers}, **more)
    inner |= {"tolerations": list(tolerations)} if tolerations else {}
    inner |= {"serving": {"mode": "Unified"}, "engines": list(engines or (engine(),))}
    return xr("ModelDeployment", name, {"replicas": replicas, "template": {"spec": inner}}, **more)


def replica(
    name: str = "qwen-a-0",
    *,
    cluster: str = "a",
    cache: str = "",
    workers: Manifest | None = None,
    engines: Sequence[Manifest] | None = None,
    ready: bool | None = None,
    **more: Any,  # noqa: ANN401  passed on to obj
) -> Manifest:
    """Return a ModelReplica; `ready` None is one that no function has answered yet."""
    spec: Manifest = {"clusterName": cluster, **({"modelCacheRef": {"name": cache}} if cache else {})}
    if workers is not None:
        spec["workers"] = workers
    else:
        spec |= {"serving": {"mode": "Unified"}, "engines": list(engines or (engine("engine", member(pool="h100")),))}
    if ready is not None:
        shown = [condition("Synced"), condition("Ready", "True" if ready else "False")]
        more = {"status": {"conditions": shown, "everReady": ready}, **more}
    return xr("ModelReplica", name, spec, **more)


# Requests.


def observed(
    desired: Manifest,
    *,
    key: str = "",
    owner: Manifest | None = None,
    ready: bool | None = True,
    synced: bool = True,
    remote: Manifest | None = None,
) -> Manifest:
    """Return a composed resource as Crossplane and its provider show it; `remote` is what an Object reports.

    `ready` None is an object that no controller has looked at yet.
    """
    given = desired["metadata"]
    owner = owner or {"apiVersion": API_VERSION, "kind": "Unknown", "metadata": {"name": "owner", "uid": uid("owner")}}
    out = obj(desired["apiVersion"], desired["kind"], given["name"], namespace=given.get("namespace", ""))
    out |= {field: value for field, value in desired.items() if field not in ("apiVersion", "kind", "metadata")}
    named = {"crossplane.io/composition-resource-name": key, "crossplane.io/external-name": given["name"]}
    out["metadata"] |= {
        "annotations": {**given.get("annotations", {}), **named},
        "labels": {**given.get("labels", {}), "crossplane.io/composite": owner["metadata"]["name"]},
        "finalizers": ["finalizer.managedresource.crossplane.io"],
        "ownerReferences": [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                **{field: owner["metadata"][field] for field in ("name", "uid")},
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    if ready is not None:
        shown = [condition("Synced", "True" if synced else "False"), condition("Ready", "True" if ready else "False")]
        out["status"] = {"conditions": shown, **({"atProvider": {"manifest": remote}} if remote else {})}
    return out


def request(
    xr: Manifest,
    *,
    observed: Mapping[str, Manifest] | None = None,
    required: Mapping[str, Iterable[Manifest] | None] | None = None,
) -> fnv1.RunFunctionRequest:
    """Return a request; `observed` is by composed-resource key, `required` by need, None where it is unresolved."""
    req = fnv1.RunFunctionRequest()
    req.meta.tag = hashlib.sha256(json.dumps(xr, sort_keys=True).encode()).hexdigest()
    fill(req.observed.composite.resource, xr)
    for key, manifest in (observed or {}).items():
        fill(req.observed.resources[key].resource, manifest)
    for need, items in (required or {}).items():
        if items is not None:
            req.required_resources[need].SetInParent()
            for item in items:
                fill(req.required_resources[need].items.add().resource, item)
    return req
