# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hub.repos import Blob
from hydrator.running import FAST, FILES, NAME, Ended, Runner
from modelplane_hydrator import holder, lease
from modelplane_hydrator.errors import EXIT_CODES
from modelplane_hydrator.timing import Sizes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hydrator.apiserver import ApiServer


def private(run: Runner) -> Ended:
    """Ask for a private repository without a token."""
    run.repo.private = True
    return run.dest()


def gated_without_token(run: Runner) -> Ended:
    """Ask for a gated repository without a token."""
    run.repo.gated = True
    return run.dest()


def gated_with_token(run: Runner) -> Ended:
    """Ask with a token whose owner did not accept the terms."""
    run.repo.gated, run.hub.tokens, run.env = True, {"hf_secret": False}, {"HF_TOKEN": "hf_secret"}
    return run.dest()


def bad_token(run: Runner) -> Ended:
    """Ask with a token that nobody knows."""
    run.env = {"HF_TOKEN": "hf_secret"}
    return run.dest()


def revoked_token(run: Runner) -> Ended:
    """Ask with a token that is revoked after two files."""
    run.env, run.hub.tokens = {"HF_TOKEN": "hf_secret"}, {"hf_secret": True}
    run.fault("status", route="resolve", value=401, times=-1, skip=2)
    return run.dest()


def unsafe(run: Runner) -> Ended:
    """Ask for a commit with a file outside its tree."""
    run.repo.commit({**FILES, "../../escaped.txt": b"x"})
    return run.dest()


def hides_the_marker(run: Runner) -> Ended:
    """Ask for a commit with a file named as our marker."""
    run.repo.commit({".modelplane-hydrated": b"{}"})
    return run.dest()


def too_large(run: Runner) -> Ended:
    """Ask for more than any disk holds."""
    run.repo.commit({"huge.bin": Blob(b"", 10**15, "a" * 64, "", lfs=True)})
    return run.volume()


def no_volume(run: Runner) -> Ended:
    """Name a volume that is not there."""
    return run("--volume", str(run.root / "missing"), "--tree", "base")


def unwritable(run: Runner) -> Ended:
    """Name a volume that refuses every write, even of root."""
    return run("--volume", "/sys", "--tree", "base")


def busy(run: Runner) -> Ended:
    """Ask for a tree whose lease beats in other hands."""
    work = run.root / ".modelplane" / run.tree.name
    work.mkdir(parents=True)
    held = lease.Lease(work / "lease", holder.here("jobs/other"), FAST)
    assert held.claim()
    held.start()
    try:
        return run.volume(busy=0.2)
    finally:
        held.release()


def bug(run: Runner) -> Ended:
    """Run with a size that no code expects."""
    run.sizes = Sizes(range_bytes=0)
    return run.dest()


def fault(kind: str, **more: str | float) -> Callable[[Runner], Ended]:
    """Return a run that meets a fault for ever."""

    def case(run: Runner) -> Ended:
        run.fault(kind, **{"times": -1, **more})
        return run.dest()

    return case


def flags(*argv: str, **env: str) -> Callable[[Runner], Ended]:
    """Return a run with more flags and an environment."""

    def case(run: Runner) -> Ended:
        run.env = env
        return run.dest(*argv)

    return case


ENDINGS = [
    pytest.param(bug, "InternalError", "bug", id="our own fault"),
    pytest.param(flags("--connections", "0"), "InvalidArguments", "--connections", id="flags"),
    pytest.param(flags("--report-job", "a/b"), "InvalidArguments", "outside Kubernetes", id="no cluster"),
    pytest.param(gated_without_token, "GatedRepo", "HF_TOKEN", id="gated without token"),
    pytest.param(gated_with_token, "GatedRepo", "accept", id="gated, terms not accepted"),
    pytest.param(bad_token, "Unauthorized", "valid token", id="bad token"),
    pytest.param(revoked_token, "Unauthorized", "valid token", id="token revoked in mid run"),
    pytest.param(private, "RepoNotFound", "HF_TOKEN is not set", id="private without token"),
    pytest.param(flags("--repo", "team/unknown"), "RepoNotFound", "team/unknown", id="unknown repo"),
    pytest.param(flags("--revision", "v9"), "RevisionNotFound", "'v9'", id="unknown revision"),
    pytest.param(flags("--commit", "0" * 40), "RevisionNotFound", "0000", id="unknown commit"),
    pytest.param(flags("--include", "*.gguf"), "NoFilesSelected", "--include", id="nothing selected"),
    pytest.param(unsafe, "UnsafePath", "escaped.txt", id="path traversal"),
    pytest.param(hides_the_marker, "UnsafePath", ".modelplane-hydrated", id="a file named as our marker"),
    pytest.param(too_large, "DiskFull", "1000000000000000 bytes", id="no room"),
    pytest.param(no_volume, "VolumeNotWritable", "no such folder", id="volume is missing"),
    pytest.param(unwritable, "VolumeNotWritable", f"uid {os.getuid()}", id="volume refuses us"),
    pytest.param(flags(HF_HUB_OFFLINE="1"), "Offline", "HF_HUB_OFFLINE", id="offline"),
    pytest.param(fault("status", value=429), "RateLimited", "later", id="429 for ever"),
    pytest.param(fault("status", value=429, retry_after="99999"), "RateLimited", "later", id="Retry-After too long"),
    pytest.param(fault("status", value=503), "SourceUnavailable", "503", id="503 for ever"),
    pytest.param(fault("html"), "SourceUnavailable", "not answer like a Hub", id="not a Hub"),
    pytest.param(flags("--endpoint", "http://127.0.0.1:9"), "SourceUnavailable", "refused", id="nobody listens"),
    pytest.param(fault("cut", at=0, route="cdn"), "SourceUnavailable", "later", id="every range cut at once"),
    pytest.param(fault("wrong", route="cdn"), "ChecksumMismatch", "wrong bytes", id="wrong bytes for ever"),
    pytest.param(fault("stall", value=1, route="cdn"), "Stalled", "sends nothing", id="stalls for ever"),
    pytest.param(fault("slow", value=900, route="cdn"), "Stalled", "bytes in", id="crawls for ever"),
    pytest.param(busy, "VolumeBusy", "Job jobs/other", id="somebody else holds the lease"),
]


