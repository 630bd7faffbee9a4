# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Measure the hydrator against cp and hf download in one alternating run, on loopback, durable.

PYTHONPATH=tests python benchmarks/hydration/speed.py --disk DIR [--memory /dev/shm] [--gib 4] [--rounds 5]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

GIB = 1 << 30
MIB = 1 << 20
SHARD = GIB
NAME = "bench/model"
BIN = Path(sys.executable).parent
HASHED = 'cp -r "$1" "$2" && find "$2" -type f -print0 | xargs -0 -P 2 -n "$3" sha256sum'
"""Copy, then read back and hash with as many processes as a small machine has cores: what knowing the bytes costs."""


@dataclass
class Series:
    """The seconds and the peak memory of one contender."""

    seconds: list[float] = field(default_factory=list)
    peak: int = 0

    @property
    def median(self) -> float:
        """Return the median seconds."""
        return statistics.median(self.seconds)


def parser() -> argparse.ArgumentParser:
    """Return the command's flags."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--disk", type=Path, required=True, help="folder on the disk that is written to")
    made.add_argument("--memory", type=Path, default=Path("/dev/shm"), help="folder in memory for the source")  # noqa: S108 - it is the point
    made.add_argument("--gib", type=int, default=4, help="GiB in shards of 1 GiB (default: 4)")
    made.add_argument("--small", type=int, default=10_000, help="how many small files (default: 10000)")
    made.add_argument("--rounds", type=int, default=5, help="rounds, each contender once a round (default: 5)")
    made.add_argument("--without-hf", action="store_true", help="leave hf download out")
    return made


def shards(folder: Path, gib: int) -> None:
    """Write shards that no filesystem can compress."""
    block = random.Random(1).randbytes(64 * MIB)  # noqa: S311 - the same bytes every time
    for count in range(gib):
        with (folder / f"model-{count + 1:05}-of-{gib:05}.safetensors").open("wb") as out:
            for piece in range(SHARD // len(block)):
                out.write(f"{count}/{piece}".encode() + block[8:])
            out.truncate(SHARD)


def small(folder: Path, count: int) -> None:
    """Write many files of 1 to 8 KiB, a hundred to a folder."""
    rng = random.Random(2)  # noqa: S311 - the same bytes every time
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(rng.randrange(1024, 8192)))


def hub(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Return a Hub that serves a folder, and its address."""
    command = [sys.executable, "-m", "hub", "--repo", f"{NAME}={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own Hub
    lines = iter(process.stdout or ())
    return process, next(line.strip() for line in lines if line.startswith("http"))


def contenders(source: Path, target: Path, url: str) -> dict[str, list[str]]:
    """Return the command of each contender."""
    at_once = str(max(1, len([one for one in source.rglob("*") if one.is_file()]) // 64))
    hydrate = [str(BIN / "modelplane-hydrate"), "--repo", NAME, "--endpoint", url, "--dest", str(target)]
    return {
        "cp": ["cp", "-r", str(source), str(target)],
        "cp, hashed": ["sh", "-c", HASHED, "sh", str(source), str(target), at_once],
        "hydrator": hydrate,
        "hf": [str(BIN / "hf"), "download", NAME, "--local-dir", str(target)],
    }


def once(command: list[str], target: Path, url: str) -> tuple[float, int]:
    """Run a command on an empty target and return its seconds, synced, and its peak memory."""
    shutil.rmtree(target, ignore_errors=True)
    os.sync()
    env = {**os.environ, "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    began = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
    _, status, usage = os.wait4(process.pid, 0)
    os.sync()
    if status:
        raise SystemExit(f"cannot measure: {command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began, usage.ru_maxrss


def measure(source: Path, target: Path, given: argparse.Namespace) -> dict[str, Series]:
    """Run every contender once a round."""
    process, url = hub(source)
    found: dict[str, Series] = {}
    try:
        commands = contenders(source, target, url)
        if given.without_hf:
            del commands["hf"]
        for _ in range(given.rounds):
            for name, command in commands.items():
                seconds, peak = once(command, target, url)
                series = found.setdefault(name, Series())
                series.seconds.append(seconds)
                series.peak = max(series.peak, peak)
                print(f"  {name:<10} {seconds:7.2f} s, {peak // 1024} MiB", flush=True)
        again, _ = rerun(commands["hydrator"], target, url)
        print(f"  hydrator on its complete tree: {again:.2f} s")
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(target, ignore_errors=True)
    return found


def rerun(command: list[str], target: Path, url: str) -> tuple[float, int]:
    """Return the seconds of a run that finds everything there."""
    once(command, target, url)
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    return time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def tell(found: dict[str, Series], size: int) -> None:
    """Print medians, spreads and ratios."""
    ours = found["hydrator"].median
    for name, series in found.items():
        spread = f"{min(series.seconds):.2f} to {max(series.seconds):.2f}"
        print(
            f"{name:<10} median {series.median:6.2f} s ({spread}), {size / series.median / 1e6:6.0f} MB/s,"
            f" {series.peak // 1024} MiB, hydrator is {series.median / ours:.2f} times as fast"
        )


def main() -> None:
    """Measure large shards, then many small files."""
    given = parser().parse_args()
    for title, count, make in (("shards", given.gib, shards), ("small files", given.small, small)):
        if not count:
            continue
        with (
            tempfile.TemporaryDirectory(dir=given.memory) as memory,
            tempfile.TemporaryDirectory(dir=given.disk) as disk,
        ):
            source = Path(memory) / "source"
            source.mkdir()
            maker = multiprocessing.Process(target=make, args=(source, count))
            maker.start()
            maker.join()
            size = sum(one.stat().st_size for one in source.rglob("*") if one.is_file())
            print(f"{count} {title}, {size} bytes, {given.rounds} rounds", flush=True)
            tell(measure(source, Path(disk) / "target", given), size)


if __name__ == "__main__":
    main()
