# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the real provider and the real controllers report is kept in `tests/recorded`, for the fast tests to hold to."""

import json
import os
import re
import time
from pathlib import Path

import pytest
import yaml
from e2e.rig import places
from e2e.rig.kube import Manifest
from e2e.scenes import SERVE_SECONDS, Tenant, condition

pytestmark = pytest.mark.alone
FOLDER = places.REPOSITORY / "tests" / "recorded"
HEADER = """\
# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# Written by tests/e2e/test_recorded.py with MODELPLANE_REWRITE=1, from a real run.
"""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_what_is_reported_is_what_was_recorded(tenant: Tenant) -> None:
    """Every remote kind goes through states of the recorded shapes, and ends in one of the recorded ends."""
    tenant.cache()
    tenant.deployment()
    seen: dict[str, list[Manifest]] = {}
    deadline = time.monotonic() + SERVE_SECONDS
    while condition(tenant.get("ModelDeployment", "serve"), "Ready")["status"] != "True":
        assert time.monotonic() < deadline, "the deployment never became Ready"
        _look(tenant, seen)
        time.sleep(0.5)
    _look(tenant, seen)
    if os.environ.get("MODELPLANE_REWRITE"):
        _write(seen)
    for kind, states in seen.items():
        recorded = [_shape(row) for row in yaml.safe_load(_file(kind).read_text())]
        assert _shape(states[-1]) in recorded, f"{kind}: {states[-1]}"


def _look(tenant: Tenant, seen: dict[str, list[Manifest]]) -> None:
    """Add every state that an Object is in now and was not in before."""
    for row in tenant.objects():
        state = _state(row, tenant.namespace)
        if state and state not in seen.setdefault(state["kind"], []):
            seen[state["kind"]].append(state)


def _state(row: Manifest, namespace: str) -> Manifest | None:
    """Return what an Object reports, without times and identities; one that is being deleted says so, and no more."""
    remote = row.get("status", {}).get("atProvider", {}).get("manifest")
    if not remote or "deletionTimestamp" in row["metadata"]:
        return None
    remote = {**remote, "metadata": {**remote["metadata"], "resourceVersion": None}}
    state = {
        "kind": remote["kind"],
        "readiness": row["spec"]["readiness"],
        "conditions": {typ: condition(row, typ)["status"] for typ in ("Synced", "Ready")},
        "remote": remote,
    }
    text = UID.sub("<uid>", TIME.sub("2026-01-01T00:00:00Z", json.dumps(state)))
    return json.loads(text.replace(namespace, "ml-team"))


def _shape(state: Manifest) -> str:
    """Return which fields a state has in its status, and how it is judged."""
    status = state["remote"].get("status", {})
    types = sorted(f"{row['type']}={row['status']}" for row in status.get("conditions", []))
    return json.dumps([sorted(status), types, state["conditions"]], sort_keys=True)


def _write(seen: dict[str, list[Manifest]]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for kind, states in seen.items():
        _file(kind).write_text(HEADER + yaml.safe_dump(states, sort_keys=True))


def _file(kind: str) -> Path:
    return FOLDER / f"{kind.lower()}.yaml"
