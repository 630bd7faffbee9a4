# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a local Hub answers: routes and refusals, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.repos import Blob, Repo


@dataclass(frozen=True)
class Request:
    """One request, as far as a Hub cares."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """Return the path as it was sent, still quoted."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Return the query's parameters, the last of repeated ones."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def token(self) -> str:
        """Return the bearer token."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """Status, headers and a body: bytes, or a blob of which a range may be sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    blob: Blob | None = None


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """Return an error as the Hub words it."""
    said = {"X-Error-Message": message, "Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
    extra = {name.replace("_", "-").title(): value for name, value in headers.items() if value}
    return Answer(status, said | extra, json.dumps({"error": message}).encode())


def access(repo: Repo | None, request: Request, tokens: Mapping[str, bool]) -> Answer | None:
    """Return why a request may not see a repository, nothing where it may; tokens tell who accepted the terms."""
    if request.token and request.token not in tokens:
        return refusal(401, "", "Invalid credentials in Authorization header")
    if repo is None or (repo.private and not request.token):
        if request.token:
            return refusal(404, "RepoNotFound", "Repository not found")
        return refusal(401, "RepoNotFound", "Invalid username or password.")
    if repo.gated and not tokens.get(request.token, False):
        return refusal(403 if request.token else 401, "GatedRepo", f"Access to model {repo.name} is restricted.")
    return None


def info(repo: Repo, revision: str) -> Answer:
    """Return what the API says of a repository at a revision."""
    sha = repo.resolve(revision)
    if not sha:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    said = {
        "_id": repo.name,
        "id": repo.name,
        "modelId": repo.name,
        "sha": sha,
        "private": repo.private,
        "gated": "auto" if repo.gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [{"rfilename": path} for path in repo.commits[sha]],
    }
    return listing(said)


def tree(repo: Repo, revision: str, request: Request, *, base: str, page: int) -> Answer:
    """Return one page of a commit's files and folders."""
    sha = repo.resolve(revision)
    if not sha:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    files = repo.commits[sha]
    folders = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
    items = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": path} for path in sorted(folders)]
    items += [file(path, found) for path, found in files.items()]
    start = int(request.query.get("cursor", "0"))
    answer = listing(items[start : start + page])
    if start + page < len(items):
        link = f"{base}/api/models/{repo.name}/tree/{sha}?recursive=True&cursor={start + page}"
        answer.headers["Link"] = f'<{link}>; rel="next"'
    return answer


def file(path: str, found: Blob) -> dict[str, Any]:
    """Return one file of a listing."""
    said: dict[str, Any] = {"type": "file", "oid": found.oid, "size": found.size, "path": path}
    if found.lfs:
        said["lfs"] = {"oid": found.sha256, "size": found.size, "pointerSize": len(found.pointer)}
    return said


def resolve(repo: Repo, revision: str, path: str, *, cdn: str) -> Answer:
    """Return a small file, or where a large one is."""
    sha = repo.resolve(revision)
    if not sha:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    found = repo.commits[sha].get(path)
    if found is None:
        return refusal(404, "EntryNotFound", "Entry not found", x_repo_commit=sha)
    said = {"X-Repo-Commit": sha, "ETag": f'"{found.etag}"', "Accept-Ranges": "bytes"}
    if not found.lfs:
        return Answer(200, said, blob=found)
    said |= {"X-Linked-Etag": f'"{found.sha256}"', "X-Linked-Size": str(found.size)}
    return Answer(
        302, said | {"Location": f"{cdn}/{repo.name}/{found.sha256}?name={quote(path, safe='')}&Signature=s3cret"}
    )


def listing(said: object) -> Answer:
    """Return JSON."""
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())


def words(path: str) -> list[str]:
    """Return a path's parts, unquoted one by one."""
    return [unquote(part) for part in path.strip("/").split("/")]
