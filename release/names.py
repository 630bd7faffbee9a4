# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The repository of each package, and the name that Crossplane gives it once installed.

A Configuration cannot say how the functions that it depends on are called: Crossplane names a package that it
installs as a dependency after the package's repository. So a Composition of an installed Configuration has to call
its function by that name, which changes with the registry.
"""

import re
from collections.abc import Iterable

from release.errors import PackageError

LABEL = 63
SEPARATORS = "./:-"
HYDRATOR = "hydrator"


def configuration(registry: str, project: str) -> str:
    """Return the repository of the Configuration."""
    return f"{registry.rstrip('/')}/{project}"


def function(repository: str, name: str) -> str:
    """Return the repository of one of its functions, as the Crossplane CLI derives it too."""
    return f"{repository}_{name}"


def hydrator(repository: str) -> str:
    """Return the repository of the hydrator's image: beside the Configuration's."""
    return f"{repository.rpartition('/')[0]}/{HYDRATOR}"


def installed(repository: str) -> str:
    """Return the name that Crossplane gives a package that it installs from a repository as a dependency."""
    path = repository.partition("/")[2]
    kept = [
        letter if re.fullmatch("[a-z0-9]", letter) else "-"
        for i, letter in enumerate(path[:LABEL])
        if re.fullmatch("[a-z0-9]", letter) or (letter in SEPARATORS and i not in (0, LABEL - 1, len(path) - 1))
    ]
    return "".join(kept).strip("-")


def all_installed(repository: str, functions: Iterable[str]) -> dict[str, str]:
    """Return the installed name of each function; raise where two would be called the same."""
    out = {name: installed(function(repository, name)) for name in functions}
    for name, called in out.items():
        others = [other for other in out if other != name and out[other] == called]
        if others:
            raise PackageError(
                f"cannot package for {repository}: Crossplane would call {name} and {others[0]} both {called!r}; "
                "give a shorter --registry"
            )
    return out


def check(registry: str) -> None:
    """Refuse what is no registry with or without a path."""
    host, *path = registry.split("/")
    parts = all(re.fullmatch(r"[a-z0-9]+([._-]+[a-z0-9]+)*", part) for part in path)
    local = host.startswith("localhost") or ":" in host or "." in host
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host) or not local or not parts:
        raise PackageError(
            f"cannot publish to {registry!r}: give a registry and a path, such as ghcr.io/modelplane, in lower case"
        )
