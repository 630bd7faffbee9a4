# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

import builders
import pydantic
import pytest
from modelplane import paths
from modelplane.composite import Composite
from modelplane.errors import InvalidSpec, Unreadable


class _Hub(pydantic.BaseModel):
    repo: str
    sizeGiB: int = pydantic.Field(ge=1)  # noqa: N815  the field's name in the API


class _Spec(pydantic.BaseModel):
    huggingFace: _Hub  # noqa: N815  the field's name in the API


def test_who_the_request_is_about() -> None:
    """Name, namespace and uid come from the observed composite."""
    xr = builders.cache("qwen", namespace="team-a")
    read = Composite.read(builders.request(xr))
    assert (read.name, read.namespace, read.uid) == ("qwen", "team-a", xr["metadata"]["uid"])


def test_a_composite_without_a_name_is_refused() -> None:
    """A request without an XR is malformed."""
    with pytest.raises(Unreadable, match=r"without metadata\.name"):
        Composite.read(builders.request({"kind": "ModelCache"}))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, r"spec\.huggingFace: ", id="a field is missing"),
        pytest.param({"huggingFace": "x"}, r"spec\.huggingFace: ", id="a field is of another type"),
        pytest.param({"huggingFace": {"repo": "a", "sizeGiB": 0}}, r"spec\.huggingFace\.sizeGiB: ", id="out of bounds"),
        pytest.param({"huggingFace": {"repo": "a", "sizeGiB": "big"}}, r"spec\.huggingFace\.sizeGiB: ", id="no number"),
    ],
)
def test_a_bad_spec_names_its_first_bad_field(spec: paths.Manifest, field: str) -> None:
    """One line names the object and the field."""
    xr = {**builders.cache(), "spec": spec}
    with pytest.raises(InvalidSpec, match=f"cannot read ModelCache 'qwen': {field}"):
        Composite.read(builders.request(xr)).spec(_Spec)


def test_a_good_spec_is_its_model() -> None:
    """What Crossplane adds to the spec, and fields of a later version, are no part of it."""
    spec = Composite.read(builders.request(builders.cache(source={"later": 1}))).spec(_Spec)
    assert (spec.huggingFace.repo, spec.huggingFace.sizeGiB) == ("Qwen/Qwen3-0.6B", 10)


def test_what_was_published_is_without_what_crossplane_owns() -> None:
    """Conditions are sent as conditions, and status.crossplane is not ours."""
    status = {"conditions": [builders.condition("Ready")], "crossplane": {"x": 1}, "revision": "abc"}
    assert Composite.read(builders.request(builders.cache(status=status))).published() == {"revision": "abc"}
    assert Composite.read(builders.request(builders.cache())).published() == {}
