# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The workload clusters of a preview: what was applied to each, and how far their controllers are with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelplane.paths import Manifest

from modelplane_cli.objects import Objects, Ref, created, ref


@dataclass
class Cluster:
    """One workload cluster: its objects, and its pace (1 is the fastest)."""

    name: str
    pace: int
    objects: Objects = field(default_factory=dict)

    def apply(self, manifest: Manifest, *, step: int) -> None:
        """Create or update an object; its status stays."""
        key = ref(manifest)
        before = self.objects.get(key)
        if before is None:
            self.objects[key] = created(manifest, step=step)
            return
        after = _merged(before, manifest)
        if after.get("spec") != before.get("spec"):
            after["metadata"] = {**after["metadata"], "generation": before["metadata"]["generation"] + 1}
        self.objects[key] = after

    def refuses(self, manifest: Manifest, *, may_create: bool) -> str:
        """Return why the cluster's API server, or the provider, refuses an object; the empty string if neither does."""
        key = ref(manifest)
        if key in self.objects:
            return ""
        if not may_create:
            return f'cannot observe: {key.kind} "{key.name}" not found'
        if key.namespace and Ref("v1", "Namespace", "", key.namespace) not in self.objects:
            return f'cannot create object: namespaces "{key.namespace}" not found'
        return ""


Answer = Callable[[Manifest, Cluster], Manifest]
"""What a cluster's controllers make of one object in one step."""


def advance(cluster: Cluster, answers: Mapping[str, Answer]) -> None:
    """Let the controllers of a cluster do one step's work on every object that was there before."""
    for key in sorted(cluster.objects):
        answer = answers.get(key.kind)
        if answer is not None:
            cluster.objects[key] = answer(cluster.objects[key], cluster)


def _merged(before: Manifest, manifest: Manifest) -> Manifest:
    """Return an object after server-side apply: what is applied, and what others wrote beside it."""
    out = dict(before)
    for key, value in manifest.items():
        old = out.get(key)
        out[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out
