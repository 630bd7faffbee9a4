# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Serve local repositories as a Hub: PYTHONPATH=tests python -m hub --repo OWNER/NAME=DIR --port 8080.

Point clients at it with HF_ENDPOINT. POST /-/faults takes a JSON list of faults (see hub.faults.Fault) and
replaces those that are pending, POST /-/branch {"repo", "branch", "commit"} moves a branch, POST /-/tokens
{"TOKEN": accepted} replaces the tokens, GET /-/seen tells the requests so far.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from hub.repos import LFS_OVER, Repo, folder
from hub.server import Hub


def parser() -> argparse.ArgumentParser:
    """Return the command's flags."""
    made = argparse.ArgumentParser(
        prog="hub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--repo",
        action="append",
        required=True,
        metavar="OWNER/NAME=DIR",
        help="repeat a name to add commits; the last one is main",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    made.add_argument("--token", action="append", default=[], help="a token that is valid and has accepted all terms")
    made.add_argument("--private", action="append", default=[], metavar="OWNER/NAME", help="hidden without a token")
    made.add_argument("--gated", action="append", default=[], metavar="OWNER/NAME", help="asks to accept terms")
    made.add_argument("--lfs-over", type=int, default=LFS_OVER, metavar="BYTES", help="larger files are on the CDN")
    return made


def main() -> None:
    """Serve until interrupted."""
    given = parser().parse_args()
    repos: dict[str, Repo] = {}
    for one in given.repo:
        name, _, where = one.partition("=")
        repo = repos.setdefault(name, Repo(name, private=name in given.private, gated=name in given.gated))
        sha = repo.commit(folder(Path(where)), lfs_over=given.lfs_over)
        sys.stdout.write(f"{name} {sha}\n")
    with Hub(repos.values(), host=given.host, port=given.port, tokens=dict.fromkeys(given.token, True)) as hub:
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
