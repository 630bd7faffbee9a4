# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The commit that is packaged."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from release import programs
from release.errors import PackageError

VERSION = re.compile(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True)
class Source:
    """What a package says of its origin."""

    version: str
    revision: str
    epoch: int
    changed: tuple[str, ...] = ()

    @property
    def created(self) -> str:
        """Its time, as the OCI image specification writes it."""
        return datetime.fromtimestamp(self.epoch, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(root: Path, version: str) -> Source:
    """Return the checked-out commit; SOURCE_DATE_EPOCH overrides its time."""
    if not VERSION.fullmatch(version):
        raise PackageError(f"cannot package version {version!r}: give a semantic version such as v0.1.0")
    git = [programs.path("git"), "-C", str(root)]
    what = "tell which commit is packaged"
    revision = programs.run([*git, "rev-parse", "HEAD"], what=what).strip()
    seconds = programs.run([*git, "log", "-1", "--format=%ct"], what=what).strip()
    changed = programs.run([*git, "status", "--porcelain"], what=what).splitlines()
    epoch = os.environ.get("SOURCE_DATE_EPOCH", seconds)
    if not epoch.isdecimal():
        raise PackageError(f"cannot read SOURCE_DATE_EPOCH={epoch!r}: give seconds since 1970")
    return Source(version, revision, int(epoch), tuple(line[3:] for line in changed))


def require_clean(source: Source) -> None:
    """Refuse what no commit says."""
    if source.changed:
        more = f" and {len(source.changed) - 1} more" if len(source.changed) > 1 else ""
        raise PackageError(
            f"cannot publish {source.version} from a changed tree: commit {source.changed[0]}{more}, "
            "or give --allow-dirty for a try"
        )
