# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A local Hub with small repositories, and the faults that it is told to play."""

import json
import random
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from e2e.rig import layout, places
from e2e.rig.kubernetes import START_SECONDS, listens

TOKEN = "hf_rigrigrigrigrigrigrigrigrigrigrig00"  # noqa: S105 - opens the local Hub and nothing else
MIB = 1 << 20
SLOW, SLOWER = "slow", "slower"
PACES = {SLOW: 192 << 10, SLOWER: 128 << 10}
"""Bytes a second on each connection that fetches a shard of such a name: long enough to act meanwhile."""
SLOW_FROM = 16
"""Shards of at least so many MiB are slow: as much as the hydrator fetches over one connection."""


@dataclass(frozen=True)
class Repo:
    """A repository of the local Hub: one list of shard sizes in MiB per commit, the last one on main."""

    name: str
    commits: tuple[tuple[float, ...], ...]
    private: bool = False
    pace: str = SLOW


REPOS = (
    Repo("rig/tiny", ((1, 1),)),
    Repo("rig/slow", ((20, 17),)),
    Repo("rig/slower", ((16,),), pace=SLOWER),
    Repo("rig/moving", ((1, 2), (18, 16))),
    Repo("rig/private", ((1,),), private=True),
)


def folder() -> Path:
    """Return the folder of the Hub's repositories."""
    return places.state() / "hub"


def start(extra: tuple[str, ...] = ()) -> None:
    """Serve the repositories, and a small one under every further name."""
    wanted = [*REPOS, *(Repo(name, ((1, 1),)) for name in extra)]
    argv = [sys.executable, "-m", "hub", f"--host={layout.ADDRESS}", f"--port={layout.HUB_PORT}", f"--token={TOKEN}"]
    for repo in wanted:
        for i in range(len(repo.commits)):
            path = folder() / repo.name / str(i)
            write(path, repo, i)
            argv.append(f"--repo={repo.name}={path}")
        argv += [f"--private={repo.name}"] if repo.private else []
    processes = layout.plane().processes
    process = processes.start("hub", argv, env={"PYTHONPATH": str(places.REPOSITORY / "tests")})
    processes.wait(process, lambda: listens(layout.ADDRESS, layout.HUB_PORT), seconds=START_SECONDS)
    fault = {"kind": "slow", "route": "cdn", "times": -1}
    tell("faults", [{**fault, "path": f"{pace}-*", "value": rate} for pace, rate in PACES.items()])


def write(path: Path, repo: Repo, commit: int) -> None:
    """Write one commit of a model repository, of random shards that are the same in every rig."""
    if path.exists():
        return
    shards, seed = repo.commits[commit], f"{repo.name}/{commit}"
    partial = path.with_name(f".{path.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    source = random.Random(seed)  # noqa: S311 - data to fetch, no secret
    names = [f"{repo.pace if size >= SLOW_FROM else 'model'}-{i:05}.safetensors" for i, size in enumerate(shards)]
    for shard, size in zip(names, shards, strict=True):
        (partial / shard).write_bytes(source.randbytes(int(size * MIB)))
    (partial / "config.json").write_text(json.dumps({"model_type": "rig", "_name_or_path": repo.name}))
    (partial / "tokenizer.json").write_text(json.dumps({"seed": seed, "version": "1.0"}))
    index = {
        "metadata": {"total_size": int(sum(shards) * MIB)},
        "weight_map": {f"w{i}": n for i, n in enumerate(names)},
    }
    (partial / "model.safetensors.index.json").write_text(json.dumps(index))
    (partial / "onnx").mkdir()
    (partial / "onnx" / "config.json").write_text("{}")
    partial.rename(path)


def commits(repo: str) -> list[str]:
    """Return the commits of a repository, as the Hub printed them at its start, oldest first."""
    lines = layout.plane().processes.log("hub").read_text().splitlines()
    rows = [line.split() for line in lines if line.startswith(f"{repo} ")]
    count = next((len(r.commits) for r in REPOS if r.name == repo), 1)
    return [row[1] for row in rows[-count:]]


def tell(what: str, body: object) -> None:
    """Tell the Hub something."""
    request = urllib.request.Request(f"{layout.HUB}/-/{what}", data=json.dumps(body).encode(), method="POST")  # noqa: S310 - the rig's own Hub
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
        return
