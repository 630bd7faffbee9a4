# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0
{
  description = "Modelplane: serve open-weight models on a fleet of GPU clusters";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    pyproject-nix = {
      url = "github:pyproject-nix/pyproject.nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    uv2nix = {
      url = "github:pyproject-nix/uv2nix";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.pyproject-nix.follows = "pyproject-nix";
    };
    build-systems = {
      url = "github:pyproject-nix/build-system-pkgs";
      inputs.nixpkgs.follows = "nixpkgs";
      inputs.pyproject-nix.follows = "pyproject-nix";
      inputs.uv2nix.follows = "uv2nix";
    };
  };

  outputs = { self, nixpkgs, ... }@inputs:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      linux = [ "x86_64-linux" "aarch64-linux" ];
      forEach = chosen: make: nixpkgs.lib.genAttrs chosen (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # One entry per folder of functions/: nothing lists them by hand.
      lib.functions = import ./nix/functions.nix { inherit (nixpkgs) lib; };

      devShells = forEach systems (pkgs: { default = import ./nix/shell.nix { inherit pkgs; }; });

      checks = forEach systems (pkgs: import ./nix/checks.nix { inherit pkgs; source = self; });

      # An image per function, and the hydrator's: `nix build .#compose-model-cache`. Each is a tarball that
      # crossplane-project.yaml can name; releases are built by scripts/package.
      packages = forEach linux (pkgs: import ./nix/images.nix {
        inherit pkgs;
        inherit (self.lib) functions;
        environment = import ./nix/environment.nix { inherit pkgs inputs; };
      });
    };
}
