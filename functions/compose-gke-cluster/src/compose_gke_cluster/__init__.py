# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a GKECluster composes on Google Cloud, and how it reports."""
