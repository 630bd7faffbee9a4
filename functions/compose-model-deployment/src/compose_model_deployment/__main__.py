# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Serve the composition function of ModelDeployment."""

from modelplane import runtime

from compose_model_deployment import fn

if __name__ == "__main__":
    runtime.main(fn.compose)
