# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# The names of all composition functions, as functions/ holds them.
{ lib }:
lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir ../functions))
