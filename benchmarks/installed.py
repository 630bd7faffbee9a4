# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How large a distribution is once installed, with all that it depends on."""

import json
import pathlib
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from urllib.parse import urlparse

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from release.dependencies import NOT_SHIPPED

SDK = "crossplane-function-sdk-python"
LEFT_OUT = tuple(f"{name}/" for name in NOT_SHIPPED)
"""Folders that an image leaves out, since nothing of ours imports them."""
MIB = 1 << 20

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def size(name: str) -> float:
    """Return the size of a distribution's closure in MiB, without bytecode."""
    return sum(_own(found) for found in sorted(_closure(name))) / MIB


def _closure(name: str) -> set[str]:
    todo, seen = [name], set()
    while todo:
        found = todo.pop().lower().replace("_", "-")
        if found not in seen:
            seen.add(found)
            todo += _needed(found)
    return seen


def _needed(name: str) -> Iterator[str]:
    for line in metadata.requires(name) or ():
        spec, _, marker = line.partition(";")
        found = _NAME.match(spec)
        if found and "extra ==" not in marker and not _elsewhere(marker):
            yield found.group()


def _elsewhere(marker: str) -> bool:
    """Return whether a requirement is for another platform or an older Python; it is not installed here then."""
    return any(
        text in marker
        for text in ("win32", "Windows", "emscripten", 'python_version < "3.1', 'python_full_version < "3.1')
    )


def _own(name: str) -> int:
    found = metadata.distribution(name)
    told = found.read_text("direct_url.json")
    if told and json.loads(told).get("dir_info", {}).get("editable"):
        return _tree(pathlib.Path(urlparse(json.loads(told)["url"]).path))
    listed = (file for file in found.files or () if not str(file).endswith(".pyc"))
    paths = (pathlib.Path(str(file.locate())) for file in listed if not str(file).startswith(LEFT_OUT))
    return sum(path.stat().st_size for path in paths if path.is_file())


def _tree(project: pathlib.Path) -> int:
    """Return the size of the modules of an editable project."""
    root = project / "src" if (project / "src").is_dir() else project
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
