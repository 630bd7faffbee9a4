# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the real provider and the real controllers report is kept in `tests/recorded`, for the fast tests to hold to."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from e2e.rig import clusters, examples, kube, layout, places
from e2e.rig.kube import Manifest
from e2e.scenes import Tenant, condition, entry, gang, phase

FOLDER = places.REPOSITORY / "tests" / "recorded"
HEADER = """\
# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

# Written by tests/e2e/test_recorded.py with MODELPLANE_REWRITE=1, from a real run.
"""
SLOW, WRONG = "slow", "wrong"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.mark.minutes(6)
def test_what_is_reported_is_what_was_recorded(tenant: Tenant) -> None:
    """Every remote object ends in a state of a recorded shape: staged, serving, in mid file, and failed for good."""
    tenant.cache()
    tenant.cache(SLOW, repo="rig/slow")
    tenant.cache(WRONG, revision="no-such-branch")
    tenant.deployment()
    tenant.apply("ModelDeployment", "gang", {"replicas": 1, "template": {"spec": gang()}})
    seen: dict[tuple[str, str], list[Manifest]] = {}
    if recording := bool(os.environ.get("MODELPLANE_REWRITE")):
        kube.eventually("all was looked at", lambda: _look(tenant, seen) and _settled(tenant), pause=0.3)
    kube.eventually("all is as wanted", lambda: _settled(tenant))
    ends = _look(tenant, seen)
    if recording:
        _write(seen)
    for state in ends:
        recorded = [_shape(row) for row in yaml.safe_load(_file(state["kind"]).read_text())]
        assert _shape(state) in recorded, state


def _settled(tenant: Tenant) -> bool:
    """Return whether both deployments serve, the wrong cache failed, and the slow one has told how far it is."""
    serving = [condition(row, "Ready")["status"] for row in tenant.ours("ModelDeployment")]
    slow = entry(tenant.get("ModelCache", SLOW)).get("bytesStaged", 0)
    return serving == ["True", "True"] and slow > 0 and phase(tenant.get("ModelCache", WRONG)) == "Failed"


def _look(tenant: Tenant, seen: dict[tuple[str, str], list[Manifest]]) -> list[Manifest]:
    """Return the states that Objects are in now; add those whose shape an Object was not in before."""
    rows = (*tenant.objects(), *clusters.of_cluster(tenant.control, layout.WORKLOAD))
    now = [state for row in rows if (state := _state(row, tenant.namespace))]
    for state in now:
        states = seen.setdefault((state["kind"], state["remote"]["metadata"]["name"]), [])
        if _shape(state) not in map(_shape, states):
            states.append(state)
    return now


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
    return json.loads(text.replace(namespace, examples.NAMESPACE))


def _shape(state: Manifest) -> str:
    """Return which fields a state has in its status, whether it tells how far it is, and how it is judged."""
    remote = state["remote"]
    status = remote.get("status", {})
    types = sorted(f"{row['type']}={row['status']} {row['reason']}" for row in status.get("conditions", []))
    told = sorted(key for key in remote["metadata"].get("annotations", {}) if key.startswith("modelplane.ai/"))
    return json.dumps([sorted(status), types, told, state["conditions"]], sort_keys=True)


def _write(seen: dict[tuple[str, str], list[Manifest]]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for kind in sorted({kind for kind, _ in seen}):
        states = [state for key in sorted(seen) if key[0] == kind for state in seen[key]]
        _file(kind).write_text(HEADER + yaml.safe_dump(states, sort_keys=True))


def _file(kind: str) -> Path:
    return FOLDER / f"{kind.lower()}.yaml"
