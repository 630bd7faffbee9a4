# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Text in colours on a terminal; anywhere else it is written as it is."""

import sys
from collections.abc import Iterable

import click

_STYLES = (
    (r"^step \d+", "bold"),
    (r"\bReady\b", "green"),
    (r"=True\b", "green"),
    (r"=False\b|\b[Nn]ot Ready\b|\bPending\b|\bHydrating\b", "yellow"),
    (r"\bFailed\b|\bWarning:", "red"),
    (r"[│├└─]+", "dim"),
)


def write(lines: Iterable[str]) -> None:
    """Write lines to standard output, as they come."""
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(line)
        return
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.text import Text  # noqa: PLC0415  only a terminal needs it

    console = Console(soft_wrap=True, highlight=False)
    for line in lines:
        text = Text(line)
        for pattern, style in _STYLES:
            text.highlight_regex(pattern, style)
        console.print(text)
