# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Serve the function of InferenceCluster."""

from modelplane import runtime

from compose_inference_cluster import fn

if __name__ == "__main__":
    runtime.main(fn.compose)
