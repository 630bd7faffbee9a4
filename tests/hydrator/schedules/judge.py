# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What must hold after every step of a schedule, read from the bytes and from nothing that we wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARKER = ".modelplane-hydrated"


def marked(root: Path) -> list[Path]:
    """Return every folder that has a marker, outside the working folder."""
    found = (one.parent for one in root.rglob(MARKER))
    return sorted(one for one in found if ".modelplane" not in one.relative_to(root).parts)


def lies(root: Path, files: Mapping[str, Mapping[str, bytes]]) -> list[str]:
    """Return every marker on something else than its commit's bytes."""
    wrong: list[str] = []
    for tree in marked(root):
        said = json.loads((tree / MARKER).read_text(encoding="utf-8"))
        wanted = files[said["commit"]]
        if {one["path"] for one in said["files"]} != set(wanted):
            wrong.append(f"{tree.name}: the manifest lists other files than the commit")
        wrong += [f"{tree.name}: {problem}" for problem in differences(tree, wanted)]
        if tree.parent.name == "trees" and not tree.name.endswith(f"-{said['commit'][:12]}"):
            wrong.append(f"{tree.name}: the marker speaks of {said['commit'][:12]}")
    return wrong


def differences(tree: Path, wanted: Mapping[str, bytes]) -> list[str]:
    """Return how a tree differs from a commit, files beside it not counted."""
    wrong: list[str] = []
    for path, content in wanted.items():
        try:
            found = (tree / path).read_bytes()
        except OSError as err:
            wrong.append(f"{path}: {err.strerror}")
            continue
        if found != content:
            wrong.append(f"{path}: other bytes")
    return wrong


def leaks(root: Path, *, expected: set[str]) -> list[str]:
    """Return everything on the volume that a success should not have left."""
    found = [one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()]
    top = {path.split("/")[0] for path in found} | {one.name for one in root.iterdir()}
    return sorted(name for name in top if name not in expected)
