# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a ModelCache stages, and the hashes that tell one staging from another."""

from dataclasses import dataclass
from functools import cached_property

from modelplane import names

_COMMIT_IN_TREE = 12
"""Digits of the commit in the name of a tree."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A repository and a selection of its files, as the user wrote them; what is absent is empty."""

    repo: str
    revision: str = ""
    endpoint: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    refresh: str = ""

    @cached_property
    def base(self) -> str:
        """Return the hash of what is fetched; trees of all its commits begin with it."""
        selection = (names.digest(*sorted(set(self.include))), names.digest(*sorted(set(self.exclude))))
        return names.digest(self.endpoint, self.repo, self.revision, *selection)

    @cached_property
    def hash(self) -> str:
        """Return the hash of what is wanted: another one looks at the branch again."""
        return names.digest(self.base, self.refresh)

    def tree(self, commit: str) -> str:
        """Return the tree that the hydrator publishes a commit as."""
        return f"{self.base}-{commit[:_COMMIT_IN_TREE]}"

    def job(self, *, commit: str, token: str, retry: str) -> str:
        """Return the hash of a Job: all that makes it another Job."""
        return names.digest(self.base, self.refresh, commit, token, retry)
