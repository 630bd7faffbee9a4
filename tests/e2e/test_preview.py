# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The preview answers what Crossplane's own render engine answers, asked over gRPC through `modelplane serve`."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import previews
import pytest
import yaml
from e2e.rig import tools
from modelplane.paths import Manifest
from modelplane_cli import apis, show
from modelplane_cli.objects import Objects, Ref
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player

STEPS = (0, 3, 5, 30)
"""Just applied, claims bound, hydrating, and in the end."""


@pytest.fixture(name="address", scope="module")
def _address() -> Iterator[str]:
    """Serve every function in one process on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "modelplane_cli", "serve", "--insecure", "--address", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:  # noqa: S603  ours
        _wait(address)
        yield address
        server.terminate()


def _wait(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"cannot reach {address}")


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("example", previews.examples())
def test_crossplane_renders_the_same(example: str, steps: int, address: str, tmp_path: Path) -> None:
    """For every XR of an example, in every state, Crossplane composes the same objects and the same status."""
    player = Player(previews.plane(example, previews.secrets(example)))
    player.play(steps)
    for xr in player.plane.composed:
        theirs = _crossplanes(player.plane, xr, tmp_path, address)
        assert theirs == _ours(player.plane, xr), xr


def _crossplanes(plane: Plane, xr: Ref, folder: Path, address: str) -> dict[str, Manifest]:
    """Return what Crossplane's engine makes of an XR and of what it composed before."""
    mine = set(plane.composed[xr].values())
    others = [key for key in plane.objects if key != xr and key not in mine]
    api = apis.packaged()[xr.api_version, xr.kind]
    command = [tools.binary("crossplane-cli"), "composition", "render", _file(folder, "xr", [plane.objects[xr]])]
    command += [f"{apis.folder()}/{api.plural}/composition.yaml", _functions(folder, address, api.steps[0].function)]
    command += ["--crossplane-binary", tools.binary("crossplane")]
    command += ["--required-resources", _file(folder, "required", [plane.objects[key] for key in others])]
    if mine:
        command += ["--observed-resources", _file(folder, "observed", [plane.objects[key] for key in mine])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  the rig's own program
    assert done.returncode == 0, done.stderr
    return dict(_compared(body, xr) for body in yaml.safe_load_all(done.stdout))


def _ours(plane: Plane, xr: Ref) -> dict[str, Manifest]:
    found: Objects = {key: plane.objects[key] for key in (xr, *plane.composed[xr].values())}
    return dict(_compared(json.loads(json.dumps(body)), xr) for body in found.values())


def _compared(body: Manifest, xr: Ref) -> tuple[str, Manifest]:
    """Return what counts of an object: an XR's status, everything but the status of what it composes."""
    key = f"{body['kind']} {body['metadata']['name']}"
    if key != f"{xr.kind} {xr.name}":
        return key, {name: value for name, value in show.shown(body).items() if name != "status"}
    status = show.shown(body).get("status", {})
    own = [c for c in status.pop("conditions", []) if c["type"] != "Responsive"]
    told = {c["type"]: (c["status"], c["reason"], c.get("message", "")) for c in own}
    return key, {**status, "conditions": told}


def _file(folder: Path, name: str, bodies: list[Manifest]) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump_all(bodies), encoding="utf-8")
    return str(path)


def _functions(folder: Path, address: str, name: str) -> str:
    annotations = {
        "render.crossplane.io/runtime": "Development",
        "render.crossplane.io/runtime-development-target": address,
    }
    body = {
        "apiVersion": "pkg.crossplane.io/v1",
        "kind": "Function",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"package": f"example.com/{name}:v0"},
    }
    return _file(folder, "functions", [body])
