# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The observed composite resource: its identity, its spec by its generated model, its published status."""

from dataclasses import dataclass, field
from typing import TypeVar

import pydantic
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.struct_pb2 import Struct

from modelplane import meta, paths
from modelplane.errors import InvalidSpec

M = TypeVar("M", bound=pydantic.BaseModel)

_CROSSPLANES_OWN = ("conditions", "crossplane")


@dataclass(frozen=True)
class Composite:
    """The XR that a request is about; equal is what has the same identity."""

    obj: Struct = field(compare=False)
    name: str
    namespace: str
    uid: str

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest) -> "Composite":
        """Read the XR's identity; raise Unreadable without a name."""
        obj = req.observed.composite.resource
        return cls(obj, meta.name(obj), meta.namespace(obj), paths.text(obj, "metadata", "uid"))

    def spec(self, model: type[M]) -> M:
        """Return the XR's spec as its generated model; raise InvalidSpec naming the first bad field."""
        fields = paths.child(self.obj, "spec").fields
        source = {key: paths.plain(value) for key, value in fields.items() if key != "crossplane"}
        try:
            return model.model_validate(source)
        except pydantic.ValidationError as err:
            raise InvalidSpec(f"cannot read {meta.kind(self.obj)} {self.name!r}: {_first(err)}") from err

    def published(self) -> paths.Manifest:
        """Return the status that the function published before, without what Crossplane owns."""
        fields = paths.child(self.obj, "status").fields
        return {key: paths.plain(value) for key, value in fields.items() if key not in _CROSSPLANES_OWN}


def _first(err: pydantic.ValidationError) -> str:
    problem = err.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in ("spec", *problem["loc"]))
    return f"{where}: {problem['msg']}"
