# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The stack's own provider configurations: they are in use, and so stay, until the last release is gone."""

from modelplane import access
from modelplane.access import HELM, KUBERNETES, Access
from modelplane.managed import Part

from compose_serving_stack.inputs import Stack

__all__ = ["HELM", "KUBERNETES", "parts"]


def parts(stack: Stack) -> dict[str, Part]:
    """Return both configurations by composed-resource key."""
    own = stack.xr.namespace
    secrets = [Access(each.type, each.name, each.key, each.namespace or own) for each in stack.secrets]
    metadata = {"name": stack.config, "namespace": own}
    return {key: Part(body) for key, body in access.configs("ProviderConfig", metadata, secrets).items()}
