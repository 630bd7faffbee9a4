# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every error that the command prints as one line and ends with exit code 1.

CommandError
├── BadInput       what was given cannot be used: names the file or object, the field and the fix
├── CannotSettle   the functions contradict each other or themselves: a bug of theirs, not of the input
└── Bug            anything that nobody foresaw
"""

from typing import IO, Any

import click
from typing_extensions import override


class CommandError(click.ClickException):
    """An error whose one line is fit for a user; click prints it and ends with exit code 1."""

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=file is None)


class BadInput(CommandError):
    """A file, manifest or flag that cannot be used."""


class CannotSettle(CommandError):
    """Functions whose answers never stop changing."""


class Bug(CommandError):
    """An error of this program."""
