# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The rig's own command; no part of the user's CLI."""

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import click
from e2e.rig import cases, fleet, images, layout, machine, packages, tools
from e2e.rig import load as loading
from e2e.rig.errors import RigError
from e2e.rig.kube import ApiError

START = time.monotonic()


def say(line: str) -> None:
    """Print a line, and after how many seconds."""
    click.echo(f"{time.monotonic() - START:4.0f} s  {line}")


@click.group()
def rig() -> None:
    """Run a real fleet on this machine."""


@rig.command()
@click.argument("names", nargs=-1)
def build(names: tuple[str, ...]) -> None:
    """Build the pinned tools that are missing from the cache."""
    tools.build(say=say, only=names)


@rig.command()
@click.argument("name")
def path(name: str) -> None:
    """Print where a built tool is."""
    click.echo(tools.binary(name))


@rig.command()
def up() -> None:
    """Start the fleet, or what of it does not run."""
    machine.check()
    with fleet.lock():
        fleet.up(say)


@rig.command()
def load() -> None:
    """Load the kinds, compositions, functions and clusters into the control plane."""
    with fleet.lock():
        loading.load(say)
        loading.registered(say)


@rig.command()
def down() -> None:
    """Stop the fleet and leave nothing behind."""
    with fleet.lock():
        fleet.down(say)
        left = fleet.leftovers()
    if left:
        raise RigError(f"cannot remove all of the fleet: {left[0]} is still there, and {len(left) - 1} more")


@rig.command()
def status() -> None:
    """Print every program of the fleet and whether it runs."""
    rows = fleet.status()
    for name, state in rows:
        click.echo(f"{name:32} {state}")
    if not rows:
        click.echo("nothing runs; start it with: scripts/rig up")


@rig.command()
@click.argument("cluster", type=click.Choice(sorted(layout.CLUSTER_PORTS)), default=layout.CONTROL)
def kubeconfig(cluster: str) -> None:
    """Print the path of a cluster's kubeconfig."""
    click.echo(layout.cluster(cluster).kubeconfig)


@rig.command()
@click.argument("name")
def logs(name: str) -> None:
    """Print what a program of the fleet wrote."""
    log = layout.plane().processes.log(name)
    if not log.exists():
        known = ", ".join(sorted(p.stem for p in log.parent.glob("*.log"))) or "none yet"
        raise RigError(f"cannot show the log of {name}: the rig has {known}")
    click.echo(log.read_text(errors="replace"), nl=False)


@rig.command()
@click.option("--only", default="", help="Run the cases whose name matches, as pytest's -k.")
@click.option("--keep", is_flag=True, help="Leave the fleet running afterwards.")
def test(only: str, *, keep: bool) -> None:
    """Build what is missing, start the fleet, run the end-to-end cases, and print one table."""
    machine.check()
    with fleet.lock():
        fleet.up(say)  # takes down itself what it could not start
        try:
            images.base(say)  # loading and packaging both need it, and make it where it is missing
            with ThreadPoolExecutor(1) as pool:  # beside the load, which leaves half of two processors idle
                first = None if only else pool.submit(packages.published, packages.OLD, say)
                loading.load(say)
                code = cases.run(only, say)
            if first:
                first.result()
            if keep and code == 0:
                loading.registered(say)  # the last case takes the cluster's Gateway away
        finally:
            if not keep:
                fleet.down(say)
    sys.exit(code)


def main() -> None:
    """Run the command; what the rig cannot do is one line on stderr. SIGTERM and SIGHUP break off as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.default_int_handler)
    try:
        rig(standalone_mode=True)
    except (RigError, ApiError, AssertionError, OSError) as err:
        click.echo(f"rig: {err}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
