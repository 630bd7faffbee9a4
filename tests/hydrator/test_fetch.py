# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hydrator.running import FILES, RANGE, SMALL, same

if TYPE_CHECKING:
    from hydrator.running import Runner


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "cut", "route": "cdn", "at": 1000, "times": 3}, id="cut in a large file"),
        pytest.param({"kind": "cut", "route": "resolve", "at": 0, "times": 3}, id="cut before the body"),
        pytest.param({"kind": "cut", "route": "tree", "at": 10, "times": 2}, id="cut in a listing"),
        pytest.param({"kind": "stall", "route": "cdn", "at": 500, "value": 0.7}, id="stall"),
        pytest.param({"kind": "slow", "route": "cdn", "value": 200_000}, id="slow"),
        pytest.param({"kind": "wrong", "route": "cdn", "at": 77}, id="wrong byte in a large file"),
        pytest.param({"kind": "wrong", "route": "resolve", "path": "*config.json"}, id="wrong byte in a small file"),
        pytest.param({"kind": "status", "route": "cdn", "value": 403, "times": 2}, id="signed address expired"),
        pytest.param({"kind": "status", "route": "*", "value": 503, "times": 3}, id="503"),
        pytest.param({"kind": "status", "value": 429, "retry_after": "0", "times": 3}, id="429 with Retry-After"),
        pytest.param({"kind": "length", "route": "cdn", "value": 9}, id="Content-Length too long"),
        pytest.param({"kind": "length", "route": "resolve", "value": -1}, id="Content-Length too short"),
        pytest.param({"kind": "whole", "route": "*", "times": -1}, id="a source without ranges"),
        pytest.param({"kind": "chunked", "route": "*", "times": -1}, id="chunked bodies"),
        pytest.param({"kind": "unsized", "route": "*", "times": -1}, id="bodies without a length"),
        pytest.param({"kind": "html", "route": "cdn"}, id="a login page instead of a file"),
    ],
)
def test_overcomes(run: Runner, fault: dict[str, Any]) -> None:
    """A fault that passes is overcome within one run, and the bytes are the commit's."""
    run.fault(**fault)
    ended = run.dest()
    assert (ended.code, same(run.target)) == (0, True), ended.err


def test_source_without_ranges_and_cuts(run: Runner) -> None:
    """A large file from a source without ranges arrives although the connection is cut twice."""
    run.fault("whole", route="*", times=-1)
    run.fault("cut", route="cdn", at=300_000, times=2)
    assert run.dest().code == 0
    assert same(run.target)


def test_branch_that_moves(run: Runner) -> None:
    """A branch that moves in mid run changes nothing: the files are those of the commit that was resolved."""
    first = run.repo.branches["main"]
    second = run.repo.commit({**FILES, "config.json": b"new"})
    run.repo.branches["main"] = first
    run.fault("move", route="tree", code=second)
    assert run.dest().code == 0
    assert same(run.target)


def test_dest_follows_its_branch(run: Runner) -> None:
    """A second run after the branch moved replaces what changed and drops what is gone."""
    assert run.dest().code == 0
    files = {**FILES, "config.json": b"new"}
    del files["empty.txt"]
    run.repo.commit(files)
    (run.target / "mine.txt").write_text("beside it")
    before = run.fetched()
    assert run.dest().code == 0
    assert same(run.target, {**files, "mine.txt": b"beside it"})
    assert run.fetched() - before == len(b"new")


def test_token_stays_at_home(run: Runner) -> None:
    """The token goes to the endpoint and to nobody that it redirects to."""
    run.env = {"HF_TOKEN": "hf_secret"}
    run.hub.tokens = {"hf_secret": True}
    run.repo.private = True
    assert run.dest().code == 0
    assert {one.authorized for one in run.hub.seen if one.route == "cdn"} == {False}
    assert {one.authorized for one in run.hub.seen if one.route != "cdn"} == {True}


