# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hydrator.running import FAST, FILES
from modelplane_hydrator.progress import Progress, line, percent, size

if TYPE_CHECKING:
    from hydrator.apiserver import ApiServer
    from hydrator.running import Ended, Runner

TOTAL = sum(map(len, FILES.values()))


def report(run: Runner, api: ApiServer, *argv: str) -> Ended:
    """Run as a pod of the Job ns/job."""
    run.env = {**run.env, **api.env}
    return run.volume("--report-job", "ns/job", "--service-account", str(api.account), *argv)


def test_first_and_last(run: Runner, api: ApiServer) -> None:
    """The Job hears of the commit at the start and of everything at the end, by patches of itself only."""
    assert report(run, api).code == 0
    first, last = api.progress[0], api.progress[-1]
    commit = run.repo.branches["main"]
    assert (first["percent"], first["commit"], first["bytes"]) == (0, commit, 0)
    assert (last["percent"], last["bytes"], last["total"], last["reason"]) == (100, TOTAL, TOTAL, "")
    assert last["tree"] == run.tree.name
    assert set(last) == {"percent", "bytes", "total", "rate", "eta", "commit", "tree", "reason", "time"}
    path, headers, _ = api.patches[0]
    assert path.partition("?")[0] == "/apis/batch/v1/namespaces/ns/jobs/job"
    assert headers["Content-Type"] == "application/merge-patch+json"
    assert headers["Authorization"] == "Bearer sa-token"


def test_on_the_way(run: Runner, api: ApiServer) -> None:
    """A long run reports on the way, never twice the same percent, and less often than it prints."""
    run.fault("slow", route="cdn", value=150_000, times=-1)
    assert report(run, api).code == 0
    told = [int(str(said["percent"])) for said in api.progress]
    assert len(told) > 3
    assert told[:-1] == sorted(set(told[:-1]))


def test_last_trouble(run: Runner, api: ApiServer) -> None:
    """A failed run's last report carries its reason, for the fleet's status to show."""
    run.fault("status", route="cdn", value=503, times=-1)
    assert report(run, api).code == 31
    assert api.progress[-1]["reason"] == "SourceUnavailable"


def test_late_role(run: Runner, api: ApiServer) -> None:
    """A Role that arrives after the start is waited for at the end."""
    api.first_refused = 2
    assert report(run, api).code == 0
    assert api.progress[-1]["percent"] == 100


def test_skip_reports_too(run: Runner, api: ApiServer) -> None:
    """A run that finds everything there says so."""
    assert run.volume().code == 0
    assert report(run, api).code == 0
    assert api.progress[-1]["percent"] == 100


def test_lines(run: Runner) -> None:
    """A log gets a line every few seconds: percent, bytes, rate, time left; a log gets no bar."""
    run.fault("slow", route="cdn", value=150_000, times=-1)
    ended = run.dest()
    shape = re.compile(r"fetching \d+%, [\d.]+ \w+ of [\d.]+ \w+, [\d.]+ \w+/s, (unknown|\d+:\d\d:\d\d) left")
    lines = ended.err.splitlines()
    assert len(lines) > 3
    assert all(shape.match(one) for one in lines)


class Terminal(io.StringIO):
    """A terminal, as far as output cares."""

    def isatty(self) -> bool:
        """Say that this is one."""
        return True


def test_bar() -> None:
    """A terminal gets one line with a bar that is written over, and none is left at the end."""
    out = Terminal()
    progress = Progress(FAST, None, out)
    progress.begin("c" * 40, "tree", 100)
    progress.counters.keep(50)
    progress.stopped.wait(0.5)
    progress.end(None)
    assert "[###############...............]" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")
    assert "\n" not in out.getvalue()


@pytest.mark.parametrize(
    ("here", "total", "want"),
    [
        pytest.param(0, 0, 100, id="nothing to fetch"),
        pytest.param(999, 1000, 99, id="not yet all"),
        pytest.param(1000, 1000, 100, id="all"),
    ],
)
def test_percent(here: int, total: int, want: int) -> None:
    """100 percent is everything and nothing less."""
    assert percent(here, total) == want


def test_words() -> None:
    """Sizes and times are written as people read them."""
    now: dict[str, object] = {
        "bytes": 1 << 30,
        "total": 5 << 30,
        "rate": 1 << 20,
        "eta": 4096,
        "percent": 20,
        "reason": "Stalled",
    }
    assert line(now, "fetching") == "fetching 20%, 1.0 GiB of 5.0 GiB, 1.0 MiB/s, 1:08:16 left, last trouble Stalled"
    assert size(17) == "17 B"


def test_no_secret_is_shown(run: Runner, api: ApiServer) -> None:
    """Neither the token nor a signed address is in any line or report, whatever goes wrong."""
    run.env, run.hub.tokens, run.repo.private = {"HF_TOKEN": "hf_secret"}, {"hf_secret": True}, True
    for kind in ("cut", "stall", "html", "length"):
        run.fault(kind, route="cdn", value=1, times=2)
    run.log.write_text("")
    first = report(run, api)
    run.fault("status", route="cdn", value=503, times=-1)
    run.repo.commit({**FILES, "more.bin": b"more" * 30_000})
    second = report(run, api)
    everything = first.err + first.out + second.err + second.out + run.log.read_text() + str(api.progress)
    assert (first.code, second.code) == (0, 31)
    assert "hf_secret" not in everything
    assert "Signature" not in everything
