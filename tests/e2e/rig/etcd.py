# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What etcd says of a cluster's objects: their resourceVersions, for a fraction of what lists of an API server cost."""

import base64
import json

import urllib3
from e2e.rig.kubernetes import Cluster

HEARTBEATS = ("leases/", "masterleases/", "events/", "minions/")
"""What is written where nobody changes anything; a minion is a Node, which carries its kubelet's heartbeat."""
OK = 200
POOL = urllib3.PoolManager(retries=False, timeout=30)
Versions = dict[str, str]


def versions(cluster: Cluster) -> Versions:
    """Return the resourceVersion of every object of a cluster but heartbeats, by its key: kind, namespace, name.

    It is etcd's `mod_revision` of the key (KeyValue in https://etcd.io/docs/v3.6/learning/api/). Raises ConnectionError
    where etcd does not answer.
    """
    prefix = f"{cluster.prefix}/"
    rows = {_text(row["key"]).removeprefix(prefix): row["mod_revision"] for row in _below(cluster, prefix)}
    return {key: version for key, version in rows.items() if not key.startswith(HEARTBEATS)}


def _below(cluster: Cluster, prefix: str) -> list[dict[str, str]]:
    """Return the keys below a prefix that ends with a slash: up to the same one with the character after a slash."""
    body = {"key": _base64(prefix), "range_end": _base64(f"{prefix[:-1]}0"), "keys_only": True}
    try:
        answer = POOL.request("POST", f"{cluster.plane.etcd}/v3/kv/range", body=json.dumps(body))
    except urllib3.exceptions.HTTPError as err:
        raise ConnectionError(f"cannot reach etcd: {err}") from err
    if answer.status != OK:
        raise ConnectionError(f"etcd says {answer.status}: {answer.data.decode(errors='replace')}")
    return answer.json().get("kvs", [])


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(given: str) -> str:
    return base64.b64decode(given).decode()
