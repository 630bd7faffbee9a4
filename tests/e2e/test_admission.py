# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The real API server accepts and refuses what we mean, in our words, as `modelplane validate` does."""

import contextlib
import re
from collections.abc import Generator

import pytest
from admission import table
from admission.case import Case
from e2e.rig import examples, kube, load
from e2e.rig.kube import ApiError
from e2e.rig.kubernetes import Cluster
from modelplane_cli import apis, validate
from modelplane_cli.faults import dotted

pytestmark = [
    pytest.mark.second,  # the namespaces of the examples come and go where these are tried
    pytest.mark.usefixtures("names"),
]
PAUSED = {"crossplane.io/paused": "true"}
GROUP = "modelplane.ai/"
TRIES = 5


@pytest.fixture(scope="module", name="control")
def _control(second: Cluster) -> Cluster:
    """Return the control plane that nobody else has these namespaces on."""
    return second


@pytest.fixture(scope="module")
def namespaces(control: Cluster) -> None:
    """Make the namespaces that the manifests are in."""
    manifests = [*examples.manifests(), *(case.manifest for case in (*table.GOOD, *table.BAD))]
    for name in {row["metadata"]["namespace"] for row in manifests if row.get("metadata", {}).get("namespace")}:
        control.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def test_kinds_establish(control: Cluster) -> None:
    """Crossplane makes a served kind of every XRD: its rules compile and fit the API server's budget."""
    for name in load.apis(control):
        crd_ = control.api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        states = {row["type"]: row["status"] for row in crd_["status"]["conditions"]}
        assert states["NonStructuralSchema" if "NonStructuralSchema" in states else "Established"] != "False", name
        xrd = control.api.get("apiextensions.crossplane.io/v2", "CompositeResourceDefinition", name)
        assert {row["type"]: row["status"] for row in xrd["status"]["conditions"]}["Established"] == "True", name


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.parent.name + "-" + path.stem) for path in examples.files()]
)
def test_examples_are_accepted(control: Cluster, path: examples.Path) -> None:
    """Every manifest of every example is admitted, with no field that the API server does not know."""
    for manifest in kube.manifests(path):
        if manifest["apiVersion"].startswith(GROUP):
            control.api.apply(_without_status(manifest), dry_run=True)  # another case may have it stored


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.GOOD])
def test_good_manifests_are_accepted(control: Cluster, case: Case) -> None:
    """What the published shapes allowed, and what we add to them, is admitted."""
    assert _refusal(control, case) is None, case.reason


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.BAD])
def test_bad_manifests_are_refused(control: Cluster, case: Case) -> None:
    """What we refuse offline the API server refuses too, at the same fields; a rule in the same words."""
    refused = _refusal(control, case)
    assert refused is not None, case.reason
    assert refused.code in (400, 422), refused.message
    if case.rule:
        assert case.says in refused.message, case.reason
    assert _places(refused) >= {_place(field) for field in _offline(case)}, refused.message


def _refusal(control: Cluster, case: Case) -> ApiError | None:
    try:
        if case.old is None:
            control.api.create(case.manifest, dry_run=True)
        else:
            _update(control, case.old, case.manifest)
    except ApiError as err:
        return err
    return None


def _update(control: Cluster, old: kube.Manifest, new: kube.Manifest) -> None:
    """Update an object that Crossplane leaves alone, as a try."""
    old = {**old, "metadata": {**old["metadata"], "annotations": PAUSED}}
    with _present(control, old):
        for left in reversed(range(TRIES)):
            try:
                _replace(control, new)
            except ApiError as err:
                if err.code != 409 or not left:
                    raise
            else:
                return


def _replace(control: Cluster, new: kube.Manifest) -> None:
    """Try to replace an object by a manifest; Crossplane, which says that it is paused, may be faster."""
    metadata = new["metadata"]
    stored = control.api.get(new["apiVersion"], new["kind"], metadata["name"], namespace=metadata.get("namespace", ""))
    version = {"resourceVersion": stored["metadata"]["resourceVersion"], "annotations": PAUSED}
    body = {**new, "metadata": {**metadata, **version}}
    control.api.request("PUT", control.api.path_of(new) + "?dryRun=All&fieldValidation=Strict", body=body)


@contextlib.contextmanager
def _present(control: Cluster, manifest: kube.Manifest) -> Generator[None]:
    """Keep an object for the length of a block."""
    try:
        control.api.create(manifest)
        yield
    finally:
        control.api.delete(manifest)
        kube.eventually("the object is gone", lambda: not _there(control.api, manifest), seconds=20)


def _there(api: kube.Api, manifest: kube.Manifest) -> bool:
    metadata = manifest["metadata"]
    return (
        api.find(manifest["apiVersion"], manifest["kind"], metadata["name"], namespace=metadata.get("namespace", ""))
        is not None
    )


def _offline(case: Case) -> list[str]:
    """Return the fields that `modelplane validate` refuses."""
    api = apis.packaged()[case.manifest["apiVersion"], case.manifest["kind"]]
    return [dotted(fault.path) for fault in validate.faults(case.manifest, api, old=case.old)]


def _places(refused: ApiError) -> set[str]:
    """Return the fields that the API server names."""
    named = set(re.findall(r'unknown field "([^"]+)"', refused.message)) | set(refused.fields)
    return {_place(field) for field in named}


def _place(field: str) -> str:
    """Return a field's path in one spelling: names alone, without what quotes and indexes it."""
    return re.sub(r"[\[\]'\".]+", ".", field).strip(".")


def _without_status(manifest: kube.Manifest) -> kube.Manifest:
    return {key: value for key, value in manifest.items() if key != "status"}
