# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a schedule runs on: the model, a Hub in a process of its own, and the library that plays the volume."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.repos import Repo, folder

NAME = "team/model"
LFS_OVER = 4096
TESTS = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("faultvol.c")


@dataclass(frozen=True)
class Bench:
    """A running Hub with two commits of one model."""

    url: str
    commits: tuple[str, str]
    files: dict[str, dict[str, bytes]]
    process: subprocess.Popen[str]

    def post(self, path: str, said: object) -> Any:  # noqa: ANN401 - JSON
        """Tell the Hub something."""
        request = urllib.request.Request(f"{self.url}/-/{path}", json.dumps(said).encode())  # noqa: S310 - our own Hub
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own Hub
            return json.load(answer)

    def reset(self, faults: list[dict[str, Any]]) -> None:
        """Begin with the first commit on main and these faults to come."""
        self.post("branch", {"repo": NAME, "commit": self.commits[0]})
        self.post("faults", faults)

    def close(self) -> None:
        """Stop the Hub."""
        self.process.terminate()
        self.process.wait()


def library(where: Path) -> Path:
    """Build the library that plays the volume."""
    made = where / "faultvol.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)  # noqa: S603 - a fixed command
    return made


def bench(where: Path) -> Bench:
    """Return a running Hub with a small model of two commits that share some files."""
    rng = random.Random("the model")  # noqa: S311 - the same bytes every time
    large = {"one.safetensors": rng.randbytes(1_000_003), "deep/er/two.safetensors": rng.randbytes(262_144)}
    small = {f"part/{count:02}.json": rng.randbytes(200 + count) for count in range(10)}
    first = {**large, **small, "config.json": b"{}", "empty.txt": b"", "README.md": b"one"}
    second = {
        **first,
        "one.safetensors": rng.randbytes(1_000_003),
        "README.md": b"two",
        "more.bin": rng.randbytes(70_000),
    }
    del second["part/03.json"]
    repo, command = Repo(NAME), [sys.executable, "-m", "hub", "--lfs-over", str(LFS_OVER)]
    commits: list[str] = []
    for count, files in enumerate((first, second)):
        top = where / f"commit-{count}"
        for path, content in files.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(content)
        commits.append(repo.commit(folder(top), lfs_over=LFS_OVER))
        command += ["--repo", f"{NAME}={top}"]
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"} | {"PYTHONPATH": str(TESTS)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)  # noqa: S603 - our own Hub
    lines = iter(process.stdout or ())
    url = next(line.strip() for line in lines if line.startswith("http"))
    return Bench(url, (commits[0], commits[1]), dict(zip(commits, (first, second), strict=True)), process)
