# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Crossplane's own engine composes what `modelplane render` composes, for every example and state."""

import json
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml
from e2e import goldens
from e2e.rig import commands, examples, kube, kubernetes, layout, places, tools
from e2e.rig.kube import Manifest
from modelplane_cli import apis, functions, load, play, preview
from modelplane_cli.objects import Ref
from modelplane_cli.plane import Plane

STATES = ("applied", "step-3", "ready")
CROSSPLANES_OWN = {"Ready", "Synced", "Responsive"}
RESOURCE_NAME = "crossplane.io/composition-resource-name"
SETTINGS = {"hydrator_image": "ghcr.io/modelplane/hydrator:v0.1.0", "allow_http_endpoints": False}
REQUIRED_SECRETS = "tests/e2e/data/secrets.yaml"


@pytest.fixture(scope="module")
def target() -> Generator[str]:
    """Yield the address of `modelplane serve`."""
    port = kubernetes.free_port()
    processes = layout.plane().processes
    name = f"serve-{port}"
    argv = [sys.executable, "-m", "modelplane_cli", "serve", "--insecure", f"--address=127.0.0.1:{port}"]
    process = processes.start(name, argv)
    processes.wait(process, lambda: kubernetes.listens("127.0.0.1", port), seconds=60)
    yield f"127.0.0.1:{port}"
    processes.stop(name)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("example", [pytest.param(path, id=path.name) for path in examples.folders()])
def test_crossplanes_engine_composes_the_same(example: Path, state: str, target: str, tmp_path: Path) -> None:
    """Per XR, the resources and the status that Crossplane renders are those of the preview."""
    plane = _played(example, state)
    printed = []
    for xr in sorted(plane.composed):
        rendered = _render(plane, xr, target=target, folder=tmp_path)
        mine = {name: _bare(plane.objects[key]) for name, key in plane.composed[xr].items()}
        theirs = {_name(row): _bare(row) for row in rendered[1:]}
        assert theirs == mine, xr
        assert _status(rendered[0]) == _status(plane.objects[xr]), xr
        printed.append({"xr": str(xr), "status": _status(rendered[0]), "resources": theirs})
    relative = example.relative_to(places.REPOSITORY / "examples")
    goldens.check(f"render/{'-'.join(relative.parts)}/{state}.yaml", yaml.safe_dump_all(printed, sort_keys=True))


def _resources(printed: Manifest) -> list[Manifest]:
    return list(printed["resources"].values())


def _played(example: Path, state: str) -> Plane:
    """Return a preview's control plane in a named state."""
    fleet = load.documents([str(places.REPOSITORY / "examples" / "fleet")])
    required = load.documents([str(places.REPOSITORY / REQUIRED_SECRETS)])
    inputs = preview.Inputs(manifests=load.documents([str(example)]), fleet=fleet, required=required)
    plane = preview.plane(inputs, apis.packaged(), functions.installed(SETTINGS))
    player = play.Player(plane)
    player.play({"applied": 0, "step-3": 3, "ready": play.MAX_STEPS}[state])
    return plane


def _render(plane: Plane, xr: Ref, *, target: str, folder: Path) -> list[Manifest]:
    """Return what Crossplane's engine renders of an XR: itself, then what it composes."""
    observed = set(plane.composed[xr].values())
    files = {
        "xr.yaml": [plane.objects[xr]],
        "observed.yaml": [plane.objects[key] for key in sorted(observed)],
        "required.yaml": [plane.objects[key] for key in sorted(plane.objects) if key != xr],
        "functions.yaml": [_function(name, target) for name in functions.installed(SETTINGS)],
    }
    for name, rows in files.items():
        (folder / name).write_text(yaml.safe_dump_all(rows))
    argv = [tools.binary("crossplane-cli"), "composition", "render"]
    argv += [str(folder / "xr.yaml"), str(_composition(xr.kind)), str(folder / "functions.yaml")]
    argv += [f"--crossplane-binary={tools.binary('crossplane')}", f"--required-resources={folder / 'required.yaml'}"]
    argv += [f"--observed-resources={folder / 'observed.yaml'}"] if observed else []
    text = commands.run(argv, what=f"render {xr}", seconds=120)
    return [row for row in yaml.safe_load_all(text) if row]


def _composition(kind: str) -> Path:
    for path in sorted((places.REPOSITORY / "apis").glob("*/composition.yaml")):
        if any(row["spec"]["compositeTypeRef"]["kind"] == kind for row in kube.manifests(path)):
            return path
    raise LookupError(f"no composition for {kind}")


def _function(name: str, target: str) -> Manifest:
    notes = {"render.crossplane.io/runtime": "Development", "render.crossplane.io/runtime-development-target": target}
    metadata = {"name": name, "annotations": notes}
    return {"apiVersion": "pkg.crossplane.io/v1", "kind": "Function", "metadata": metadata}


def _name(row: Manifest) -> str:
    return row["metadata"]["annotations"][RESOURCE_NAME]


def _bare(row: Manifest) -> Manifest:
    """Return a composed resource without what Crossplane adds: its owner, its marks, what the server fills in."""
    metadata = row["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace") if metadata.get(key) and not _generated(row)}
    for key in ("labels", "annotations"):
        own = {name: value for name, value in (metadata.get(key) or {}).items() if "crossplane.io/" not in name}
        kept |= {key: own} if own else {}
    body = {key: value for key, value in row.items() if key not in ("metadata", "status")}
    return json.loads(json.dumps({**body, "metadata": kept}))


def _generated(row: Manifest) -> bool:
    return "generateName" in row["metadata"]


def _status(xr: Manifest) -> Manifest:
    """Return an XR's status without Crossplane's own conditions and the times of ours."""
    status = dict(xr.get("status", {}))
    rows = [row for row in status.pop("conditions", []) if row["type"] not in CROSSPLANES_OWN]
    plain = [{k: v for k, v in row.items() if k not in ("lastTransitionTime", "observedGeneration")} for row in rows]
    return {**status, "conditions": sorted(plain, key=lambda row: row["type"])}


def test_what_is_composed_is_valid(tmp_path: Path) -> None:
    """Crossplane's own validator finds a schema for every composed resource and no fault in any."""
    files = sorted((goldens.FOLDER / "render").rglob("*.yaml"))
    composed = [
        row for path in files for printed in yaml.safe_load_all(path.read_text()) for row in _resources(printed)
    ]
    rows = [{**row, "metadata": {"name": "generated", **row["metadata"]}} for row in composed]
    file = tmp_path / "resources.yaml"
    file.write_text(yaml.safe_dump_all(rows))
    kinds = sorted((places.REPOSITORY / "apis").glob("*/definition.yaml"))
    schemas = [*map(str, kinds), str(tools.share("provider-crds")), str(tools.share("crossplane") / "crds")]
    argv = [tools.binary("crossplane-cli"), "resource", "validate", ",".join(schemas), str(file)]
    flags = ["--crossplane-image=", "--error-on-missing-schemas", "--skip-success-results"]
    text = commands.run([*argv, *flags, f"--cache-dir={tmp_path}"], what="validate what is composed")
    assert f"{len(rows)} success cases, 0 failure cases" in text
