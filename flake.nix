# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0
{
  description = "Modelplane: serve open-weight models on a fleet of GPU clusters";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # One entry per folder of functions/: nothing lists them by hand.
      lib.functions = import ./nix/functions.nix { inherit (nixpkgs) lib; };

      devShells = forEach (pkgs: { default = import ./nix/shell.nix { inherit pkgs; }; });

      checks = forEach (pkgs: import ./nix/checks.nix { inherit pkgs; source = self; });
    };
}
