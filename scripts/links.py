# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0
"""Link every file of apis/ into the command's package, so that a wheel of it carries them and no copy is kept."""

import argparse
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APIS = ROOT / "apis"
PACKAGED = ROOT / "packages" / "cli" / "src" / "modelplane_cli" / "apis"


def wanted() -> dict[Path, str]:
    """Return each link's target by its path below the package's folder."""
    found = sorted(path.relative_to(APIS) for path in APIS.glob("*/*.yaml"))
    return {path: os.path.relpath(APIS / path, (PACKAGED / path).parent) for path in found}


def present() -> dict[Path, str]:
    """Return what is in the package's folder; a file that is no link has an empty target."""
    found = [path for path in PACKAGED.rglob("*") if path.is_symlink() or path.is_file()]
    return {path.relative_to(PACKAGED): str(path.readlink()) if path.is_symlink() else "" for path in found}


def write(links: dict[Path, str]) -> None:
    """Make the package's folder hold these links and nothing else."""
    shutil.rmtree(PACKAGED, ignore_errors=True)
    for path, target in links.items():
        (PACKAGED / path).parent.mkdir(parents=True, exist_ok=True)
        (PACKAGED / path).symlink_to(target)


def run(*, check: bool) -> int:
    """Write the links, or compare them with what is there."""
    links, have = wanted(), present()
    if not check:
        write(links)
        return 0
    stale = sorted(path for path in links | have if links.get(path) != have.get(path))
    for path in stale:
        print(f"{(PACKAGED / path).relative_to(ROOT)} is not the link that apis/ needs; run scripts/generate")
    return 1 if stale else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where links differ")
    sys.exit(run(check=parser.parse_args().check))
