# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every digest first, every tag last: a version that exists is whole, and is never changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from release import programs, staging
from release.errors import PackageError

DENIED = ("DENIED", "UNAUTHORIZED", "401", "403")


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
    expected = (*staging.MISSING, *DENIED)
    if done.code and not any(word in done.stderr for word in expected):
        raise PackageError(f"cannot reach the registry of {repository}: {done.last}")


def publish(artifacts: Sequence[Artifact], version: str) -> None:
    """Push everything by digest, refuse where a tag says something else, then tag, the Configuration last."""
    for artifact in artifacts:
        staging.crane("copy", artifact.staged, artifact.pinned, what=f"push to {artifact.repository}")
    untagged = [artifact for artifact in artifacts if not _tagged(artifact, version)]
    for artifact in untagged:
        staging.crane("tag", artifact.pinned, version, what=f"tag {artifact.repository}")


def _tagged(artifact: Artifact, version: str) -> bool:
    """Return whether a version exists with this content; raise where it has another."""
    found = staging.digest(f"{artifact.repository}:{version}")
    if found and found != artifact.digest:
        raise PackageError(
            f"cannot publish {version}: {artifact.repository}:{version} exists with other content ({found}); "
            "choose a new version"
        )
    return bool(found)
