# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The command line: flags and environment become one frozen Options."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from modelplane_hydrator import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PUBLIC_ENDPOINT = "https://huggingface.co"
TRUE = frozenset({"1", "on", "yes", "true"})
REPO = re.compile(r"([A-Za-z0-9_][\w.-]*/)?[A-Za-z0-9_][\w.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}")
TREE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
JOB = re.compile(r"[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9.-]*")
CONNECTIONS = range(1, 65)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a run is told."""

    repo: str
    revision: str = "main"
    commit: str = ""
    endpoint: str = PUBLIC_ENDPOINT
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    volume: Path | None = None
    tree: str = ""
    dest: Path | None = None
    keep: tuple[str, ...] = ()
    sweep: bool = False
    plan: bool = False
    verify: bool = False
    offline: bool = False
    token: str = ""
    report_job: str = ""
    service_account: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    termination_log: Path = Path("/dev/termination-log")
    connections: int = 8


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are InvalidArguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would have printed over two lines."""
        raise errors.InvalidArgumentsError(f"cannot read the flags: {message}; see modelplane-hydrate --help")


DESCRIPTION = """\
Stage one commit of a Hugging Face model in a directory, every byte verified.

The directory appears complete or not at all, by one rename, with a manifest inside
(.modelplane-hydrated). Kill it at any time and run it again: it goes on where it stopped,
and a run that finds everything there ends at once."""

EXAMPLES = """\
examples:
  modelplane-hydrate --repo Qwen/Qwen2.5-7B-Instruct --dest ./models
  modelplane-hydrate --repo OWNER/NAME --dest ./models --include '*.safetensors' --include '*.json'
  modelplane-hydrate --repo OWNER/NAME --dest ./models --plan      (what would be fetched)
  modelplane-hydrate --repo OWNER/NAME --dest ./models --verify    (hash what is there, mend it)
  HF_TOKEN=hf_... modelplane-hydrate --repo OWNER/PRIVATE --dest ./models

environment:
  HF_TOKEN          the token; no other place is searched for one
  HF_ENDPOINT       the source, where --endpoint is not given
  HF_HUB_OFFLINE    1: never use the network
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
  SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE
                    certificate authorities to trust instead of the system's

exit codes, * where trying again needs a person first:
"""


def exit_codes() -> str:
    """Return the exit codes as the help shows them."""
    rows = [f"{kind.exit_code:>3} {kind.reason}{'*' if kind.permanent else ''}" for kind in errors.REASONS]
    cells = ["  0 done", *rows]
    lines = ["".join(f"  {cell:<24}" for cell in cells[i : i + 3]).rstrip() for i in range(0, len(cells), 3)]
    return "\n".join(lines)


