# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.repos import Repo
from hub.server import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "team/model"
FILES = {"large.safetensors": b"0123456789" * 50_000, "config.json": b"{}", "sub/a b.txt": b"x", "empty.txt": b""}
HF = Path(sys.executable).with_name("hf")


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Give a Hub with one model, two entries a page."""
    repo = Repo(NAME)
    repo.commit(FILES)
    with Hub([repo], page=2, tokens={"hf_good": True}) as made:
        yield made


def download(hub: Hub, home: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the real hf download against a Hub."""
    full = {"PATH": os.environ["PATH"], "HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", **env}
    command = [str(HF), "download", NAME, "--local-dir", str(home / "out"), *argv]
    return subprocess.run(command, env=full, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - the peer


def files(folder: Path) -> dict[str, bytes]:
    """Return a folder's files outside the client's own cache."""
    found = (one for one in folder.rglob("*") if one.is_file() and ".cache" not in one.parts)
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in found}


def test_the_real_client_works(hub: Hub, tmp_path: Path) -> None:
    """Hf download gets every file: API, pages, redirects, ranges and small files are as it expects."""
    ended = download(hub, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert files(tmp_path / "out") == FILES
    assert {"info", "tree", "resolve", "cdn"} <= {one.route for one in hub.seen}


def test_the_real_client_is_refused(hub: Hub, tmp_path: Path) -> None:
    """Hf download understands how a private repository is refused, and gets it with a token."""
    hub.repos[NAME].private = True
    assert download(hub, tmp_path).returncode != 0
    assert download(hub, tmp_path, HF_TOKEN="hf_good").returncode == 0  # noqa: S106 - of a Hub of our own
    assert files(tmp_path / "out") == FILES
    assert not any(one.authorized for one in hub.seen if one.route == "cdn")


def answer(url: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for something and return status, headers and body."""
    request = urllib.request.Request(url, body, headers=headers)  # noqa: S310 - our own Hub
    try:
        with urllib.request.urlopen(request, timeout=10) as given:  # noqa: S310 - our own Hub
            return given.status, dict(given.headers), given.read()
    except urllib.error.HTTPError as err:
        return err.code, dict(err.headers), err.read()


def test_ranges(hub: Hub) -> None:
    """A range is answered with 206 and its place, one past the end with 416."""
    url = f"{hub.url}/{NAME}/resolve/main/large.safetensors"
    status, headers, body = answer(url, Range="bytes=5-14")
    assert (status, body, headers["Content-Range"]) == (206, b"5678901234", "bytes 5-14/500000")
    assert answer(url, Range="bytes=500000-")[0] == 416


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("team/none/resolve/main/x", 401, "RepoNotFound", id="repo"),
        pytest.param(f"{NAME}/resolve/none/config.json", 404, "RevisionNotFound", id="revision"),
        pytest.param(f"{NAME}/resolve/main/none.json", 404, "EntryNotFound", id="file"),
        pytest.param(f"api/models/{NAME}/revision/none", 404, "RevisionNotFound", id="revision of the API"),
    ],
)
def test_refusals(hub: Hub, path: str, status: int, code: str) -> None:
    """A refusal has the status and the code that clients read."""
    got, headers, _ = answer(f"{hub.url}/{path}")
    assert (got, headers["X-Error-Code"]) == (status, code)


def test_control(hub: Hub) -> None:
    """Another process can play faults, and ask what was seen."""
    fault = {"kind": "status", "route": "info", "value": 429, "retry_after": "3"}
    answer(f"{hub.url}/-/faults", json.dumps([fault]).encode())
    url = f"{hub.url}/api/models/{NAME}"
    status, headers, _ = answer(url)
    assert (status, headers["Retry-After"]) == (429, "3")
    assert answer(url)[0] == 200
    seen = json.loads(answer(f"{hub.url}/-/seen")[2])
    assert [one["status"] for one in seen] == [429, 200]


def test_command(tmp_path: Path) -> None:
    """The command serves folders, prints each commit and its own address, and a name twice is two commits."""
    for count in ("1", "2"):
        (tmp_path / count).mkdir()
        (tmp_path / count / "file").write_text(count)
    command = [sys.executable, "-m", "hub", *(f"--repo=a/b={tmp_path / count}" for count in "12")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        lines = [process.stdout.readline().strip() for _ in range(3)] if process.stdout else []
        try:
            assert answer(f"{lines[2]}/a/b/resolve/main/file")[2] == b"2"
            assert answer(f"{lines[2]}/a/b/resolve/{lines[0].split()[1]}/file")[2] == b"1"
        finally:
            process.terminate()
