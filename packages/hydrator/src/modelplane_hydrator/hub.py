# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a Hub says of a repository: its commit and the commit's files, through huggingface_hub's API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelplane_hydrator import errors
from modelplane_hydrator.flags import COMMIT
from modelplane_hydrator.plan import GIT, SHA256, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    from modelplane_hydrator.api import Api
    from modelplane_hydrator.flags import Options

NONSENSE = (ValueError, TypeError, KeyError, AttributeError, OSError)


class Hub:
    """One repository's view of a source; importing its client takes half a second, so only where it is needed."""

    def __init__(self, options: Options, api: Api) -> None:
        self.options = options
        self.client = client(options, api)

    def commit(self) -> str:
        """Return the commit that the revision names now, unless one is pinned."""
        if self.options.commit:
            return self.options.commit
        try:
            sha = self.client.model_info(self.options.repo, revision=self.options.revision).sha or ""
        except NONSENSE as err:
            raise self._nonsense() from err
        if not COMMIT.fullmatch(sha):
            raise self._nonsense()
        return sha

    def entries(self, commit: str) -> list[Entry]:
        """Return every file of a commit, all pages of them."""
        try:
            return list(self._entries(commit))
        except NONSENSE as err:
            raise self._nonsense() from err

    def _entries(self, commit: str) -> Iterator[Entry]:
        """Yield the files that the API lists."""
        from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415 - half a second, only where it is needed

        for item in self.client.list_repo_tree(self.options.repo, recursive=True, revision=commit):
            if isinstance(item, RepoFile):
                yield entry(item)

    def _nonsense(self) -> errors.HydrateError:
        """Return the error for an answer that no Hub gives."""
        return errors.SourceUnavailableError(
            f"cannot list {self.options.repo}: {self.options.endpoint} does not answer like a Hub; check --endpoint"
        )


def entry(item: RepoFile) -> Entry:
    """Return a listed file with the digest that its bytes must have."""
    if item.lfs is not None:
        return Entry(item.path, int(item.lfs.size), SHA256, item.lfs.sha256.removeprefix("sha256:").lower())
    return Entry(item.path, int(item.size), GIT, item.blob_id.lower())


def client(options: Options, api: Api) -> HfApi:
    """Return huggingface_hub's client over our transport, with no token but the given one."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import httpx2  # noqa: PLC0415 - see Hub
    from huggingface_hub import HfApi, set_client_factory  # noqa: PLC0415 - see Hub

    from modelplane_hydrator.transport import Transport  # noqa: PLC0415 - see Hub

    made = httpx2.Client(transport=Transport(api), follow_redirects=True, timeout=None)
    set_client_factory(lambda: made)
    return HfApi(endpoint=options.endpoint, token=options.token or False, library_name="modelplane-hydrator")
