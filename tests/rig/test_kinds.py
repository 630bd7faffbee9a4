# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The clouds' kinds as the rig installs them: whole, named as their providers name them, one stored version each."""

import json

import pytest
from e2e.rig import kinds
from e2e.rig.kube import Manifest

LIBRARY = json.loads(kinds.LIBRARY.read_text())


def _played() -> tuple[Manifest, ...]:
    return kinds.definitions()


def test_every_kind_but_those_of_the_running_provider_is_there() -> None:
    """Each name is one of the library's origins, and none of a real provider's is missing or made up."""
    names = {f"{crd['spec']['group']}_{crd['spec']['names']['plural']}" for crd in _played()}
    assert names == {name for name in LIBRARY["origins"] if not name.startswith(f"{kinds.REAL}_")}


@pytest.mark.parametrize("crd", [pytest.param(crd, id=crd["metadata"]["name"]) for crd in _played()])
def test_a_definition_stands_alone(crd: Manifest) -> None:
    """No reference is left, one version is stored, and a managed resource may be asked for in few words."""
    assert kinds.REF not in json.dumps(crd)
    versions = crd["spec"]["versions"]
    assert [version["storage"] for version in versions].count(True) == 1
    for version in versions:
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        if "forProvider" in spec:
            assert spec["managementPolicies"]["default"] == ["*"]
