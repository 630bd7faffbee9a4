# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The generated models against the admission table."""

import importlib
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest
from admission import bases, table
from admission.case import Case, Manifest, edited

ROOT = Path(__file__).resolve().parents[2]


def model(manifest: Manifest) -> type[pydantic.BaseModel]:
    """Return the model of a manifest's kind."""
    group, _, version = manifest["apiVersion"].partition("/")
    package = ".".join(("models", *reversed(group.split(".")), manifest["kind"].lower(), version))
    return getattr(importlib.import_module(package), manifest["kind"])


def without_nulls(value: object) -> object:
    """Return a manifest as the API server keeps it."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table.GOOD])
def test_models_read_what_is_accepted(case: Case) -> None:
    """A model keeps every value of an accepted spec."""
    spec = {key: value for key, value in case.manifest["spec"].items() if key != "crossplane"}
    read = model(case.manifest).model_validate({**case.manifest, "spec": spec})
    kept = read.model_dump(mode="json", exclude_unset=True, exclude_none=True, by_alias=True)
    assert kept["spec"] == without_nulls(spec)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("repo", "Qwen/Qwen3;rm -rf /", id="repo"),
        pytest.param("revision", "--help", id="revision"),
        pytest.param("endpoint", "file:///etc", id="endpoint"),
        pytest.param("sizeGiB", 0, id="size"),
        pytest.param("include", ["/etc/*"], id="include"),
        pytest.param("authSecret", {"name": "a b"}, id="secret"),
    ],
)
def test_models_refuse_what_becomes_an_argument(field: str, value: object) -> None:
    """A model repeats the schema's patterns, for requests that no API server has checked."""
    manifest = edited(bases.CACHE, {f"spec.huggingFace.{field}": value})
    with pytest.raises(pydantic.ValidationError) as caught:
        model(manifest).model_validate(manifest)
    assert caught.value.errors()[0]["loc"][:3] == ("spec", "huggingFace", field)


def test_links() -> None:
    """The command's package has a link to every file of apis/, and nothing else."""
    done = subprocess.run([sys.executable, ROOT / "scripts" / "links.py", "--check"], capture_output=True, check=False)  # noqa: S603  ours
    assert (done.returncode, done.stdout) == (0, b"")
