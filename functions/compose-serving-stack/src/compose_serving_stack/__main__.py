# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Serve the function of ServingStack."""

from modelplane import runtime

from compose_serving_stack import fn

if __name__ == "__main__":
    runtime.main(fn.compose)
