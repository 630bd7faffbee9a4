# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Write the schemas of what we compose from the Go modules that define them: `python tests/schemas/strip.py`.

The CRDs of the cloud providers and of provider-helm are in no Go module: given a folder that holds them, one file each
(`package/crds` of the providers' packages), it writes clouds.json from those that we compose, and nothing else.

Descriptions are dropped, and parts that repeat stand once. A line is a definition, so that a new version reads as a
difference. Needs Go, and the module proxy for what is not in its cache.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

Schema = dict[str, Any]

HERE = pathlib.Path(__file__).parent
KUBERNETES = ("k8s.io/kubernetes@v1.36.3", "api/openapi-spec/swagger.json")
KINDS = (
    "v1 Namespace",
    "v1 PersistentVolumeClaim",
    "v1 Secret",
    "v1 Service",
    "v1 ServiceAccount",
    "apps/v1 Deployment",
    "batch/v1 Job",
    "rbac.authorization.k8s.io/v1 Role",
    "rbac.authorization.k8s.io/v1 RoleBinding",
    "resource.k8s.io/v1 ResourceClaimTemplate",
    "storage.k8s.io/v1 StorageClass",
)
CRDS = (
    (
        "github.com/crossplane-contrib/provider-kubernetes@v1.2.1",
        "package/crds/kubernetes.m.crossplane.io_objects.yaml",
    ),
    ("github.com/crossplane/crossplane/v2@v2.3.4", "cluster/crds/protection.crossplane.io_clusterusages.yaml"),
    ("github.com/crossplane/crossplane/v2@v2.3.4", "cluster/crds/protection.crossplane.io_usages.yaml"),
    ("sigs.k8s.io/gateway-api@v1.5.1", "config/crd/standard/gateway.networking.k8s.io_gatewayclasses.yaml"),
    ("sigs.k8s.io/gateway-api@v1.5.1", "config/crd/standard/gateway.networking.k8s.io_gateways.yaml"),
    ("sigs.k8s.io/gateway-api@v1.5.1", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
    ("sigs.k8s.io/lws@v0.9.0", "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml"),
)
CLOUDS = (
    *(f"compute.gcp.m.upbound.io_{plural}" for plural in ("networks", "subnetworks")),
    *(f"container.gcp.m.upbound.io_{plural}" for plural in ("clusters", "nodepools")),
    *(
        f"cloudplatform.gcp.m.upbound.io_{plural}"
        for plural in ("projectiammembers", "projectservices", "serviceaccountkeys", "serviceaccounts")
    ),
    *(
        f"ec2.aws.m.upbound.io_{plural}"
        for plural in (
            *("eips", "internetgateways", "launchtemplates", "natgateways", "routes", "routetableassociations"),
            *("routetables", "securitygroupegressrules", "securitygroupingressrules", "securitygroups", "subnets"),
            "vpcs",
        )
    ),
    *(f"efs.aws.m.upbound.io_{plural}" for plural in ("filesystems", "mounttargets")),
    *(
        f"eks.aws.m.upbound.io_{plural}"
        for plural in ("addons", "clusterauths", "clusters", "nodegroups", "podidentityassociations")
    ),
    *(f"iam.aws.m.upbound.io_{plural}" for plural in ("policies", "rolepolicyattachments", "roles")),
    *(f"kubernetes.m.crossplane.io_{plural}" for plural in ("clusterproviderconfigs", "providerconfigs")),
    *(f"helm.m.crossplane.io_{plural}" for plural in ("clusterproviderconfigs", "providerconfigs", "releases")),
)
META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
REF = "#/definitions/"

_KEPT_TOGETHER = 120
"""Characters of a part that is worth a definition of its own when it repeats."""
_DROPPED = ("description", "x-kubernetes-group-version-kind", "x-kubernetes-patch-strategy")


def main(folder: str = "") -> None:
    """Write kubernetes.json and crds.json, or clouds.json where a folder of CRDs is given."""
    if folder:
        given = [yaml.safe_load((pathlib.Path(folder) / f"{name}.yaml").read_text()) for name in CLOUDS]
        _write("clouds.json", list(CLOUDS), *crds([_unreported(crd) for crd in given]))
        return
    module, path = KUBERNETES
    _write("kubernetes.json", [f"{module}/{path}"], *kubernetes(json.loads((_folder(module) / path).read_text())))
    found = [yaml.safe_load((_folder(module) / path).read_text()) for module, path in CRDS]
    _write("crds.json", [f"{module}/{path}" for module, path in CRDS], *crds(found))


def kubernetes(swagger: Schema) -> tuple[dict[str, str], dict[str, Schema]]:
    """Return the definition of each kind of Kubernetes' own, and all that they refer to."""
    every = swagger["definitions"]
    kinds: dict[str, str] = {}
    for name, schema in every.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            kind = f"{gvk['group']}/{gvk['version']} {gvk['kind']}".removeprefix("/")
            if kind in KINDS:
                kinds[kind] = name
    return kinds, {name: _without(every[name]) for name in sorted(_reached(every, kinds.values()))}


def crds(found: list[Schema]) -> tuple[dict[str, str], dict[str, Schema]]:
    """Return the definition of each kind and version of the CRDs, with repeated parts as definitions of their own."""
    whole: dict[str, Schema] = {}
    for crd in found:
        group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
        for version in crd["spec"]["versions"]:
            schema = _without(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": REF + META}
            whole[f"{group}/{version['name']} {kind}"] = schema
    often = Counter(text for schema in whole.values() for text in _parts(schema))
    shared: dict[str, Schema] = {}
    kinds = {name: name.replace("/", ".").replace(" ", ".") for name in whole}
    definitions = {kinds[name]: _shared(schema, often, shared) for name, schema in whole.items()}
    return kinds, {**definitions, **dict(sorted(shared.items()))}


def _unreported(crd: Schema) -> Schema:
    """Return a CRD whose objects may report anything: only what is asked of a provider is ours to check."""
    for version in crd["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"]["properties"].pop("status", None)
    return crd


def _folder(module: str) -> pathlib.Path:
    told = subprocess.run(  # noqa: S603  arguments are the constants above
        ["go", "mod", "download", "-json", module],  # noqa: S607  whichever Go is installed
        check=True,
        capture_output=True,
    )
    return pathlib.Path(json.loads(told.stdout)["Dir"])


def _write(name: str, origins: list[str], kinds: Mapping[str, str], definitions: Mapping[str, Schema]) -> None:
    lines = [f"{json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in definitions.items()]
    head = f'"origins": {json.dumps(origins)},\n"kinds": {json.dumps(kinds, sort_keys=True)},\n'
    body = ",\n".join(lines)
    (HERE / name).write_text(f'{{\n{head}"definitions": {{\n{body}\n}}\n}}\n')


def _without(schema: Any) -> Any:  # noqa: ANN401  JSON data
    """Return a schema without what does not decide; a property may be called as a keyword is."""
    if isinstance(schema, list):
        return [_without(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "properties":
            out[key] = {name: _without(inner) for name, inner in value.items()}
        elif key not in _DROPPED:
            out[key] = _without(value)
    return out


def _reached(every: Mapping[str, Schema], roots: Iterator[str] | Any) -> set[str]:  # noqa: ANN401  any iterable
    todo, seen = list(roots), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += [ref.removeprefix(REF) for ref in _refs(every[name])]
    return seen


def _refs(schema: Any) -> Iterator[str]:  # noqa: ANN401  JSON data
    if isinstance(schema, list):
        for item in schema:
            yield from _refs(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from _refs(value)


def _each(schema: Schema, visit: Callable[[Schema], Schema]) -> Schema:
    """Return a schema with every schema directly below it replaced."""
    out = dict(schema)
    if "properties" in out:
        out["properties"] = {name: visit(inner) for name, inner in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = visit(out[key])
    return out


def _parts(schema: Schema) -> Iterator[str]:
    below: list[Schema] = []
    _each(schema, lambda inner: below.append(inner) or inner)
    for inner in below:
        text = json.dumps(inner, sort_keys=True)
        if len(text) >= _KEPT_TOGETHER:
            yield text
            yield from _parts(inner)


def _shared(schema: Schema, often: Counter[str], shared: dict[str, Schema]) -> Schema:
    def visit(inner: Schema) -> Schema:
        text = json.dumps(inner, sort_keys=True)
        made = _shared(inner, often, shared)
        if often[text] < 2:
            return made
        name = f"part-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        shared[name] = made
        return {"$ref": REF + name}

    return _each(schema, visit)


if __name__ == "__main__":
    main(*sys.argv[1:2])
