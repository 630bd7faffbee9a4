# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What uv.lock pins: shared by all functions, or a function's own; installed by hash for a platform."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release import programs

PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
SITE = "opt/modelplane/site"
"""Where every layer puts its modules, so that Python looks into one folder."""
NOT_SHIPPED = ("bin", "cel_expr_python/ext", ".lock")
"""Scripts that name this machine's Python, and extensions that nothing of ours imports (38 MB)."""
RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
"""What an installer notes about its own work, with paths of this machine."""


@dataclass(frozen=True)
class Locked:
    """What one of our packages needs: lines of a requirements file, and other packages of ours."""

    pins: frozenset[str]
    members: frozenset[Path]


def locked(root: Path, package: str) -> Locked:
    """Return what uv.lock pins for a package, with the hashes."""
    argv = [programs.path("uv"), "export", "--quiet", "--frozen", "--no-dev", "--no-header", "--no-annotate"]
    argv += ["--no-editable", f"--package={package}", f"--project={root}"]
    text = programs.run(argv, what=f"read what uv.lock pins for {package}")
    entries = text.replace("\\\n", "").splitlines()
    pins = frozenset(entry for entry in entries if "--hash=" in entry)
    members = frozenset(root / entry.partition(" ")[0] for entry in entries if entry.startswith("."))
    return Locked(pins, members)


def install(pins: Sequence[str], folder: Path, *, python: str, architecture: str) -> None:
    """Install pinned wheels into an image's folder; a wheel with another hash is refused."""
    site = folder / SITE
    site.mkdir(parents=True)
    requirements = folder.with_suffix(".txt")
    requirements.write_text("".join(f"{pin}\n" for pin in sorted(pins)))
    argv = [programs.path("uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    argv += [f"--python-version={python}", f"--python-platform={PLATFORMS[architecture]}"]
    what = f"install the dependencies for {architecture}"
    programs.run([*argv, f"--target={site}", f"--requirements={requirements}"], what=what)
    strip(site)


def strip(site: Path) -> None:
    """Remove what an image does not need, and what would differ from one machine to the next."""
    for name in NOT_SHIPPED:
        path = site / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    for info in site.glob("*.dist-info"):
        for name in RECORDS:
            (info / name).unlink(missing_ok=True)
