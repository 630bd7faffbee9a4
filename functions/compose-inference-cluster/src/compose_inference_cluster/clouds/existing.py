# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Clusters that exist: nothing makes them, a kubeconfig in a Secret reaches them."""

from google.protobuf.struct_pb2 import Struct
from modelplane import clusters
from modelplane.access import Access
from modelplane.classes import HardwareClass
from modelplane.paths import Manifest

from compose_inference_cluster.clouds.row import Cloud, at
from compose_inference_cluster.inputs import Pool, Wanted


def _secrets(wanted: Wanted, _made: Struct) -> tuple[Access, ...]:
    kubeconfig, identity = wanted.block.get("secretRef"), wanted.block.get("identitySecretRef")
    out = []
    if isinstance(kubeconfig, dict):
        out.append(at(clusters.KUBECONFIG, kubeconfig["name"], kubeconfig.get("key", clusters.KUBECONFIG_KEY)))
    if isinstance(identity, dict):
        typ = identity.get("type", clusters.GOOGLE_CREDENTIALS)
        out.append(at(typ, identity["name"], identity.get("key", clusters.GOOGLE_KEY)))
    return tuple(out)


def _spec(_wanted: Wanted, _given: list[Manifest]) -> Manifest:
    return {}


def _pool(_pool: Pool, _hardware: HardwareClass) -> Manifest:
    return {}


def _refuses(_wanted: Wanted, _pool: Pool, _hardware: HardwareClass) -> str:
    return ""


def _storage(_made: Struct) -> None:
    return None


CLOUD = Cloud(source="Existing", kind="", spec=_spec, pool=_pool, refuses=_refuses, secrets=_secrets, storage=_storage)
