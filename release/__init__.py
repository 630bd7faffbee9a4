# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The packages that a platform team installs: built, named and published by `scripts/package`.

build          the story: base → images → packages → files or a registry
project        crossplane-project.yaml and the functions' own words, as frozen data
names          the repository of each package, and the name that Crossplane gives it once installed
source         the commit that is packaged
bases          what images stand on: a reference or a root filesystem, for each architecture
dependencies   what uv.lock pins, installed by hash for a platform
code           our own packages as a folder of an image
tree           a folder as a layer: bytecode, then a tar of the same bytes each time
images         base, layers and configuration to an image
manifests      crossplane.yaml, and Compositions that name functions as Crossplane installs them
xpkgs          packages from images and manifests, by the Crossplane CLI
boms           a bill of materials for each image, by uv
staging        a registry on the loopback, and crane's verbs against it
publish        every tag read first, then every digest, every tag last
programs       the programs that all of this runs
"""
