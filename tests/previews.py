# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What `modelplane render` prints for each example, in each observed state that has a name.

Run as a program, it rewrites the files in tests/golden; a test compares them.
"""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path

from crossplane.function import logging
from modelplane_cli import apis, functions, hydration, load, preview, sections, show, story, tree
from modelplane_cli.load import Document
from modelplane_cli.plane import Plane
from modelplane_cli.play import Player
from modelplane_cli.preview import Inputs

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/golden"
FLEET = "examples/fleet"

TOKEN = base64.b64encode(b"token-of-the-goldens").decode()
"""A Secret's value; it may be in no golden."""

_SECRETS = {
    "cache/kimi-k2": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: huggingface, namespace: ml-team}}\n"
    f"data: {{HF_TOKEN: {TOKEN}}}\n"
}
"""What examples describe and do not contain."""


def examples() -> list[str]:
    """Return every example, as its path below examples/: a folder with manifests, neither the fleet nor packages."""
    root = ROOT / "examples"
    found = {path.parent.relative_to(root).as_posix() for path in root.rglob("*.yaml")}
    return sorted(name for name in found if name.partition("/")[0] not in ("fleet", "install"))


def files(example: str) -> dict[str, str]:
    """Return an example's goldens by file name."""
    secret = secrets(example)
    made = dict(_states(Player(plane(example, secret))))
    made["timeline.txt"] = _text(story.told(Player(plane(example, secret))))
    if secret:
        made["without-secret.txt"] = _text(story.told(Player(plane(example, []))))
    return made


def secrets(example: str) -> list[Document]:
    """Return the Secrets that an example describes."""
    return load.read(_SECRETS[example], "secret.yaml") if example in _SECRETS else []


def plane(example: str, required: list[Document]) -> Plane:
    """Return the control plane of an example on the examples' fleet."""
    inputs = Inputs(
        manifests=load.documents([str(ROOT / "examples" / example)]),
        fleet=load.documents([str(ROOT / FLEET)]),
        required=required,
    )
    return preview.plane(inputs, apis.packaged(), functions.installed({}))


def states(player: Player) -> Iterator[str]:
    """Play, and stop at each state that has a name: initial, hydrating (a Job reports some percent) and ready."""
    player.start()
    yield "initial"
    hydrating = False
    while not player.ready() and player.tick():
        if not hydrating and _is_hydrating(player):
            hydrating = True
            yield "hydrating"
    yield "ready" if player.ready() else "stuck"


def _states(player: Player) -> Iterator[tuple[str, str]]:
    """Yield the files of the states."""
    for state in states(player):
        yield f"{state}.yaml", _yaml(player.plane)
        if state == "hydrating":
            yield "hydrating-tree.txt", tree.drawn(player.plane)


def _is_hydrating(player: Player) -> bool:
    jobs = [body for cluster in player.clusters.values() for key, body in cluster.objects.items() if key.kind == "Job"]
    return any(0 < hydration.progress(job).get("percent", 0) < 100 for job in jobs)


def _yaml(of: Plane) -> str:
    return show.as_yaml(sections.sections(of))


def _text(lines: Iterator[str]) -> str:
    return "\n".join((*lines, ""))


def write() -> None:
    """Write every golden, and remove those that no example has any more."""
    logging.configure(logging.Level.DISABLED)
    wanted = {GOLDEN / example / name: text for example in examples() for name, text in files(example).items()}
    for stale in {path for path in GOLDEN.rglob("*") if path.is_file()} - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
    stuck = [path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("stuck.yaml")]
    sys.exit(f"not Ready in the end: {', '.join(stuck)}" if stuck else 0)
