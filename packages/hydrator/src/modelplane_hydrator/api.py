# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Requests to the source's API: our sockets, our retries, our errors."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from modelplane_hydrator import errors, http1, refusals, retry
from modelplane_hydrator.flags import COMMIT, PUBLIC_ENDPOINT
from modelplane_hydrator.network import Origin, split

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.network import Network
    from modelplane_hydrator.timing import Timing

ANSWER_MOST = 256 << 20
OURS = frozenset({"host", "connection"})


class Api:
    """Asks the source, again where that may help, and raises what a refusal means."""

    def __init__(self, options: Options, network: Network, timing: Timing, stop: threading.Event) -> None:
        self.options = options
        self.network = network
        self.timing = timing
        self.stop = stop
        self.deadline = time.monotonic() + timing.listing
        self.home, _ = split(options.endpoint)
        self.open: dict[Origin, http1.Connection] = {}

    def ask(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[http1.Head, bytes]:
        """Send a request until it is answered or the attempts are used up."""
        attempts = retry.Attempts(self.timing, self.stop)
        while True:
            if time.monotonic() > self.deadline:
                raise errors.StalledError("cannot list the repository: the source takes too long; run again later")
            wanted = None
            try:
                head, content = self._once(method, url, headers)
            except (http1.BrokenError, OSError) as err:
                self.close()
                problem = http1.trouble(err, split(url)[0])
            else:
                if head.status < refusals.FAILED:
                    return head, content
                problem, wanted = refusals.refusal(head, self.options, listing=True), retry.asked(head.headers)
            if not isinstance(problem, errors.TransientError):
                raise problem
            attempts.wait(problem, asked=wanted)

    def _once(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[http1.Head, bytes]:
        """Send a request and read the whole answer."""
        origin, target = self._place(url)
        sent = {name: value for name, value in headers.items() if name.lower() not in OURS}
        sent["accept-encoding"] = "identity"
        if origin != self.home:
            sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
        connection = self.open.setdefault(origin, http1.Connection(self.network, origin))
        head, body = connection.ask(method, target, sent)
        return head, body.read(ANSWER_MOST, until=self.deadline)

    def _place(self, url: str) -> tuple[Origin, str]:
        """Return where a request goes: a mirror's links to the public Hub stay on the mirror."""
        origin, target = split(url)
        public, _ = split(PUBLIC_ENDPOINT)
        if origin == public and self.home != public:
            return split(self.options.endpoint + target)
        return origin, target

    def close(self) -> None:
        """Drop every connection."""
        for connection in self.open.values():
            connection.close()

    def glance(self) -> str:
        """Return the commit that the revision names now if one plain request tells, without the API client."""
        options = self.options
        url = f"{options.endpoint}/api/models/{options.repo}/revision/{quote(options.revision, safe='')}"
        headers = {"user-agent": "modelplane-hydrator", "accept": "application/json"}
        if options.token:
            headers["authorization"] = f"Bearer {options.token}"
        _, content = self.ask("GET", url, headers)
        try:
            said = json.loads(content)
        except ValueError:
            return ""
        sha = said.get("sha") if isinstance(said, dict) else None
        return sha if isinstance(sha, str) and COMMIT.fullmatch(sha) else ""