def test_no_token_is_searched(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the user's home, or in this process's own environment, is never used."""
    home = run.root.parent / "home"
    (home / ".cache/huggingface").mkdir(parents=True)
    (home / ".cache/huggingface/token").write_text("hf_home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_TOKEN", "hf_environment")
    run.hub.tokens = {"hf_home": True, "hf_environment": True}
    assert run.dest().code == 0
    assert not any(one.authorized for one in run.hub.seen)


@pytest.mark.parametrize(
    ("argv", "want"),
    [
        pytest.param(["--include", "*.safetensors"], {"model.safetensors", "sub/other.safetensors"}, id="star"),
        pytest.param(["--include", "sub/"], {"sub/other.safetensors", "sub/deep/tokenizer.json"}, id="a folder"),
        pytest.param(
            ["--exclude", "*.safetensors", "--exclude", "empty*"],
            {"config.json", "sub/deep/tokenizer.json"},
            id="exclude",
        ),
        pytest.param(["--include", "*.json", "--exclude", "sub/*"], {"config.json"}, id="both"),
    ],
)
def test_selects(run: Runner, argv: list[str], want: set[str]) -> None:
    """Include and exclude choose as snapshot_download does."""
    assert run.dest(*argv).code == 0
    assert same(run.target, {path: FILES[path] for path in want})


def test_plan_prints_and_stops(run: Runner) -> None:
    """--plan tells files, bytes and commit, and touches nothing."""
    ended = run("--plan", "--include", "*.json")
    assert ended.code == 0
    assert f"2 files, 10 bytes, commit {run.repo.branches['main']}" in ended.out
    assert list(run.root.iterdir()) == []


def test_all_pages(run: Runner) -> None:
    """A listing of many pages is followed to its end."""
    files = {f"{number:03}.txt": str(number).encode() for number in range(25)}
    run.repo.commit(files)
    assert run.dest().code == 0
    assert same(run.target, files)


def test_each_range_once(run: Runner) -> None:
    """Without faults every byte is asked for once, over signed addresses that are asked for once a file."""
    assert run.dest().code == 0
    assert run.fetched() == sum(map(len, FILES.values()))
    large = [one for one in run.hub.seen if one.route == "resolve" and one.path.endswith("/model.safetensors")]
    assert len(large) < len(FILES["model.safetensors"]) / RANGE


def test_large_files_two_at_a_time(run: Runner) -> None:
    """The first connections go to two large files in turn, so that two threads hash from the start."""
    files = {f"{name}.safetensors": name.encode() * (20 * RANGE) for name in "abc"}
    run.repo.commit(files)
    run.fault("slow", route="cdn", value=500_000, times=SMALL.connections)
    assert run.dest().code == 0
    assert same(run.target, files)
    first = [one.path for one in run.hub.seen if one.route == "cdn"][: SMALL.connections]
    digests = [hashlib.sha256(content).hexdigest() for content in files.values()]
    assert [sum(digest in path for path in first) for digest in digests] == [2, 2, 0]


def test_mirror_that_names_the_public_hub(run: Runner) -> None:
    """A mirror's links to the public Hub are followed on the mirror, with nothing sent elsewhere."""
    run.hub.url = "https://huggingface.co"
    ended = run("--dest", str(run.target), "--endpoint", run.hub.main.url)
    assert ended.code == 0
    assert same(run.target)


def test_names_that_need_quoting(run: Runner) -> None:
    """File names with spaces, percent signs and other scripts arrive under their own names."""
    files = {"a b/100% größe.txt": b"1", "模型.bin": b"2" * 70_000, "q?x#y&z.txt": b"3"}
    run.repo.commit(files)
    assert run.dest().code == 0
    assert same(run.target, files)


def test_repo_name_in_lines(run: Runner) -> None:
    """The last line of a success names files, bytes, commit and place."""
    out = run.dest().out
    assert f"5 files, {sum(map(len, FILES.values()))} bytes, commit {run.repo.branches['main']}" in out
