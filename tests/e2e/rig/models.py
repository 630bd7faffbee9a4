# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The images that our Jobs and engines run: the hydrator from its own package, and an engine for the rig."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from e2e.rig import commands, images, layout, places
from e2e.rig.errors import RigError

HYDRATOR = places.REPOSITORY / "packages" / "hydrator"
ENGINE = places.REPOSITORY / "tests" / "e2e" / "images" / "engine.py"
USER = "1000:1000"
SITE = "opt/modelplane"


def hydrator(say: Callable[[str], None]) -> str:
    """Return the hydrator's image: its package and what that needs, on a Debian with Python."""
    base = images.base(say)
    sources = [*(HYDRATOR / "src").rglob("*.py"), HYDRATOR / "pyproject.toml", places.REPOSITORY / "uv.lock"]
    image = f"{layout.REGISTRY}/modelplane/hydrator:{images.content(sources)}"
    if images.exists(image):
        return image
    say("building the hydrator's image")
    uv = shutil.which("uv")
    if uv is None:
        raise RigError("cannot build the hydrator's image: install uv and put it on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        locked = Path(folder, "requirements.txt")
        export = ["export", "--frozen", "--no-dev", "--package=modelplane-hydrator", "--no-emit-workspace"]
        what = "lock what the hydrator needs"
        locked.write_text(commands.run([uv, *export], what=what, cwd=places.REPOSITORY))
        site = Path(folder, "site")
        install = [uv, "pip", "install", "--quiet", "--python-version=3.11", f"--target={site}"]
        commands.run([*install, f"--requirements={locked}"], what="install what the hydrator needs")
        commands.run([*install, "--no-deps", str(HYDRATOR)], what="install the hydrator")
        layer = images.tar(Path(folder, "layer.tar"), {SITE: site})
        entrypoint = ["python3", "-m", "modelplane_hydrator"]
        env = {"PYTHONPATH": f"/{SITE}", "HF_ENDPOINT": layout.HUB}
        return images.append(image, layer, base=base, entrypoint=entrypoint, user=USER, env=env)


def engine(say: Callable[[str], None]) -> str:
    """Return the image of the rig's engine."""
    base = images.base(say)
    image = f"{layout.REGISTRY}/rig/engine:{images.content([ENGINE])}"
    if images.exists(image):
        return image
    say("building the engine's image")
    with tempfile.TemporaryDirectory() as folder:
        layer = images.tar(Path(folder, "layer.tar"), {f"{SITE}/engine.py": ENGINE})
        return images.append(image, layer, base=base, entrypoint=["python3", f"/{SITE}/engine.py"])


def mirror(say: Callable[[str], None], names: tuple[str, ...]) -> None:
    """Put the rig's engine where the node's mirror looks for other engines: a stand-in."""
    engine_image = engine(say)
    for name in names:
        images.copy(engine_image, f"{layout.REGISTRY}/{name}")
