# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# The checks that need no network, so that they run in a sandbox; scripts/check runs the rest.
{ pkgs, source }:
{
  format = pkgs.runCommand "format" { nativeBuildInputs = [ pkgs.ruff ]; } ''
    cd ${source} && ruff format --no-cache --check . && touch $out
  '';
  lint = pkgs.runCommand "lint" { nativeBuildInputs = [ pkgs.ruff ]; } ''
    cd ${source} && ruff check --no-cache . && touch $out
  '';
}
