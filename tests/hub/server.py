# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A local Hub and its CDN, each on its own port, so that a token which strays is seen."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from hub import answers
from hub.answers import Answer, Request, words
from hub.faults import Fault, Faults
from hub.wire import Listener

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.repos import Blob, Repo

PAGE = 1000
RESOLVE_PARTS = 5


@dataclass(frozen=True)
class Seen:
    """One request that came in."""

    route: str
    method: str
    path: str
    range: str
    authorized: bool
    status: int


class Hub:
    """A Hub that serves until it is closed."""

    def __init__(
        self,
        repos: Iterable[Repo],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tokens: Mapping[str, bool] | None = None,
        page: int = PAGE,
    ) -> None:
        self.repos = {repo.name: repo for repo in repos}
        self.tokens = dict(tokens or {})
        self.page = page
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.cdn = Listener(self._cdn, host, 0)
        self.main = Listener(self._main, host, port)
        self.url = self.main.url

    def close(self) -> None:
        """Stop serving."""
        self.main.close()
        self.cdn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _log(self, route: str, request: Request, answer: Answer) -> Answer:
        """Remember a request and the status that it gets, a range counted as 200."""
        asked = request.headers.get("range", "")
        seen = Seen(route, request.method, request.path, asked, bool(request.token), answer.status)
        with self.lock:
            self.seen.append(seen)
        return answer

    def _main(self, request: Request) -> tuple[Answer, dict[str, Fault]]:
        """Answer a request to the Hub itself."""
        parts = words(request.path)
        if parts[0] == "-":
            return self._control(parts[1:], request), {}
        route = route_of(parts)
        met = self.faults.take(route, "/".join(parts))
        answer = played(met, self.repos) or self._route(route, parts, request)
        return self._log(route, request, answer), met

    def _route(self, route: str, parts: list[str], request: Request) -> Answer:
        """Answer by route."""
        api = route in {"info", "tree"}
        name = "/".join(parts[2:4] if api else parts[:2])
        repo = self.repos.get(name)
        refused = access(route, repo, request, self.tokens)
        if refused is not None or repo is None:
            return refused or answers.refusal(404, "", "Not found")
        if route == "info":
            return answers.info(repo, parts[5] if len(parts) > RESOLVE_PARTS else "main")
        if route == "tree":
            return answers.tree(repo, parts[5], request, base=self.url, page=self.page)
        return answers.resolve(repo, parts[3], "/".join(parts[4:]), cdn=self.cdn.url)

    def _cdn(self, request: Request) -> tuple[Answer, dict[str, Fault]]:
        """Answer a request to the CDN."""
        met = self.faults.take("cdn", request.query.get("name", ""))
        answer = played(met, self.repos) or self._signed(request)
        return self._log("cdn", request, answer), met

    def _signed(self, request: Request) -> Answer:
        """Return a large file to whoever has its signed address."""
        owner, name, sha256 = words(request.path)
        found = self._blob(f"{owner}/{name}", sha256)
        if found is None or request.query.get("Signature") != "s3cret":
            return answers.refusal(403, "", "Request has expired")
        return Answer(200, {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}, blob=found)

    def _blob(self, name: str, sha256: str) -> Blob | None:
        """Return a large file of a repository by its digest."""
        commits = self.repos[name].commits.values() if name in self.repos else ()
        return next((one for files in commits for one in files.values() if one.sha256 == sha256), None)

    def _control(self, parts: list[str], request: Request) -> Answer:
        """Do what a test in another process asks for."""
        if parts == ["faults"]:
            self.faults.clear()
            self.faults.add(json.loads(request.body or b"[]"))
        elif parts == ["branch"]:
            said = json.loads(request.body)
            self.repos[said["repo"]].branches[said.get("branch", "main")] = said["commit"]
        elif parts == ["tokens"]:
            self.tokens = json.loads(request.body)
        elif parts != ["seen"]:
            return answers.refusal(404, "", "Not found")
        return answers.listing([asdict(one) for one in self.seen])


def access(route: str, repo: Repo | None, request: Request, tokens: Mapping[str, bool]) -> Answer | None:
    """Return why a request is refused; a gated repository still tells its commit and its files' names."""
    refused = answers.access(repo, request, tokens)
    gated = refused is not None and refused.headers.get("X-Error-Code") == "GatedRepo"
    return None if gated and route in {"info", "tree"} else refused


def route_of(parts: list[str]) -> str:
    """Return what a path asks for."""
    if parts[:2] == ["api", "models"]:
        return "tree" if len(parts) > RESOLVE_PARTS and parts[4] == "tree" else "info"
    return "resolve" if len(parts) >= RESOLVE_PARTS and parts[2] == "resolve" else "other"


def played(met: Mapping[str, Fault], repos: Mapping[str, Repo]) -> Answer | None:
    """Return the answer that a fault gives instead, after moving what a fault moves."""
    if move := met.get("move"):
        for repo in repos.values():
            if move.code in repo.commits:
                repo.branches["main"] = move.code
    if status := met.get("status"):
        return answers.refusal(int(status.value), status.code, "As a fault has it", retry_after=status.retry_after)
    if "html" in met:
        return Answer(200, {"Content-Type": "text/html"}, b"<html>Please log in to this network</html>")
    return None
