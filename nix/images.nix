# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# An image per function, and the hydrator's: no shell, no root, one program.
{ pkgs, functions, environment }:
let
  inherit (pkgs) lib;

  image = { name, package, module, program }:
    let
      python = environment package;
      start = pkgs.writeTextFile {
        name = program;
        executable = true;
        destination = "/bin/${program}";
        text = ''
          #!${python}/bin/python
          import runpy

          runpy.run_module("${module}", run_name="__main__", alter_sys=True)
        '';
      };
    in
    pkgs.dockerTools.buildLayeredImage {
      inherit name;
      tag = "nix";
      contents = [ pkgs.cacert ];
      config = {
        Entrypoint = [ "${start}/bin/${program}" ];
        User = "2000:2000";
        Env = [ "PYTHONDONTWRITEBYTECODE=1" "PYTHONUNBUFFERED=1" ];
        Labels."org.opencontainers.image.title" = name;
      };
    };

  function = name: image {
    inherit name;
    package = name;
    module = lib.replaceStrings [ "-" ] [ "_" ] name;
    program = "function";
  };
in
lib.genAttrs functions function // {
  hydrator = image {
    name = "hydrator";
    package = "modelplane-hydrator";
    module = "modelplane_hydrator";
    program = "modelplane-hydrate";
  };
}
