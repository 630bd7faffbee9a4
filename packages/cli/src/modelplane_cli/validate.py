# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Check manifests of our kinds offline: what the API server or a function would refuse, with place and fix."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import click
from modelplane.paths import Manifest

from modelplane_cli import apis, cel, checks, crd, load, schema, structure
from modelplane_cli.errors import BadInput
from modelplane_cli.faults import Fault, dotted

GROUP = "modelplane.ai"


@dataclass(frozen=True)
class Report:
    """One line for each fault, in the order of the manifests, and how many manifests were read."""

    errors: tuple[str, ...] = ()
    checked: int = 0
    skipped: int = 0


def report(docs: Iterable[load.Document], known: apis.Apis) -> Report:
    """Check every manifest of a kind of ours, and count those of other kinds."""
    every = list(docs)
    ours = [doc for doc in every if is_ours(doc.body["apiVersion"])]
    errors = tuple(line for doc in ours for line in lines(doc, known))
    return Report(errors=errors, checked=len(ours), skipped=len(every) - len(ours))


def is_ours(api_version: str) -> bool:
    """Return whether an apiVersion is of one of our groups."""
    group = api_version.rpartition("/")[0]
    return group == GROUP or group.endswith(f".{GROUP}")


def lines(doc: load.Document, known: apis.Apis) -> list[str]:
    """Return one line for each fault of a manifest, by its place in the file."""
    body = doc.body
    api = known.get((body["apiVersion"], body["kind"]))
    if api is None:
        return [f"{doc.where}: {_unknown(body['apiVersion'], body['kind'], known)}"]
    found = faults(body, api) or checks.faults(structure.defaulted(body, api.schema))
    placed = sorted((doc.line_of(*fault.path), dotted(fault.path), fault.message) for fault in found)
    subject = f"{body['kind']} {_name(body)}".strip()
    return [f"{doc.path}:{line}: {subject}: {field}: {message}" for line, field, message in placed]


def faults(body: Manifest, api: apis.Api, *, old: Manifest | None = None) -> list[Fault]:
    """Return what the schema and its rules refuse in an object; some rules also compare with an old one."""
    full = crd.schema(api.schema, namespaced=api.namespaced)
    whole = structure.defaulted(body, full)
    found = tuple(schema.faults(whole, full))
    former = None if old is None else structure.defaulted(old, full)
    return [*found, *cel.faults(whole, full, old=former, known=found)]


def _name(body: Manifest) -> str:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    return "/".join(str(metadata[key]) for key in ("namespace", "name") if metadata.get(key))


def _unknown(api_version: str, kind: str, known: apis.Apis) -> str:
    kinds = sorted(other for version, other in known if version == api_version)
    if not kinds:
        versions = sorted({version for version, _ in known})
        return f"{kind}: apiVersion {api_version} is not known; write {' or '.join(versions)}"
    close = difflib.get_close_matches(kind, kinds, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the kinds are {', '.join(kinds)}"
    return f"{kind}: {api_version} has no such kind; {hint}"


@click.command(name="validate")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
    """Check manifests against Modelplane's APIs, without a cluster.

    PATH is a file, a folder, or "-" for standard input. Each error is one line with file, line, field and fix.
    """
    docs, unread = _read(paths)
    done = report(docs, apis.packaged())
    for line in (*unread, *done.errors):
        click.echo(line)
    errors = len(unread) + len(done.errors)
    skipped = f", {done.skipped} of other kinds skipped" if done.skipped else ""
    click.echo(f"{_count(errors, 'error')} in {_count(done.checked, 'manifest')}{skipped}", err=True)
    if errors:
        raise click.exceptions.Exit(1)


def _read(paths: tuple[str, ...]) -> tuple[list[load.Document], list[str]]:
    """Return every manifest that can be read, and a line for each path that cannot."""
    docs: list[load.Document] = []
    unread: list[str] = []
    for path in paths:
        try:
            docs += load.documents([path])
        except BadInput as err:
            unread.append(err.message)
    return docs, unread


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
