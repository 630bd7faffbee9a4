# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every key under modelplane.ai that is written to, or read from, labels and annotations."""

PREFIX = "modelplane.ai/"
"""Reserved: users may not set labels under it on what we compose."""

CLUSTER = PREFIX + "cluster"
DEPLOYMENT = PREFIX + "deployment"
REPLICA = PREFIX + "replica"
REPLICA_INDEX = PREFIX + "replica-index"
SERVING = PREFIX + "serving"
"""On pods that answer the OpenAI API: Standalone members and gang leaders, never followers."""
WORKLOAD = PREFIX + "workload"
"""A Deployment's own selector, unique per engine."""
LWS_ROLE = PREFIX + "lws-role"
MODELCACHE = PREFIX + "modelcache"
SOURCE = PREFIX + "source"
"""On a hydration Job: the hash of what it stages."""
POOL = PREFIX + "pool"
GPU = PREFIX + "gpu"
PART = PREFIX + "part"
"""On what is composed in a cloud: which part of the cluster it is."""

DEVICE_REQUESTS = PREFIX + "device-requests"
"""Annotation of a ModelReplica: for each engine a hash of the device requests that its pool was chosen for."""
RETRY = PREFIX + "retry"
"""Annotation of a ModelCache: any new value runs a new Job."""
REFRESH = PREFIX + "refresh"
"""Annotation of a ModelCache: any new value looks at the branch again."""
PROGRESS = PREFIX + "progress"
"""Annotation of a hydration Job, written by the hydrator."""
