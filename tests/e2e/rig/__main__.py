# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The rig's own command; no part of the user's CLI."""

import sys

import click
from e2e.rig import tools
from e2e.rig.errors import RigError


@click.group()
def rig() -> None:
    """Run a real fleet on this machine."""


@rig.command()
@click.argument("names", nargs=-1)
def build(names: tuple[str, ...]) -> None:
    """Build the pinned tools that are missing from the cache."""
    tools.build(say=click.echo, only=names)


@rig.command()
@click.argument("name")
def path(name: str) -> None:
    """Print where a built tool is."""
    click.echo(tools.binary(name))


def main() -> None:
    """Run the command; what the rig cannot do is one line on stderr."""
    try:
        rig(standalone_mode=True)
    except RigError as err:
        click.echo(f"rig: {err}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
