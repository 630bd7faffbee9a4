# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The API client's way to the source: a transport over our own requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from modelplane_hydrator import errors

if TYPE_CHECKING:
    from modelplane_hydrator.api import Api


REDIRECT, HOPS = 3, 5


class Transport(httpx2.BaseTransport):
    """Answers the API client's requests, or raises what the refusal means."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.hops = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request as we send our own."""
        head, content = self.api.ask(request.method, str(request.url), request.headers)
        self.hops = self.hops + 1 if head.status // 100 == REDIRECT else 0
        if self.hops > HOPS:
            raise errors.SourceUnavailableError("cannot list the repository: the source redirects without end")
        return httpx2.Response(head.status, headers=dict(head.headers), content=content)
