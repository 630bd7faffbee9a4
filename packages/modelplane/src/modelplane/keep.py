# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Keeping an observed composed resource desired without recomputing it."""

from google.protobuf.struct_pb2 import Struct

from modelplane import paths

_EXTERNAL_NAME = "crossplane.io/external-name"


def kept(observed: Struct) -> Struct:
    """Return what to send so that an observed resource stays as it is.

    That is its identity, its labels and annotations but for Crossplane's and kubectl's own, and every top-level
    field but status, without spec.crossplane. Echoing more breaks server-side apply for good.
    """
    out = Struct()
    write(out, observed)
    return out


def write(target: Struct, observed: Struct) -> None:
    """Write what `kept` returns into a target."""
    for key, value in observed.fields.items():
        if key not in ("metadata", "status"):
            target.fields[key].CopyFrom(value)
    if paths.has(target, "spec", "crossplane"):
        del target.fields["spec"].struct_value.fields["crossplane"]
    _copy_metadata(paths.child(observed, "metadata"), target.fields["metadata"].struct_value)


def _copy_metadata(source: Struct, target: Struct) -> None:
    target.SetInParent()
    for key in ("name", "namespace"):
        if key in source.fields:
            target.fields[key].CopyFrom(source.fields[key])
    for key in ("labels", "annotations"):
        for name, value in paths.texts(source, key).items():
            if _is_kept(name) and not _is_default(source, name, value):
                target.fields[key].struct_value.fields[name].string_value = value


def _is_default(metadata: Struct, key: str, value: str) -> bool:
    """Return whether it is the external name that a provider gives by itself: a fleet's replies hold thousands."""
    return key == _EXTERNAL_NAME and value == paths.text(metadata, "name")


def _is_kept(key: str) -> bool:
    domain = key.partition("/")[0] if "/" in key else ""
    owned = domain in ("crossplane.io", "kubectl.kubernetes.io") or domain.endswith(".crossplane.io")
    return key == _EXTERNAL_NAME or not owned
