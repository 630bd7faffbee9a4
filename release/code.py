# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Our own packages as a folder of an image, and the program that starts one."""

import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from release import dependencies, programs
from release.errors import PackageError

PROGRAMS = "usr/local/bin"
START = """\
#!/{python}
import runpy

runpy.run_module("{module}", run_name="__main__", alter_sys=True)
"""


def add(members: Iterable[Path], folder: Path) -> None:
    """Put packages of ours into an image's folder, as their wheels hold them."""
    site = folder / dependencies.SITE
    site.mkdir(parents=True, exist_ok=True)
    for member in sorted(members):
        wheels = folder.with_name(f"{folder.name}-{member.name}-wheel")
        argv = [programs.path("uv"), "build", "--quiet", "--wheel", f"--out-dir={wheels}", str(member)]
        programs.run(argv, what=f"build the wheel of {member.name}")
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    dependencies.strip(site)


def add_program(folder: Path, name: str, *, module: str, python: str) -> None:
    """Put a program into an image's folder that runs a module; `python` is the interpreter's path in the image."""
    program = folder / PROGRAMS / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(START.format(python=python, module=module))
    program.chmod(0o755)


def scripts(member: Path) -> dict[str, str]:
    """Return the programs that a package of ours declares, by name, with the modules that they run."""
    declared = tomllib.loads((member / "pyproject.toml").read_text())["project"].get("scripts", {})
    if not declared:
        raise PackageError(f"cannot make an image of {member.name}: its pyproject.toml declares no program")
    return {name: str(target).partition(":")[0].removesuffix(".__main__") for name, target in declared.items()}
