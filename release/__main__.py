# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The command: what it takes, and its one line of error."""

import sys
import tomllib
from pathlib import Path

import click

from release import bases, build
from release.build import Order
from release.dependencies import PLATFORMS
from release.errors import PackageError
from release.programs import ROOT


def _version() -> str:
    return f"v{tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}"


@click.command(name="package")
@click.option("--registry", default="", help="Publish here, for example ghcr.io/modelplane; else only write files.")
@click.option("--version", default="", help="Version of the packages, for example v0.1.0.")
@click.option(
    "--base",
    "given",
    multiple=True,
    help=f"An image, a root filesystem's folder or its tar file, or ARCH=ONE. Default: {bases.DEFAULT}",
)
@click.option("--arch", multiple=True, type=click.Choice(sorted(PLATFORMS)), help="Build for this one only.")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "_output", help="Folder of all files.")
@click.option("--allow-dirty", is_flag=True, help="Publish what no commit says, for a try.")
def package(
    *, registry: str, version: str, given: tuple[str, ...], arch: tuple[str, ...], output: Path, allow_dirty: bool
) -> None:
    """Build every package, and publish them; print their digests."""
    if registry and not version:
        raise PackageError(f"cannot publish to {registry} without a version: give --version, such as v0.1.0")
    order = Order(ROOT, output.resolve(), version or _version(), registry.rstrip("/"), given, arch, allow_dirty)
    for artifact in build.build(order, lambda line: click.echo(f"package: {line}", err=True)):
        click.echo(f"{artifact.repository}:{order.version} {artifact.digest}")


def main() -> None:
    """Run the command; what cannot be packaged is one line on stderr."""
    try:
        package(standalone_mode=False)
    except (PackageError, OSError) as err:
        click.echo(f"package: {err}", err=True)
        sys.exit(1)
    except click.ClickException as err:
        click.echo(f"package: cannot read the command: {err.format_message()}", err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
