# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""`modelplane serve`: every installed function in one process, chosen by the composite's apiVersion and kind."""

from collections.abc import Mapping
from typing import Any

import click
from crossplane.function import cli
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import meta, paths, runtime
from modelplane.composed import Composed
from modelplane.errors import ModelplaneError
from modelplane.runtime import Compose

from modelplane_cli import apis, functions
from modelplane_cli.errors import BadInput


class UnknownKind(ModelplaneError):
    """A composite that no installed function composes."""


def chosen(serving: Mapping[tuple[str, str], Compose]) -> Compose:
    """Return one function that answers each composite as the function of its kind does."""

    def compose(req: fnv1.RunFunctionRequest) -> Composed:
        xr = req.observed.composite.resource
        api_version, kind = paths.text(xr, "apiVersion"), meta.kind(xr)
        if (api_version, kind) in serving:
            return serving[api_version, kind](req)
        served = ", ".join(sorted(f"{kind} ({version})" for version, kind in serving))
        asked = f"{kind or 'a composite without kind'} ({api_version or 'no apiVersion'})"
        raise UnknownKind(f"cannot compose {asked}: this server composes {served}")

    return compose


def start(**given: Any) -> None:  # noqa: ANN401  click passes what the options declare
    """Serve every installed function in one process; the composite's kind decides which one answers."""
    own = {option.name for option in functions.own_options()}
    settings = {name: given.pop(name) for name in list(given) if name in own}
    if not given["insecure"] and not given["tls_certs_dir"]:
        raise BadInput("cannot serve without credentials: give --tls-certs-dir DIR, or --insecure to do without")
    serving = functions.serving(apis.packaged(), functions.installed(settings))
    click.echo(f"serving {', '.join(kind for _, kind in serving)} on {given['address']}", err=True)
    runtime.serve(chosen(serving), **given)


def _command() -> click.Command:
    defaults = {"default_map": {"max_recv_message_size": runtime.MAX_RECEIVE_MIB}}
    made = click.command("serve", help=start.__doc__, context_settings=defaults)(cli.standard_options(start))
    made.params.extend(functions.own_options())
    return made


command = _command()
