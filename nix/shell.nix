# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# What a developer needs: uv brings everything else from uv.lock.
{ pkgs }:
pkgs.mkShell {
  packages = [ pkgs.git pkgs.python311 pkgs.uv ];
  env.UV_PYTHON = "${pkgs.python311}/bin/python3.11";
}
