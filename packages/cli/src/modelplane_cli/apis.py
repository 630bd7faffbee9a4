# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The XRDs and Compositions that are packaged with the command: which kinds there are, and who composes them."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelplane.paths import Manifest

from modelplane_cli import load
from modelplane_cli.errors import BadInput

_PACKAGED = Path(__file__).parent / "apis"


@dataclass(frozen=True)
class Step:
    """One step of a Composition's pipeline."""

    name: str
    function: str
    input: Manifest | None


@dataclass(frozen=True)
class Api:
    """One kind in one version: its schema, and the pipeline that composes it (none for a kind that is only read)."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    schema: Manifest
    steps: tuple[Step, ...]


Apis = dict[tuple[str, str], Api]
"""By apiVersion and kind."""


def folder() -> Path:
    """Return the folder of XRDs and Compositions: the package's own, or the repository's in an editable install."""
    candidates = (_PACKAGED, *(parent / "apis" for parent in Path(__file__).parents))
    for path in candidates:
        if any(path.glob("*/definition.yaml")):
            return path
    raise BadInput("cannot find the XRDs that belong to this command; install it again")


@functools.cache
def packaged() -> Apis:
    """Return every kind that the packaged XRDs define."""
    root = str(folder())
    return read([doc.body for doc in load.documents([root])])


def read(manifests: Iterable[Manifest]) -> Apis:
    """Return the kinds that XRDs define, with the pipelines of the Compositions among the manifests."""
    every = list(manifests)
    pipelines = dict(_pipeline(m["spec"]) for m in every if m["kind"] == "Composition")
    out: Apis = {}
    for xrd in (m["spec"] for m in every if m["kind"] == "CompositeResourceDefinition"):
        for version in xrd["versions"]:
            api_version, kind = f"{xrd['group']}/{version['name']}", xrd["names"]["kind"]
            out[api_version, kind] = Api(
                api_version=api_version,
                kind=kind,
                plural=xrd["names"]["plural"],
                namespaced=xrd.get("scope", "Namespaced") == "Namespaced",
                schema=version["schema"]["openAPIV3Schema"],
                steps=pipelines.get((api_version, kind), ()),
            )
    return out


def _pipeline(spec: Manifest) -> tuple[tuple[str, str], tuple[Step, ...]]:
    ref = spec["compositeTypeRef"]
    steps = tuple(Step(s["step"], s["functionRef"]["name"], s.get("input")) for s in spec["pipeline"])
    return (ref["apiVersion"], ref["kind"]), steps
