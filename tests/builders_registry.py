# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A registry that says no: it stands before a real one, and sends on everything that its rule does not refuse."""

import itertools
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from hub.answers import Answer, Request
from hub.faults import Fault
from hub.wire import Listener

Rule = Callable[[Request], bool]
WORD = "requested access to the resource is denied"


class Front:
    """A registry's address, what it was asked, and the rule that says what it refuses."""

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.rule: Rule = lambda _: False
        self.asked: list[Request] = []
        self.listener = Listener(self._answer, "127.0.0.1", 0)
        self.address = self.listener.url.removeprefix("http://")

    def written(self) -> list[Request]:
        """Return the requests that were to change something."""
        return [request for request in self.asked if request.method not in ("GET", "HEAD")]

    def _answer(self, request: Request) -> tuple[Answer, dict[str, Fault]]:
        self.asked.append(request)
        if self.rule(request):
            body = json.dumps({"errors": [{"code": "DENIED", "message": WORD}]})
            return Answer(HTTPStatus.FORBIDDEN, {"Content-Type": "application/json"}, body.encode()), {}
        return Answer(HTTPStatus.TEMPORARY_REDIRECT, {"Location": f"http://{self.behind}{request.target}"}), {}


@contextmanager
def front(behind: str) -> Generator[Front]:
    """Stand before a registry for as long as the block runs."""
    made = Front(behind)
    try:
        yield made
    finally:
        made.listener.close()


def pushes(request: Request) -> bool:
    """Return whether a manifest is put under its digest, which ends a push."""
    return request.method == "PUT" and "/manifests/sha256:" in request.path


def tags(request: Request) -> bool:
    """Return whether a tag is written."""
    return request.method == "PUT" and "/manifests/" in request.path and not pushes(request)


def from_the(nth: int, what: Rule) -> Rule:
    """Refuse the nth of something and every later one."""
    count = itertools.count(1)
    return lambda request: what(request) and next(count) >= nth


def empty_base(folder: Path) -> Path:
    """Return a root filesystem that has all that a build looks at."""
    interpreter = folder / "usr" / "bin" / "python3.11"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    return folder
