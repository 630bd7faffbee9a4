# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every source of clusters that is built, one row each."""

from compose_inference_cluster.clouds import eks, existing, gke
from compose_inference_cluster.clouds.row import Cloud

ROWS: dict[str, Cloud] = {cloud.source: cloud for cloud in (eks.CLOUD, gke.CLOUD, existing.CLOUD)}
"""By spec.cluster.source."""
