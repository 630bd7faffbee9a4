# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""One file's bytes at one commit: ranged requests, pinned, redirected without the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from modelplane_hydrator import errors, http1, refusals, retry
from modelplane_hydrator.network import Origin, split

if TYPE_CHECKING:
    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.network import Network
    from modelplane_hydrator.plan import Entry

PARTIAL, OK = 206, 200
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HOPS = 6
AGENT = "modelplane-hydrator"


class RetryError(Exception):
    """A request that failed in a way that another one may not, after the wait that was asked for."""

    def __init__(self, problem: errors.TransientError, asked: float | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.asked = asked


@dataclass
class Answer:
    """The body of a request that succeeded; whole where the source ignored the range."""

    body: http1.Body
    whole: bool


class Source:
    """Where the bytes of one commit come from; shared by threads, which bring their own connections."""

    def __init__(self, options: Options, network: Network, commit: str) -> None:
        self.options = options
        self.network = network
        self.commit = commit
        self.home, _ = split(options.endpoint)
        self.signed: dict[str, str] = {}

    def url(self, entry: Entry) -> str:
        """Return the address of a file at the commit."""
        return f"{self.options.endpoint}/{self.options.repo}/resolve/{self.commit}/{quote(entry.path, safe='/')}"

    def get(self, lines: Lines, entry: Entry, start: int, end: int) -> Answer:
        """Ask for a range of a file and check that the answer is about it."""
        url = self.signed.get(entry.path) or self.url(entry)
        for _ in range(HOPS):
            head, body, origin = self._ask(lines, url, start, end, entry.size)
            if head.status in REDIRECTS:
                body.drop()
                self._pinned(head, entry)
                url = urljoin(url, head.headers.get("location", ""))
                if split(url)[0] != self.home:
                    self.signed[entry.path] = url
                continue
            if head.status >= refusals.FAILED:
                body.drop()
                raise self._refused(head, entry, origin)
            self._pinned(head, entry)
            return self._framed(head, body, entry, start, end)
        raise RetryError(self._broken(entry, "redirects without end"))

    def _ask(self, lines: Lines, url: str, start: int, end: int, size: int) -> tuple[http1.Head, http1.Body, Origin]:
        """Send one request; only the endpoint itself gets to see the token."""
        origin, target = split(url)
        headers = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        if size:
            headers["Range"] = f"bytes={start}-{end - 1}"
        if self.options.token and origin == self.home:
            headers["Authorization"] = f"Bearer {self.options.token}"
        try:
            head, body = lines.to(origin).ask("GET", target, headers)
        except (http1.BrokenError, OSError) as err:
            lines.drop(origin)
            problem = http1.trouble(err, origin)
            raise (RetryError(problem) if isinstance(problem, errors.TransientError) else problem) from err
        return head, body, origin

    def _refused(self, head: http1.Head, entry: Entry, origin: Origin) -> Exception:
        """Return what a refusal means: a signed address that expired is only asked for again."""
        wait = retry.asked(head.headers)
        if self.signed.pop(entry.path, None) is not None or origin != self.home:
            limited = head.status == refusals.TOO_MANY
            kind = errors.RateLimitedError if limited else errors.SourceUnavailableError
            return RetryError(
                kind(f"cannot read {entry.path}: {origin.authority} answers {head.status}; run again later"), wait
            )
        problem = refusals.refusal(head, self.options, listing=False)
        return RetryError(problem, wait) if isinstance(problem, errors.TransientError) else problem

    def _pinned(self, head: http1.Head, entry: Entry) -> None:
        """Raise where the endpoint speaks of another commit, another size or other bytes."""
        said = head.headers
        tag = said.get("x-linked-etag", "").strip('W/"')
        size = head.number("x-linked-size")
        wrong = (
            said.get("x-repo-commit", self.commit) != self.commit
            or (bool(tag) and len(tag) == len(entry.digest) and tag != entry.digest)
            or (size is not None and size != entry.size)
        )
        if wrong:
            self.signed.pop(entry.path, None)
            raise RetryError(self._broken(entry, "answers for another commit"))

    def _framed(self, head: http1.Head, body: http1.Body, entry: Entry, start: int, end: int) -> Answer:
        """Return the body, once its headers promise the bytes that were asked for."""
        length = head.number("content-length")
        whole = head.status == OK
        span = f"bytes {start}-{end - 1}/{entry.size}"
        count = entry.size if whole else end - start
        sound = head.status in {OK, PARTIAL} and (whole or head.headers.get("content-range", "") == span)
        encoded = head.headers.get("content-encoding", "identity") != "identity"
        if encoded or not sound or (length is not None and length != count):
            self.signed.pop(entry.path, None)
            body.drop()
            body.connection.close()
            raise RetryError(self._broken(entry, "promises other bytes than were asked for"))
        return Answer(body, whole)

    def _broken(self, entry: Entry, what: str) -> errors.SourceUnavailableError:
        """Return the error for an answer that is no use."""
        return errors.SourceUnavailableError(f"cannot read {entry.path}: the source {what}; run again later")


class Lines:
    """One thread's open connections."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.open: dict[Origin, http1.Connection] = {}

    def to(self, origin: Origin) -> http1.Connection:
        """Return the connection to an origin."""
        return self.open.setdefault(origin, http1.Connection(self.network, origin))

    def drop(self, origin: Origin) -> None:
        """Close the connection to an origin."""
        self.to(origin).close()

    def cut(self) -> None:
        """Wake the thread that waits on these connections."""
        for connection in tuple(self.open.values()):
            connection.cut()

    def close(self) -> None:
        """Close every connection."""
        for connection in self.open.values():
            connection.close()
