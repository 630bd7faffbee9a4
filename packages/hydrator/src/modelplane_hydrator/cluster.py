# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The Job's annotation: one merge patch to the API server, as this pod's ServiceAccount."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelplane_hydrator import errors, http1
from modelplane_hydrator.network import Network, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelplane_hydrator.flags import Options
    from modelplane_hydrator.timing import Timing

ANNOTATION = "modelplane.ai/progress"
ACCEPTED = 200
ANSWER_MOST = 4 << 20


class Job:
    """The Job that a run reports to."""

    def __init__(self, options: Options, env: Mapping[str, str], timing: Timing) -> None:
        host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT_HTTPS", "443")
        if not host:
            raise errors.InvalidArgumentsError("cannot use --report-job outside Kubernetes: leave it out")
        namespace, _, name = options.report_job.partition("/")
        self.path = f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}?fieldManager=modelplane-hydrator"
        self.account = options.service_account
        self.origin = Origin("https", host, int(env.get("KUBERNETES_SERVICE_PORT", port)))
        self.wait = timing.report_call

    def report(self, progress: Mapping[str, object]) -> str:
        """Patch the annotation, and return why that was refused, nothing where it was accepted."""
        value = json.dumps(progress, separators=(",", ":"))
        patch = {"metadata": {"annotations": {ANNOTATION: value}}}
        network = Network(self.wait, self.wait, cafile=str(self.account / "ca.crt"))
        connection = http1.Connection(network, self.origin)
        try:
            token = (self.account / "token").read_text(encoding="ascii").strip()
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/merge-patch+json",
                "Accept": "application/json",
                "User-Agent": "modelplane-hydrator",
            }
            head, body = connection.ask("PATCH", self.path, headers, body=json.dumps(patch).encode())
            body.read(ANSWER_MOST)
        except (http1.BrokenError, OSError, errors.HydrateError) as err:
            return f"the API server cannot be reached: {err}"
        finally:
            connection.close()
        return "" if head.status == ACCEPTED else f"the API server answers {head.status}"
