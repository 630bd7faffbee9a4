# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# From the name of a package of ours to a Python environment with it and what uv.lock pins for it.
{ pkgs, inputs }:
let
  workspace = inputs.uv2nix.lib.workspace.loadWorkspace { workspaceRoot = ../.; };
  locked = workspace.mkPyprojectOverlay { sourcePreference = "wheel"; };
  base = pkgs.callPackage inputs.pyproject-nix.build.packages { python = pkgs.python311; };
  packages = base.overrideScope (pkgs.lib.composeManyExtensions [
    inputs.build-systems.overlays.default
    locked
  ]);
in
name: packages.mkVirtualEnv "${name}-environment" { ${name} = [ ]; }
