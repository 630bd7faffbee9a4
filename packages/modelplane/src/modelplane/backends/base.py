# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the volume's owner and the pods that mount it must agree on."""

from modelplane import names

CACHE_MOUNT_PATH = "/mnt/models"
"""Where an engine finds its model."""
CACHE_VOLUME = "model-cache"
"""The pod's volume of the claim."""
PVC_NAME_PREFIX = "modelcache"


def cache_pvc_name(namespace: str, name: str) -> str:
    """Return the name of a ModelCache's claim, the same on every workload cluster."""
    return names.child(PVC_NAME_PREFIX, namespace, name)
