# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The command `modelplane`: a group whose commands are loaded when they are called."""

import importlib
from collections.abc import Mapping

import click
from typing_extensions import override

COMMANDS: Mapping[str, str] = {
    "render": "modelplane_cli.render",
    "serve": "modelplane_cli.serve",
    "validate": "modelplane_cli.validate",
}
"""Modules by the name of the command in them: each has one called `command`."""


class Lazy(click.Group):
    """A group that imports a command only when it is asked for."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[cmd_name]).command


@click.group(cls=Lazy)
@click.version_option(package_name="modelplane-cli", prog_name="modelplane")
def main() -> None:
    """Preview, check and serve what Modelplane composes, without a cluster."""


if __name__ == "__main__":
    main()
