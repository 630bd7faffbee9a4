# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every tag is read, every digest pushed, every tag written: a version that exists is whole, and is never changed."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from release import programs, staging
from release.errors import PackageError

HIDDEN = (*staging.MISSING, "DENIED", "UNAUTHORIZED", "401 Unauthorized", "403 Forbidden")
"""What a registry may say of a repository that the first push makes."""


@dataclass(frozen=True)
class Artifact:
    """Something that is published: where it is staged, by digest, and where it belongs."""

    staged: str
    repository: str

    @property
    def digest(self) -> str:
        """Its digest."""
        return self.staged.partition("@")[2]

    @property
    def pinned(self) -> str:
        """Its name by digest."""
        return f"{self.repository}@{self.digest}"


def check(repository: str, version: str) -> None:
    """Refuse a registry that does not answer, before anything is built."""
    done = programs.attempt([programs.path("crane"), "digest", f"{repository}:{version}"])
    if done.code and not any(word in done.last for word in HIDDEN):
        raise PackageError(f"cannot reach the registry of {repository}: {done.last}")


def publish(artifacts: Sequence[Artifact], version: str) -> None:
    """Push by digest what is not tagged, then tag it, the Configuration last; a version that is taken gets nothing."""
    unpushed = _untagged(artifacts, version, absent=HIDDEN)
    with _resumable(version):
        for artifact in unpushed:
            staging.crane("copy", artifact.staged, artifact.pinned, what=f"push to {artifact.repository}")
    untagged = _untagged(artifacts, version, absent=staging.MISSING)
    with _resumable(version):
        for artifact in untagged:
            staging.crane("tag", artifact.pinned, version, what=f"tag {artifact.repository}")


def _untagged(artifacts: Sequence[Artifact], version: str, *, absent: Sequence[str]) -> list[Artifact]:
    """Return what has no tag yet; raise where one has other content."""
    with _resumable(version):
        found = [staging.digest(f"{artifact.repository}:{version}", absent=absent) for artifact in artifacts]
    for artifact, digest in zip(artifacts, found, strict=True):
        if digest not in ("", artifact.digest):
            raise PackageError(
                f"cannot publish {version}: {artifact.repository}:{version} exists with other content ({digest}); "
                "choose a new version"
            )
    return [artifact for artifact, digest in zip(artifacts, found, strict=True) if not digest]


@contextmanager
def _resumable(version: str) -> Generator[None]:
    """Say that what a registry refused leaves nothing to clear away."""
    try:
        yield
    except PackageError as err:
        raise PackageError(f"{err}; once that is solved, run the same command again, which finishes {version}") from err
