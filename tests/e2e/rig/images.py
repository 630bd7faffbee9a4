# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A local registry, and the images that the rig builds into it without a Docker daemon."""

import hashlib
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from e2e.rig import commands, layout, places, tools
from e2e.rig.errors import RigError
from e2e.rig.kubernetes import START_SECONDS, listens

PAUSE_SOURCE = places.REPOSITORY / "tests" / "e2e" / "images" / "pause.c"
SUITE = "bookworm"
DEBIAN = "python3-minimal,libpython3-stdlib,ca-certificates"
BASE_REVISION = "2"
KEPT = (
    *("bin", "lib", "lib64", "sbin", "etc", "tmp"),
    *("usr/bin/python3", "usr/bin/python3.11", "usr/lib/python3.11"),
    *("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib/ssl", "usr/share/ca-certificates", "usr/share/zoneinfo"),
)
"""What of the Debian is in the base: Python and what it loads, and no shell, which none of our images needs."""


def start() -> None:
    """Start the registry on the images of earlier runs."""
    store = places.cache() / "registry"
    store.mkdir(parents=True, exist_ok=True)
    processes = layout.plane().processes
    argv = [tools.binary("crane"), "registry", "serve", "--address", layout.REGISTRY, "--disk", str(store)]
    process = processes.start("registry", argv)
    processes.wait(process, lambda: listens("127.0.0.1", layout.REGISTRY_PORT), seconds=START_SECONDS)


def pause() -> str:
    """Return the image that holds a pod's namespaces."""
    image = f"{layout.REGISTRY}/pause:1"
    if not exists(image):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "pause")
            argv = ["gcc", "-static", "-O2", "-o", str(program), str(PAUSE_SOURCE)]
            commands.run(argv, what="build the pause image")
            layer = tar(Path(folder, "pause.tar"), {"pause": program})
            append(image, layer, base=None, entrypoint=["/pause"])
    return image


def base(say: Callable[[str], None]) -> str:
    """Return a Debian with Python, made once and cached as a layer."""
    image = f"{layout.REGISTRY}/python:{SUITE}-{BASE_REVISION}"
    if exists(image):
        return image
    layer = places.cache() / f"{SUITE}-{BASE_REVISION}.tar"
    if not layer.exists():
        say(f"making a Debian {SUITE} with Python for the images")
        with tempfile.TemporaryDirectory(dir=places.cache()) as folder:
            argv = ["debootstrap", "--variant=minbase", f"--include={DEBIAN}", SUITE, f"{folder}/root"]
            commands.run(argv, what="make the Debian that images stand on")
            partial = layer.with_suffix(".partial")
            pack = ["tar", "-C", f"{folder}/root", "--exclude=perl-base", "--exclude=gconv", "-cf", str(partial)]
            commands.run([*pack, *KEPT], what="pack the Debian base")
            partial.rename(layer)
    append(image, layer, base=None, entrypoint=["python3"])
    return image


def append(
    image: str,
    layer: Path,
    *,
    base: str | None,
    entrypoint: list[str],
    user: str = "",
    env: dict[str, str] | None = None,
) -> str:
    """Push an image: a base with one more layer and an entrypoint."""
    crane = tools.binary("crane")
    origin = ["--base", base] if base else ["--oci-empty-base"]
    commands.run([crane, "append", *origin, "-f", str(layer), "-t", image], what=f"push {image}")
    change = ["--set-platform", "linux/amd64", "--entrypoint", ",".join(entrypoint)]
    change += ["--user", user] if user else []
    for name, value in (env or {}).items():
        change += ["--env", f"{name}={value}"]
    commands.run([crane, "mutate", *change, "-t", image, image], what=f"set the entrypoint of {image}")
    return image


def copy(source: str, target: str) -> None:
    """Give an image a second name."""
    commands.run([tools.binary("crane"), "copy", source, target], what=f"copy {source}")


def exists(image: str) -> bool:
    """Return whether the registry has an image."""
    return commands.attempt([tools.binary("crane"), "digest", image]).code == 0


def tar(path: Path, files: dict[str, Path]) -> Path:
    """Pack files under the names that they have in the image, the same bytes each time."""
    with tarfile.open(path, "w") as archive:
        for name, source in sorted(files.items()):
            archive.add(source, arcname=name, filter=_plain)
    return path


def content(paths: list[Path]) -> str:
    """Return a short name for the content of files, for an image's tag."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        if not path.is_file():
            raise RigError(f"cannot build an image: {path} is missing")
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in member.name:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = 0
    return member
