# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Base, layers and configuration to an image: the functions', which share what they can, and the hydrator's."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from release import code, dependencies, tree
from release.bases import Base
from release.dependencies import SITE, Locked
from release.project import Function
from release.source import Source
from release.staging import Config, Staging

USER = "2000:2000"
"""As whom Crossplane runs packages."""
PORT = "9443"
ENTRYPOINT = "function"
ENVIRONMENT = {"PYTHONPATH": f"/{SITE}", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
LABELS = "org.opencontainers.image"


@dataclass(frozen=True)
class Bench:
    """Where the images of one architecture are put together."""

    store: Staging
    base: Base
    architecture: str
    folder: Path

    def image(self, name: str) -> str:
        """Return an image's name here."""
        return self.store.name(name, self.architecture)

    def layer(self, name: str, fill: Callable[[Path], None]) -> Path:
        """Return a layer from what fills a folder."""
        folder = self.folder / f"{name}-{self.architecture}"
        fill(folder)
        tree.compile_bytecode(folder, self.base.python)
        return tree.pack(folder, folder.with_suffix(".tar.gz"))

    def install(self, name: str, pins: Iterable[str]) -> Path:
        """Return a layer of dependencies."""
        chosen, where = sorted(pins), {"python": self.base.python, "architecture": self.architecture}
        return self.layer(name, lambda folder: dependencies.install(chosen, folder, **where))

    def labels(self, source: Source, *, title: str, description: str, url: str) -> dict[str, str]:
        """Return the labels of the OCI image specification that are known."""
        known = {
            "title": title,
            "description": description,
            "version": source.version,
            "revision": source.revision,
            "created": source.created,
            "source": url,
            "url": url,
            "licenses": "Apache-2.0",
            "vendor": "The Modelplane Authors",
            "base.name": self.base.name,
            "base.digest": self.base.digest,
        }
        return {f"{LABELS}.{key}": value for key, value in known.items() if value}


def common(locks: Sequence[Locked]) -> Locked:
    """Return what all packages need."""
    pins = reduce(frozenset.intersection, (lock.pins for lock in locks))
    return Locked(pins, reduce(frozenset.intersection, (lock.members for lock in locks)))


def shared(bench: Bench, lock: Locked) -> str:
    """Return the image that every function's stands on: the base, what they all need, the code that they all use."""
    image = bench.image("shared")
    needed = bench.install("shared-dependencies", lock.pins)
    used = bench.layer("shared-code", lambda folder: code.add(lock.members, folder))
    bench.store.append(image, [needed, used], base=bench.base.image)
    return image


def function(
    bench: Bench, one: Function, lock: Locked, *, base: str, labels: dict[str, str], env: dict[str, str]
) -> str:
    """Return a function's image; `lock` holds what it needs beyond its base."""
    image = bench.image(one.name)
    layers = [bench.install(f"{one.name}-dependencies", lock.pins)] if lock.pins else []

    def fill(folder: Path) -> None:
        code.add(lock.members, folder)
        code.add_program(folder, ENTRYPOINT, module=one.module, python=bench.base.interpreter)

    bench.store.append(image, [*layers, bench.layer(one.name, fill)], base=base)
    config = Config(ENTRYPOINT, USER, PORT, ENVIRONMENT | env, labels)
    bench.store.configure(image, config, architecture=bench.architecture)
    return image


def hydrator(bench: Bench, member: Path, lock: Locked, *, labels: dict[str, str]) -> str:
    """Return the image of the hydration Job's program."""
    image = bench.image("hydrator")
    ((name, module),) = code.scripts(member).items()

    def fill(folder: Path) -> None:
        code.add([member], folder)
        code.add_program(folder, name, module=module, python=bench.base.interpreter)

    layers = [bench.install("hydrator-dependencies", lock.pins), bench.layer("hydrator", fill)]
    bench.store.append(image, layers, base=bench.base.image)
    config = Config(name, USER, "", ENVIRONMENT, labels)
    bench.store.configure(image, config, architecture=bench.architecture)
    return image
