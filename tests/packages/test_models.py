# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The models in schemas/python follow from what a package keeps of the kinds; it does not keep the order of keys."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from release import manifests
from scripts import models


def backwards(part: Any) -> Any:  # noqa: ANN401 - a manifest's parts are of every JSON type
    """Return a manifest with the keys of every part in the order from Z to A; lists have an order that counts."""
    if isinstance(part, list):
        return [backwards(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {key: backwards(part[key]) for key in sorted(part, reverse=True)}


def test_the_order_of_keys_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds whose keys are turned around give the same models, byte for byte."""
    for path in models.APIS.glob("*/definition.yaml"):
        body = yaml.safe_load(path.read_text())
        assert list(backwards(body)) == sorted(body, reverse=True) != list(body)
        manifests.write(tmp_path / path.relative_to(models.APIS), backwards(body))
    assert (models.run(tmp_path, check=True), capsys.readouterr().out) == (0, "")


def test_another_field_is_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A definition that differs, and each one that is missing, is named by its file."""
    (path,) = models.APIS.glob("modelcaches/definition.yaml")
    body = yaml.safe_load(path.read_text())
    (version,) = body["spec"]["versions"]
    version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["another"] = {"type": "string"}
    manifests.write(tmp_path / path.relative_to(models.APIS), body)
    assert models.run(tmp_path, check=True) == 1
    printed = capsys.readouterr().out
    for kind in ("modelcache", "modeldeployment"):
        assert f"schemas/python/models/ai/modelplane/{kind}/v1alpha1.py is not what " in printed
