# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a person sees with kubectl reads well: columns, explanations, scaling, defaults, pruning."""

import copy
import re
from collections.abc import Generator

import pytest
from admission import bases, full
from e2e import goldens
from e2e.rig import commands, kube
from e2e.rig.kubernetes import Cluster

pytestmark = [
    pytest.mark.second,  # a cluster that is shown has a status, and caches for all clusters would take it
    pytest.mark.usefixtures("names"),
]
NAMESPACE = "kubectl"
PAUSED = {"crossplane.io/paused": "true"}
SHOWN = {
    "modelcaches": full.CACHE,
    "modeldeployments": full.TURNKEY,
    "modelreplicas": full.EXPLICIT_REPLICA,
    "inferenceclasses": full.CLASS,
    "inferenceclusters": full.EXISTING,
}


@pytest.fixture(scope="module", name="control")
def _control(second: Cluster) -> Cluster:
    """Return the control plane whose clusters nobody takes by chance."""
    return second


@pytest.fixture(scope="module")
def shown(control: Cluster) -> Generator[None]:
    """Keep one object of every kind, with a status, that Crossplane leaves alone."""
    control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    made = []
    for manifest in SHOWN.values():
        stored = control.api.apply(_paused(manifest))
        control.api.patch(stored, {"status": manifest.get("status", {})}, status=True)
        made.append(stored)
    yield
    for stored in made:
        control.api.delete(stored)


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("plural", [pytest.param(plural, id=plural) for plural in SHOWN])
def test_get(control: Cluster, plural: str) -> None:
    """The columns tell the state at a glance."""
    scope = [] if plural.startswith("inference") else ["-n", NAMESPACE]
    text = control.kubectl("get", plural, *scope, _shown_name(plural))
    wide = control.kubectl("get", plural, *scope, _shown_name(plural), "-o", "wide")
    goldens.check(f"get/{plural}.txt", _ageless(text) + _ageless(wide))


@pytest.mark.parametrize("plural", [pytest.param(plural, id=plural) for plural in SHOWN])
def test_explain(control: Cluster, plural: str) -> None:
    """Every field that a person may write is there, with its bounds."""
    text = control.kubectl("explain", "--recursive", f"{plural}.spec")
    goldens.check(f"explain/{plural}.txt", text)
    assert "<empty>" not in control.kubectl("explain", plural)


@pytest.mark.usefixtures("shown")
def test_describe(control: Cluster) -> None:
    """`kubectl describe` shows the spec and the status."""
    text = control.kubectl("describe", "modelcache", "-n", NAMESPACE, full.CACHE["metadata"]["name"])
    for wanted in ("Repo:", "Size Gi B:", "Clusters:", "Phase:", "GatedRepo"):
        assert wanted in text


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("replicas", [0, 3, 100])
def test_scale(control: Cluster, replicas: int) -> None:
    """`kubectl scale` sets the replicas within their bounds."""
    name = full.TURNKEY["metadata"]["name"]
    control.kubectl("scale", "modeldeployment", "-n", NAMESPACE, name, f"--replicas={replicas}")
    found = control.api.get("modelplane.ai/v1alpha1", "ModelDeployment", name, namespace=NAMESPACE)
    assert found["spec"]["replicas"] == replicas


@pytest.mark.usefixtures("shown")
def test_scale_beyond(control: Cluster) -> None:
    """`kubectl scale` past the bound is refused with the bound."""
    name = full.TURNKEY["metadata"]["name"]
    argv = control.kubectl_argv("scale", "modeldeployment", "-n", NAMESPACE, name, "--replicas=101")
    done = commands.attempt(argv)
    assert done.code != 0
    assert "100" in done.stderr


@pytest.mark.usefixtures("shown")
def test_defaults_and_pruning(control: Cluster) -> None:
    """A minimal cache gets the documented defaults, and kubectl refuses a field that is none."""
    minimal = _paused(bases.CACHE)
    minimal["metadata"]["name"] = "minimal"
    stored = control.api.create(minimal, dry_run=True)
    spec = {key: value for key, value in stored["spec"].items() if key != "crossplane"}
    assert spec == bases.CACHE["spec"]
    unknown = {**minimal, "spec": {**minimal["spec"], "sizeGB": 1}}
    with pytest.raises(kube.ApiError, match="unknown field"):
        control.api.create(unknown, dry_run=True)


def _paused(manifest: kube.Manifest) -> kube.Manifest:
    made = copy.deepcopy(manifest)
    made.pop("status", None)
    made["metadata"]["annotations"] = PAUSED
    if "namespace" in made["metadata"]:
        made["metadata"]["namespace"] = NAMESPACE
    return made


def _shown_name(plural: str) -> str:
    return SHOWN[plural]["metadata"]["name"]


def _ageless(text: str) -> str:
    """Return a table without what changes by the second."""
    return re.sub(r"\d+(s|m|m\d+s)$", "<age>", text, flags=re.MULTILINE)
