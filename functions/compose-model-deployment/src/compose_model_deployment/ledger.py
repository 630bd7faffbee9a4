# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""How many nodes of each pool are free, given every replica of the fleet."""

from collections.abc import Mapping, Sequence

from google.protobuf.struct_pb2 import Struct
from modelplane import paths

from compose_model_deployment import costs
from compose_model_deployment.costs import Cost
from compose_model_deployment.inputs import Site


class Ledger:
    """Free nodes by cluster and pool; a cluster is counted when it is first asked for."""

    def __init__(self, sites: Mapping[str, Site], others: Mapping[str, Sequence[Struct]]) -> None:
        self._sites = sites
        self._others = others
        self._free: dict[str, dict[str, int]] = {}

    def free(self, cluster: str) -> Mapping[str, int]:
        """Return the free nodes of a cluster's pools; fewer than none where more is placed than there is."""
        return self._counted(cluster)

    def charge(self, cluster: str, taken: Mapping[str, int]) -> None:
        """Take nodes, by the name of the pool."""
        free = self._counted(cluster)
        for pool, nodes in taken.items():
            free[pool] = free.get(pool, 0) - nodes

    def credit(self, cluster: str, taken: Mapping[str, int]) -> None:
        """Give nodes back."""
        self.charge(cluster, {pool: -nodes for pool, nodes in taken.items()})

    def on(self, cluster: str, found: tuple[Cost, ...]) -> dict[str, int]:
        """Return the nodes that costs take of a cluster."""
        site = self._sites.get(cluster)
        return costs.on(site.pools, found) if site is not None else {}

    def _counted(self, cluster: str) -> dict[str, int]:
        free = self._free.get(cluster)
        if free is None:
            site = self._sites.get(cluster)
            pools = site.pools if site is not None else ()
            free = self._free[cluster] = {pool.name: pool.nodes for pool in pools}
            for obj in self._others.get(cluster, ()):
                self.charge(cluster, costs.on(pools, costs.of(paths.child(obj, "spec"))))
        return free
