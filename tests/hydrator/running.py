# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Run the hydrator in this process against a local Hub, fast enough for a table of cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hub.repos import Repo
from hub.server import Hub
from modelplane_hydrator.command import command
from modelplane_hydrator.timing import Sizes, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest
    from hub.faults import Fault
    from modelplane_hydrator.holder import Holder

NAME = "team/model"
RANGE = 1 << 16
OK = 200
FAST = Timing(
    beat=0.05,
    stale=0.6,
    busy=5,
    poll=0.02,
    connect=2,
    stall=0.3,
    crawl=2,
    crawl_bytes=20_000,
    listing=5,
    backoff=0.01,
    backoff_most=0.02,
    attempts=4,
    patience=0.5,
    line=0.1,
    report=0.05,
    report_final=0.2,
    report_call=2,
)
SMALL = Sizes(range_bytes=RANGE, connections=4, spare_buffers=1, syncers=2)
FILES = {
    "model.safetensors": bytes(range(256)) * 2500,
    "sub/other.safetensors": b"other" * 20_000,
    "config.json": b'{"a": 1}',
    "sub/deep/tokenizer.json": b"{}",
    "empty.txt": b"",
}


@dataclass
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """Return the last line of the log."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


@dataclass
class Runner:
    """Runs the hydrator on one Hub and one folder."""

    hub: Hub
    repo: Repo
    root: Path
    capture: pytest.CaptureFixture[str]
    timing: Timing = FAST
    sizes: Sizes = SMALL
    env: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *argv: str, me: Holder | None = None, **timing: float) -> Ended:
        """Run with these flags beside the repository and the endpoint."""
        flags = ["--repo", NAME, "--endpoint", self.hub.url, "--termination-log", str(self.log), *argv]
        made = replace(self.timing, **timing)
        code = command(flags, env=self.env, timing=made, sizes=self.sizes, me=me)
        shown = self.capture.readouterr()
        return Ended(code, shown.out, shown.err)

    def dest(self, *argv: str, me: Holder | None = None, **timing: float) -> Ended:
        """Run with --dest."""
        return self("--dest", str(self.target), *argv, me=me, **timing)

    def volume(self, *argv: str, me: Holder | None = None, **timing: float) -> Ended:
        """Run with --volume and --tree."""
        return self("--volume", str(self.root), "--tree", "base", *argv, me=me, **timing)

    def fault(self, kind: str, **more: str | float) -> None:
        """Have the Hub play a fault."""
        self.hub.faults.add([{"kind": kind, **more}])

    @property
    def target(self) -> Path:
        """Return where --dest publishes."""
        return self.root / "model"

    @property
    def log(self) -> Path:
        """Return the termination log."""
        return self.root.parent / "termination-log"

    @property
    def tree(self) -> Path:
        """Return where --volume publishes main's commit."""
        return self.root / "trees" / f"base-{self.repo.branches['main'][:12]}"

    def fetched(self) -> int:
        """Return the bytes of all ranges that were asked for and not refused or redirected."""
        spans = [one.range.removeprefix("bytes=").split("-") for one in self.hub.seen if one.status == OK and one.range]
        return sum(int(last) - int(first) + 1 for first, last in spans)


def made(root: Path, capture: pytest.CaptureFixture[str], faults: list[Fault] | None = None) -> Runner:
    """Return a runner on a new Hub with one model."""
    repo = Repo(NAME)
    repo.commit(FILES)
    hub = Hub([repo], page=2)
    hub.faults.add(faults or [])
    return Runner(hub, repo, root, capture)


def same(tree: Path, files: Mapping[str, bytes] = FILES) -> bool:
    """Whether a folder holds exactly these files and the marker."""
    found = {one.relative_to(tree).as_posix(): one.read_bytes() for one in tree.rglob("*") if one.is_file()}
    return found.pop(".modelplane-hydrated", None) is not None and found == dict(files)