def parser() -> Parser:
    """Return the parser of modelplane-hydrate."""
    made = Parser(
        prog="modelplane-hydrate",
        description=DESCRIPTION,
        epilog=EXAMPLES + exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    source = made.add_argument_group("what")
    source.add_argument("--repo", required=True, metavar="OWNER/NAME", help="the model repository")
    source.add_argument("--revision", default="main", help="branch, tag or commit (default: main)")
    source.add_argument("--commit", default="", metavar="SHA", help="exactly this commit, whatever --revision says")
    source.add_argument(
        "--include", action="append", default=[], metavar="PATTERN", help="only paths that match, fnmatch; repeatable"
    )
    source.add_argument(
        "--exclude", action="append", default=[], metavar="PATTERN", help="no paths that match; repeatable"
    )
    source.add_argument(
        "--endpoint", default="", metavar="URL", help=f"a Hub-compatible source (default: {PUBLIC_ENDPOINT})"
    )
    _add_target(made)
    _add_mode(made)
    return made


def _add_target(made: Parser) -> None:
    """Add the flags that say where the files go."""
    target = made.add_argument_group("where")
    target.add_argument("--dest", type=Path, metavar="DIR", help="publish DIR itself")
    target.add_argument("--volume", type=Path, metavar="DIR", help="publish DIR/trees/NAME-<12 of the commit>")
    target.add_argument("--tree", default="", metavar="NAME", help="NAME of --volume")
    target.add_argument(
        "--keep",
        action="append",
        default=None,
        metavar="TREE",
        help="with --volume: remove every other tree but the wanted one; repeatable, '' for none",
    )


def _add_mode(made: Parser) -> None:
    """Add the flags that say how."""
    mode = made.add_argument_group("how")
    which = mode.add_mutually_exclusive_group()
    which.add_argument("--plan", action="store_true", help="print files, bytes and commit, and stop")
    which.add_argument("--verify", action="store_true", help="hash what is there and fetch only what differs")
    mode.add_argument(
        "--connections", type=int, default=8, metavar="N", help="connections at once, 1 to 64 (default: 8)"
    )
    mode.add_argument(
        "--report-job",
        default="",
        metavar="NAMESPACE/NAME",
        help="the Job whose annotation modelplane.ai/progress tells the progress",
    )
    mode.add_argument(
        "--service-account",
        type=Path,
        default=Options.service_account,
        metavar="DIR",
        help="token and CA for --report-job (default: %(default)s)",
    )
    mode.add_argument(
        "--termination-log",
        type=Path,
        default=Options.termination_log,
        metavar="FILE",
        help="where the reason goes, if the file exists (default: %(default)s)",
    )


def options(argv: Sequence[str], env: Mapping[str, str]) -> Options:
    """Return what flags and environment ask for, or raise InvalidArguments."""
    given = parser().parse_args(argv)
    made = Options(
        repo=given.repo,
        revision=given.revision,
        commit=given.commit.lower(),
        endpoint=(given.endpoint or env.get("HF_ENDPOINT") or PUBLIC_ENDPOINT).rstrip("/"),
        include=tuple(given.include),
        exclude=tuple(given.exclude),
        volume=given.volume,
        tree=given.tree,
        dest=given.dest,
        keep=tuple(name for name in given.keep or () if name),
        sweep=given.keep is not None,
        plan=given.plan,
        verify=given.verify,
        offline=any(env.get(name, "").lower() in TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
        token=env.get("HF_TOKEN", "").strip(),
        report_job=given.report_job,
        service_account=given.service_account,
        termination_log=given.termination_log,
        connections=given.connections,
    )
    for wrong, message in complaints(made):
        if wrong:
            raise errors.InvalidArgumentsError(message)
    return made


def complaints(made: Options) -> list[tuple[bool, str]]:
    """Return every check on the flags with the line to print where it fails."""
    target = bool(made.volume) + bool(made.dest)
    return [
        (not REPO.fullmatch(made.repo) or ".." in made.repo, f"cannot use --repo {made.repo!r}: OWNER/NAME or NAME"),
        (not made.revision.strip(), "cannot use an empty --revision: name a branch, a tag or a commit"),
        (
            bool(made.commit) and not COMMIT.fullmatch(made.commit),
            f"cannot use --commit {made.commit!r}: write all 40 hex digits",
        ),
        (target > 1, "cannot use --dest and --volume together: give one"),
        (
            target == 0 and not made.plan,
            "cannot tell where the files go: give --dest DIR, or --volume DIR with --tree NAME",
        ),
        (bool(made.volume) != bool(made.tree), "cannot use --volume without --tree, nor --tree without --volume"),
        (
            bool(made.tree) and not TREE.fullmatch(made.tree),
            f"cannot use --tree {made.tree!r}: letters, digits, '.', '_' and '-' only",
        ),
        (made.sweep and not made.volume, "cannot use --keep without --volume"),
        (
            any(not TREE.fullmatch(name) for name in made.keep),
            "cannot use --keep: write the name of a tree, not a path",
        ),
        (made.connections not in CONNECTIONS, f"cannot use --connections {made.connections}: 1 to 64"),
        (
            bool(made.report_job) and not JOB.fullmatch(made.report_job),
            f"cannot use --report-job {made.report_job!r}: write NAMESPACE/NAME",
        ),
        (
            not usable(made.endpoint),
            "cannot use the endpoint: write http(s)://HOST[:PORT][/PATH], without user, query or fragment",
        ),
        (
            any(mark in made.token for mark in "\r\n") or not made.token.isascii(),
            "cannot use HF_TOKEN: it holds characters that no token has",
        ),
    ]


def usable(endpoint: str) -> bool:
    """Whether a URL can be an endpoint."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain and port != 0


def options_here(argv: Sequence[str]) -> Options:
    """Return what these flags and this process's environment ask for."""
    return options(argv, os.environ)
