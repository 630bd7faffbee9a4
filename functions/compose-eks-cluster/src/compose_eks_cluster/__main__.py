# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Serve the function of EKSCluster."""

from modelplane import runtime

from compose_eks_cluster import fn

if __name__ == "__main__":
    runtime.main(fn.compose)
