# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What images stand on: a reference, or a root filesystem on this machine, for each architecture."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release import staging, tree
from release.errors import PackageError
from release.staging import Config, Staging

DEFAULT = "gcr.io/distroless/python3-debian12:nonroot"
INTERPRETER = re.compile(r"(?:\./)?(usr/(?:local/)?bin/python3)\.(\d+)")
ELF = b"\x7fELF"
MACHINE = slice(18, 20)
MACHINES = {"amd64": 62, "arm64": 183}
"""e_machine of an ELF header (elf(5)): EM_X86_64, EM_AARCH64."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Base:
    """A base in the staging registry."""

    image: str
    name: str
    digest: str
    python: str
    interpreter: str


def parse(given: Iterable[str], architectures: Iterable[str]) -> dict[str, str]:
    """Return the base of each architecture: BASE for all of them, or ARCHITECTURE=BASE."""
    wanted = list(architectures)
    out: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        known = equals and name in wanted
        out |= {name: value} if known else {arch: text for arch in wanted if arch not in out}
    missing = [arch for arch in wanted if arch not in out]
    if out and missing:
        raise PackageError(f"cannot build for {missing[0]}: give --base {missing[0]}=BASE too, or --arch without it")
    return out or dict.fromkeys(wanted, DEFAULT)


def stage(store: Staging, bases: Mapping[str, str], folder: Path) -> dict[str, Base]:
    """Put the base of each architecture into the staging registry."""
    return {arch: _stage(store, base, arch, folder) for arch, base in bases.items()}


def _stage(store: Staging, given: str, architecture: str, folder: Path) -> Base:
    image = store.name("base", architecture)
    path = Path(given)
    if given.startswith((".", "/")) or path.exists():
        name, digest = "", ""
        _push(store, image, path, architecture, folder)
    else:
        name, digest = given.partition("@")[0], _resolve(given)
        origin = f"{_repository(given)}@{digest}"
        what = f"read the base {given} for {architecture}"
        staging.crane("copy", f"--platform=linux/{architecture}", origin, image, what=what)
    interpreter, python = _python(image, given, architecture)
    return Base(image, name, digest or staging.digest(image), python, interpreter)


def _push(store: Staging, image: str, path: Path, architecture: str, folder: Path) -> None:
    if not path.exists():
        raise PackageError(f"cannot find the base {path}: no such folder and no such tar file")
    layer = tree.pack_root(path, folder / f"base-{architecture}.tar") if path.is_dir() else path
    store.append(image, [layer], base="")
    store.configure(image, Config(env={"PATH": PATH}), architecture=architecture)


def _resolve(given: str) -> str:
    try:
        found = staging.digest(given)
    except PackageError as err:
        raise PackageError(f"cannot find the base {given}: {str(err).partition(': ')[2]}") from err
    if not found:
        raise PackageError(f"cannot find the base {given}: its registry has no such image")
    return found


def _repository(given: str) -> str:
    name = given.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _python(image: str, given: str, architecture: str) -> tuple[str, str]:
    """Return the interpreter's path in the base, and its version; refuse one of another machine."""
    found = list(staging.heads(image, INTERPRETER))
    if not found:
        raise PackageError(f"cannot use the base {given}: it has no Python 3 in usr/bin or usr/local/bin")
    first, head = min(found, key=lambda one: one[0].group())
    machine = int.from_bytes(head[MACHINE], "little")
    if head.startswith(ELF) and machine != MACHINES[architecture]:
        raise PackageError(
            f"cannot use the base {given} for {architecture}: its Python is of another machine; "
            f"give --base {architecture}=BASE, or --arch without {architecture}"
        )
    return f"{first.group(1)}.{first.group(2)}", f"3.{first.group(2)}"
