# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What only this function can say of a manifest before it is applied: its selectors, in DRA's dialect."""

from collections.abc import Iterator

from modelplane.paths import Manifest

from compose_model_deployment import cel

Path = tuple[str | int, ...]


def problems(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Yield the place and the error of every selector that does not compile, of a manifest that the schema accepts."""
    for path, source in _selectors(manifest):
        error = cel.program(source).error
        if error:
            yield path, f"is no selector: {error}; write CEL over device.driver, device.attributes and device.capacity"


def _selectors(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    for place, device in _devices(manifest):
        for index, selector in enumerate(device["selectors"]):
            if "cel" in selector:
                yield (*place, "selectors", index, "cel"), selector["cel"]


def _devices(manifest: Manifest) -> Iterator[tuple[Path, Manifest]]:
    engines = manifest["spec"].get("template", {"spec": {"engines": []}})["spec"]["engines"]
    for number, engine in enumerate(engines):
        for role, member in enumerate(engine["members"]):
            for index, device in enumerate(member.get("nodeSelector", {"devices": []})["devices"]):
                path = ("engines", number, "members", role, "nodeSelector", "devices", index)
                yield ("spec", "template", "spec", *path), device
