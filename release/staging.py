# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A registry on the loopback where images are put together, and crane's verbs against it and the real one."""

import re
import socket
import subprocess
import tarfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from release import programs
from release.errors import PackageError

START_SECONDS = 30
HEAD = 64
"""Bytes of a file that tell what it is: the size of an ELF header."""
MISSING = ("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "404 Not Found", "NOT_FOUND")


@dataclass(frozen=True)
class Config:
    """What an image says of itself."""

    entrypoint: str = ""
    user: str = ""
    port: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Staging:
    """A registry of our own."""

    address: str

    def name(self, repository: str, tag: str) -> str:
        """Return a name in this registry."""
        return f"{self.address}/{repository}:{tag}"

    def append(self, image: str, layers: Sequence[Path], *, base: str) -> None:
        """Push a base with more layers; without a base, onto nothing."""
        origin = [f"--base={base}"] if base else ["--oci-empty-base"]
        files = [f"--new_layer={layer}" for layer in layers]
        crane("append", *origin, *files, f"--new_tag={image}", what=f"put {image} together")

    def configure(self, image: str, config: Config, *, architecture: str) -> None:
        """Set what an image says of itself."""
        flags = [f"--set-platform=linux/{architecture}"]
        flags += [f"--entrypoint={config.entrypoint}"] if config.entrypoint else []
        flags += [f"--user={config.user}"] if config.user else []
        flags += [f"--exposed-ports={config.port}"] if config.port else []
        flags += [f"--env={key}={value}" for key, value in config.env.items()]
        flags += [f"--label={_quoted(key, value)}" for key, value in config.labels.items()]
        crane("mutate", *flags, f"--tag={image}", image, what=f"configure {image}")

    def index(self, image: str, parts: Sequence[str]) -> None:
        """Push one image for several architectures."""
        flags = [f"--manifest={part}" for part in parts]
        crane("index", "append", *flags, "--docker-empty-base", f"--tag={image}", what=f"put {image} together")


@contextmanager
def serve(folder: Path) -> Generator[Staging]:
    """Run a registry for as long as the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    argv = [programs.path("crane"), "registry", "serve", f"--address=127.0.0.1:{port}", f"--disk={folder}"]
    with (folder.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - an argument vector
    try:
        _await(port, process)
        yield Staging(f"127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def crane(*arguments: str, what: str) -> str:
    """Run crane and return what it printed."""
    return programs.run([programs.path("crane"), *arguments], what=what).strip()


def digest(image: str, *, absent: Sequence[str] = MISSING) -> str:
    """Return the digest of an image; empty where its registry says that there is none, in one of these words."""
    done = programs.attempt([programs.path("crane"), "digest", image])
    if done.code and any(word in done.last for word in absent):
        return ""
    if done.code:
        raise PackageError(f"cannot read {image}: {done.last}")
    return done.stdout.strip()


def heads(image: str, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """Yield each file of an image whose whole name matches, with its first bytes; none of a link."""
    argv = [programs.path("crane"), "export", image, "-"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - as above
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for file in archive:
                    if match := pattern.fullmatch(file.name):
                        content = archive.extractfile(file) if file.isreg() else None
                        yield match, content.read(HEAD) if content else b""
        except tarfile.TarError as err:
            raise PackageError(f"cannot read the files of {image}: {err}") from err
        process.communicate()


def _quoted(key: str, value: str) -> str:
    """Return a pair as crane reads one: a field of a CSV line."""
    pair = f"{key}={value}".replace('"', '""')
    return f'"{pair}"'


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise PackageError("cannot put images together: crane's registry does not start on the loopback")
