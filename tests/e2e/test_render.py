# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Crossplane's own engine, asked over gRPC through `modelplane serve`, composes what the goldens' previews compose."""

import json
import sys
from collections.abc import Generator
from pathlib import Path

import previews
import pytest
import yaml
from e2e.rig import commands, kinds, kubernetes, layout, places, tools
from e2e.rig.kube import Manifest
from modelplane import managed
from modelplane_cli import apis, show
from modelplane_cli.objects import Objects, Ref
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player

NAMED = {"initial", "hydrating", "ready"}


@pytest.fixture(scope="module")
def target() -> Generator[str]:
    """Yield the address of `modelplane serve`, with every function in one process."""
    port = kubernetes.free_port()
    processes = layout.plane().processes
    name = f"serve-{port}"
    argv = [sys.executable, "-m", "modelplane_cli", "serve", "--insecure", f"--address=127.0.0.1:{port}"]
    process = processes.start(name, argv)
    processes.wait(process, lambda: kubernetes.listens("127.0.0.1", port), seconds=kubernetes.START_SECONDS)
    yield f"127.0.0.1:{port}"
    processes.stop(name)


@pytest.mark.parametrize("example", previews.examples())
def test_crossplanes_engine_composes_the_same(example: str, target: str, tmp_path: Path) -> None:
    """Per XR and named state, Crossplane composes the same objects and the same status, and its validator takes them.

    What `modelplane render` prints of these states is in tests/golden.
    """
    player, seen = Player(previews.plane(example, previews.secrets(example))), set()
    composed: list[Manifest] = []
    for state in previews.states(player):
        seen.add(state)
        for xr in player.plane.composed:
            rendered = _rendered(player.plane, xr, target=target, folder=tmp_path)
            theirs = dict(_compared(body, xr) for body in rendered)
            assert theirs == _mine(player.plane, xr, theirs), f"{state}: {xr}"
            composed += rendered[1:]
    assert {"initial", "ready"} <= seen <= NAMED
    _validate(composed, tmp_path)


def _rendered(plane: Plane, xr: Ref, *, target: str, folder: Path) -> list[Manifest]:
    """Return what Crossplane's engine makes of an XR and of what it composed before: the XR, then all of it."""
    mine = set(plane.composed[xr].values())
    others = [key for key in plane.objects if key != xr and key not in mine]
    api = apis.packaged()[xr.api_version, xr.kind]
    argv = [tools.binary("crossplane-cli"), "composition", "render", _file(folder, "xr", [plane.objects[xr]])]
    argv += [f"{apis.folder()}/{api.plural}/composition.yaml"]
    argv += [_file(folder, "functions", [_function(api.steps[0].function, target)])]
    argv += [f"--crossplane-binary={tools.binary('crossplane')}"]
    argv += [f"--required-resources={_file(folder, 'required', [plane.objects[key] for key in others])}"]
    if mine:
        argv += [f"--observed-resources={_file(folder, 'observed', [plane.objects[key] for key in mine])}"]
    text = commands.run(argv, what=f"render {xr}", seconds=120)
    return [row for row in yaml.load_all(text, Loader=yaml.CSafeLoader) if row]


def _mine(plane: Plane, xr: Ref, theirs: dict[str, Manifest]) -> dict[str, Manifest]:
    found: Objects = {key: plane.objects[key] for key in (xr, *plane.composed[xr].values())}
    mine = dict(_compared(json.loads(json.dumps(body)), xr) for body in found.values())
    return {key: _named(body, theirs.get(key, body)) if "metadata" in body else body for key, body in mine.items()}


def _compared(body: Manifest, xr: Ref) -> tuple[str, Manifest]:
    """Return what counts of an object: an XR's status, everything but the status of what it composes."""
    key = f"{body['kind']} {body['metadata']['name']}"
    if key != f"{xr.kind} {xr.name}":
        return key, {name: value for name, value in show.shown(body).items() if name != "status"}
    status = show.shown(body).get("status", {})
    own = [c for c in status.pop("conditions", []) if c["type"] != "Responsive"]
    told = {c["type"]: (c["status"], c["reason"], c.get("message", "")) for c in own}
    return key, {**status, "conditions": told}


def _named(body: Manifest, composed: Manifest) -> Manifest:
    """Return a stored object without an external name that is not composed: its provider gave it."""
    if managed.EXTERNAL_NAME in composed["metadata"].get("annotations", {}):
        return body
    metadata = body["metadata"]
    annotations = {key: value for key, value in metadata["annotations"].items() if key != managed.EXTERNAL_NAME}
    return {**body, "metadata": {**metadata, "annotations": annotations}}


def _validate(composed: list[Manifest], folder: Path) -> None:
    """Ask Crossplane's own validator, which needs a schema of every kind, and reads all that it is given."""
    used = {row["kind"] for row in composed}
    clouds = [crd for crd in kinds.definitions() if crd["spec"]["names"]["kind"] in used]
    rows = [{**row, "metadata": {"name": "generated", **row["metadata"]}} for row in composed]
    ours = sorted(str(path) for path in (places.REPOSITORY / "apis").glob("*/definition.yaml"))
    schemas = [*ours, str(tools.share("provider-crds")), str(tools.share("crossplane") / "crds")]
    schemas += [_file(folder, "clouds", clouds)] if clouds else []
    argv = [tools.binary("crossplane-cli"), "resource", "validate", ",".join(schemas), _file(folder, "composed", rows)]
    flags = ["--crossplane-image=", "--error-on-missing-schemas", "--skip-success-results", f"--cache-dir={folder}"]
    text = commands.run([*argv, *flags], what="validate what is composed")
    assert f"{len(rows)} success cases, 0 failure cases" in text


def _file(folder: Path, name: str, bodies: list[Manifest]) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.dump_all(bodies, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return str(path)


def _function(name: str, target: str) -> Manifest:
    notes = {"render.crossplane.io/runtime": "Development", "render.crossplane.io/runtime-development-target": target}
    metadata = {"name": name, "annotations": notes}
    spec = {"package": f"example.com/{name}:v0"}
    return {"apiVersion": "pkg.crossplane.io/v1", "kind": "Function", "metadata": metadata, "spec": spec}
