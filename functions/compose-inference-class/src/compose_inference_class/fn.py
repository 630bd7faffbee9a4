# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Judge a hardware recipe. Nothing is composed: the guard of a class in use belongs to the cluster that uses it."""

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions
from modelplane.composed import Composed
from modelplane.composite import Composite
from modelplane.conditions import Condition
from models.ai.modelplane.inferenceclass import v1alpha1

ACCEPTED = "ClassAccepted"


def compose(req: fnv1.RunFunctionRequest) -> Composed:
    """Compose nothing, and be Ready where the recipe holds together."""
    xr = Composite.read(req)
    accepted = _accepted(xr.spec(v1alpha1.Spec))
    return Composed(conditions=(accepted,), ready=accepted.status == "True", empty_ok=True)


def _accepted(spec: v1alpha1.Spec) -> Condition:
    if not (spec.devices or spec.resources):
        return _wrong("NoDevices", "spec names no device: add spec.devices, or spec.resources.gpu")
    made, said = _made(spec), spec.resources.gpu.count if spec.resources and not spec.devices else None
    if said and made and said != made:
        message = f"spec.resources.gpu.count is {said}, but spec.provisioning makes nodes of {made}: use one number"
        return _wrong("CountMismatch", message)
    return conditions.true(ACCEPTED, "Accepted")


def _made(spec: v1alpha1.Spec) -> int | None:
    """Return how many accelerators the provider's recipe gives to each node."""
    if spec.provisioning is None:
        return None
    recipe = getattr(spec.provisioning, spec.provisioning.provider.lower())
    return recipe.accelerator.count if recipe is not None else None


def _wrong(reason: str, message: str) -> Condition:
    return conditions.false(ACCEPTED, reason, message, warning=message)
