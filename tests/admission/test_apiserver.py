# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The admission table against a real API server that has the CRDs which Crossplane derives from our XRDs."""

from collections.abc import Generator
from pathlib import Path

import pytest
import yaml
from admission import derived, table
from admission.case import Case, Manifest
from e2e.rig import kube
from e2e.rig.kubernetes import apiserver

APIS = Path(__file__).resolve().parents[2] / "apis"


@pytest.fixture(scope="module")
def api() -> Generator[kube.Api]:
    """Yield an API server with our kinds, and the namespace of the table."""
    with apiserver() as cluster:
        crds = [derived.crd(yaml.safe_load(path.read_text())) for path in sorted(APIS.glob("*/definition.yaml"))]
        for crd in crds:
            cluster.api.create(crd)
        for crd in crds:
            kube.eventually(f"{crd['metadata']['name']} serves", lambda crd=crd: served(cluster.api, crd))
        cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
        yield cluster.api


def served(api: kube.Api, crd: Manifest) -> bool:
    """Return whether a CRD is established; the rules of an established one compiled and fit their budget."""
    found = api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd["metadata"]["name"])
    conditions = {c["type"]: c["status"] for c in found.get("status", {}).get("conditions", [])}
    return conditions.get("Established") == "True"


def refusal(api: kube.Api, case: Case) -> str:
    """Return the server's words for a case, or none."""
    try:
        if case.old is None:
            api.create(case.manifest, dry_run=True)
        else:
            api.apply(case.old)
            api.apply(case.manifest, dry_run=True)
    except kube.ApiError as err:
        return err.message
    finally:
        api.delete(case.manifest)
    return ""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.GOOD])
def test_accepted(api: kube.Api, case: Case) -> None:
    """What the offline check accepts, the API server accepts."""
    assert refusal(api, case) == "", case.reason


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.GOOD if "status" in case.manifest])
def test_status_accepted(api: kube.Api, case: Case) -> None:
    """What functions publish, the API server keeps."""
    api.create({key: value for key, value in case.manifest.items() if key != "status"})
    try:
        kept = api.patch(case.manifest, {"status": case.manifest["status"]}, status=True)
        assert kept["status"] == case.manifest["status"]
    finally:
        api.delete(case.manifest)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.BAD])
def test_refused(api: kube.Api, case: Case) -> None:
    """What the offline check refuses, the API server refuses, a rule in the same words."""
    said = refusal(api, case)
    assert said, case.reason
    assert (case.says if case.rule else case.field.rpartition(".")[2]) in said
