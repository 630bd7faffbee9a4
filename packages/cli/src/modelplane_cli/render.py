# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""`modelplane render`: what every cluster would get, and when it would be Ready."""

import functools
from typing import Any

import click
from crossplane.function import logging

from modelplane_cli import apis, functions, load, paint, preview, sections, show, story, tree, validate, verdict
from modelplane_cli.errors import BadInput, Bug
from modelplane_cli.plane import Plane
from modelplane_cli.play import MAX_STEPS, Player
from modelplane_cli.preview import Inputs

HELP = """Print what every cluster would get from manifests, and when it would be Ready.

PATH is a file, a folder, or "-" for standard input. The functions run in this process; no cluster is needed.
Exit code 1: a manifest was refused, a function complained, or --until-ready did not end in Ready.

\b
Example:
  modelplane render examples/cache/qwen --fleet examples/fleet --until-ready
"""

FORMATS = ("yaml", "json", "tree")


def inputs(given: dict[str, Any]) -> Inputs:
    """Return the documents that the flags name; raise BadInput where the schema refuses a manifest."""
    manifests = load.documents(given["paths"])
    errors = validate.report(manifests, apis.packaged()).errors
    if errors:
        raise BadInput("\n".join(errors))
    return Inputs(
        manifests=manifests,
        fleet=load.documents(given["fleet"]),
        required=load.documents(given["required_resources"]),
        observed=load.documents(given["observed_resources"]),
    )


def start(**given: Any) -> None:  # noqa: ANN401  click passes what the options declare
    """Render in any case without a traceback: what nobody foresaw is a bug, told in one line."""
    try:
        rendered(given)
    except (click.ClickException, click.exceptions.Exit, OSError):
        raise
    except Exception as err:
        raise Bug(f"cannot render, this is a bug: {type(err).__name__}: {err}".splitlines()[0]) from err


def rendered(given: dict[str, Any]) -> None:
    """Render, print and judge; end with exit code 1 where something is to mend."""
    logging.configure(logging.Level.DISABLED)
    plane = preview.plane(inputs(given), apis.packaged(), functions.installed(given))
    player = Player(plane)
    if given["until_ready"] and not given["output"]:
        paint.write(story.told(player, limit=given["steps"] or MAX_STEPS))
    else:
        player.play(given["steps"] or (MAX_STEPS if given["until_ready"] else 0))
        paint.write(printed(plane, given["output"] or "yaml", results=given["include_function_results"]))
        for line in verdict.complaints(plane) or (story.end(player) if given["until_ready"] else ()):
            click.echo(line, err=True)
    if not player.ready() if given["until_ready"] else verdict.complaints(plane):
        raise click.exceptions.Exit(1)


def printed(plane: Plane, how: str, *, results: bool = False) -> list[str]:
    """Return the lines of a control plane in one of the formats."""
    if how == "tree":
        return tree.drawn(plane).splitlines()
    return show.FORMATS[how](sections.sections(plane, results=results)).splitlines()


def _options() -> list[click.Parameter]:
    many = functools.partial(click.Option, multiple=True, metavar="PATH")
    steps = click.IntRange(0, MAX_STEPS)
    return [
        click.Argument(["paths"], nargs=-1, required=True, metavar="PATH..."),
        many(["--fleet"], help="The fleet: InferenceClusters, with a status or to be made. Repeatable."),
        many(["--required-resources"], help="What else functions ask for, as Secrets. Repeatable."),
        many(["--observed-resources"], help="What was composed before. Repeatable."),
        click.Option(["--include-function-results"], is_flag=True, help="Print what the functions told, as Results."),
        click.Option(["--until-ready"], is_flag=True, help="Play the fleet's answers, and print the timeline."),
        click.Option(["--steps"], type=steps, metavar="N", help="Play N steps of the fleet's answers."),
        click.Option(["-o", "--output"], type=click.Choice(FORMATS), help="How to print; yaml unless --until-ready."),
    ]


command = click.Command("render", callback=start, params=[*_options(), *functions.own_options()], help=HELP)
