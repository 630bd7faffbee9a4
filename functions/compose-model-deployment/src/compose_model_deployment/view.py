# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""All that the schedule of one deployment depends on."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from compose_model_deployment import census, inputs
from compose_model_deployment.census import Census
from compose_model_deployment.inputs import NO_CACHE, Cache, Deployment, Site


@dataclass(frozen=True, slots=True)
class View:
    """A deployment, its cache, the fleet by name and in order, and every replica.

    It is `complete` where every cluster could be read: else one that is not among them may exist all the same.
    """

    deployment: Deployment
    cache: Cache
    sites: Mapping[str, Site]
    complete: bool
    census: Census
    skipped: tuple[str, ...]

    @classmethod
    def read(cls, req: fnv1.RunFunctionRequest, deployment: Deployment, cache: Cache | None) -> "View":
        """Read the fleet."""
        sites, unread = inputs.sites(req)
        found = census.census(req, deployment)
        return cls(deployment, cache or NO_CACHE, sites, not unread, found, (*unread, *found.skipped))

    def repels(self, cluster: str, *effects: str) -> bool:
        """Return whether a cluster has a taint of one of the effects that the deployment does not tolerate."""
        taints = self.sites[cluster].cluster.taints if cluster in self.sites else ()
        return any(taint.effect in effects and not self.deployment.tolerates(taint) for taint in taints)