@pytest.mark.parametrize(("case", "reason", "says"), ENDINGS)
def test_ends(run: Runner, case: Callable[[Runner], Ended], reason: str, says: str) -> None:
    """A bad end is one last line with reason and remedy, its own code, and nothing half-published."""
    run.log.write_text("")
    ended = case(run)
    assert (ended.code, ended.last.partition(":")[0]) == (EXIT_CODES[reason], reason), ended.err
    assert says in ended.last
    assert "hf_secret" not in ended.err + ended.out + run.log.read_text()
    assert "s3cret" not in ended.err + ended.out
    if "connections" not in says:
        assert run.log.read_text() == ended.last + "\n"
    assert not run.target.exists()
    assert not run.tree.exists()


def test_untrusted_source(run: Runner, api: ApiServer) -> None:
    """A certificate of an unknown authority is SourceUntrusted, and says what to set."""
    ended = run.dest("--endpoint", f"https://127.0.0.1:{api.server.server_port}")
    assert ended.code == EXIT_CODES["SourceUntrusted"]
    assert "SSL_CERT_FILE" in ended.last


def test_report_rejected(run: Runner, api: ApiServer) -> None:
    """A Job that does not accept the last report is not done, although the tree is there."""
    api.status = 403
    run.env = api.env
    ended = run.volume("--report-job", "ns/job", "--service-account", str(api.account))
    assert ended.code == EXIT_CODES["ReportRejected"]
    assert run.tree.exists()


def process(run: Runner, env: dict[str, str]) -> subprocess.Popen[str]:
    """Return a real process of the hydrator."""
    argv = ["--repo", NAME, "--endpoint", run.hub.url, "--dest", str(run.target)]
    command = [sys.executable, "-m", "modelplane_hydrator", *argv]
    full = {"PATH": os.environ["PATH"], **env}
    return subprocess.Popen(command, env=full, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours


def test_volume_fault(run: Runner, faulty_volume: Path) -> None:
    """An input/output error of fsync fails the attempt, with nothing published."""
    ended = process(run, {"LD_PRELOAD": str(faulty_volume), "FV_ROOT": str(run.root), "FV_FSYNC": "5"})
    _, err = ended.communicate(timeout=30)
    assert (ended.returncode, err.splitlines()[-1].partition(":")[0]) == (EXIT_CODES["VolumeFault"], "VolumeFault")
    assert not run.target.exists()


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, id="SIGTERM"), pytest.param(signal.SIGINT, id="Ctrl-C")]
)
def test_interrupted(run: Runner, number: signal.Signals) -> None:
    """A run that is told to stop gives its lease back and says that it goes on later."""
    run.fault("slow", route="cdn", value=20_000, times=-1)
    began = process(run, {})
    wait_for(lambda: any(one.route == "cdn" for one in run.hub.seen))
    began.send_signal(number)
    _, err = began.communicate(timeout=30)
    assert (began.returncode, err.splitlines()[-1].partition(":")[0]) == (EXIT_CODES["Interrupted"], "Interrupted")
    assert not list(run.root.rglob("lease"))


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds, for a while."""
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def test_every_code_is_caused() -> None:
    """The cases above cause every reason that there is."""
    caused = {str(one.values[1]) for one in ENDINGS}
    alone = {"SourceUntrusted", "ReportRejected", "VolumeFault", "Interrupted"}
    assert caused | alone == set(EXIT_CODES)
