# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from modelplane_hydrator import errors, flags

HERE = ["--repo", "a/b", "--dest", "x"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        pytest.param(["--dest", "x"], "--repo", id="no repo"),
        pytest.param(["--repo", "/a", "--dest", "x"], "OWNER/NAME", id="repo with an empty owner"),
        pytest.param(["--repo", "a/../b", "--dest", "x"], "OWNER/NAME", id="repo that climbs"),
        pytest.param(["--repo", "a/b"], "--dest DIR", id="no place"),
        pytest.param([*HERE, "--volume", "v", "--tree", "t"], "together", id="two places"),
        pytest.param(["--repo", "a/b", "--volume", "v"], "--tree", id="volume without tree"),
        pytest.param([*HERE, "--tree", "t"], "--volume", id="tree without volume"),
        pytest.param(["--repo", "a/b", "--volume", "v", "--tree", "../t"], "--tree", id="tree that climbs"),
        pytest.param([*HERE, "--keep", "t"], "--keep", id="keep without volume"),
        pytest.param(["--repo", "a/b", "--volume", "v", "--tree", "t", "--keep", "a/b"], "--keep", id="keep a path"),
        pytest.param([*HERE, "--commit", "abc"], "40 hex digits", id="short commit"),
        pytest.param([*HERE, "--revision", " "], "--revision", id="empty revision"),
        pytest.param([*HERE, "--endpoint", "ftp://x"], "endpoint", id="endpoint of another scheme"),
        pytest.param([*HERE, "--endpoint", "https://user:pw@x"], "endpoint", id="endpoint with a password"),
        pytest.param([*HERE, "--plan", "--verify"], "not allowed", id="plan and verify"),
        pytest.param([*HERE, "--connections", "0"], "--connections", id="no connections"),
        pytest.param([*HERE, "--connections", "many"], "--connections", id="connections that are no number"),
        pytest.param([*HERE, "--report-job", "job"], "NAMESPACE/NAME", id="job without namespace"),
        pytest.param([*HERE, "--nonsense"], "unrecognized", id="unknown flag"),
        pytest.param([*HERE, "--rep", "a/c"], "unrecognized", id="abbreviated flag"),
    ],
)
def test_refuses(argv: list[str], says: str) -> None:
    """Flags that contradict themselves are one line that names the flag."""
    with pytest.raises(errors.InvalidArgumentsError, match=says) as caught:
        flags.options(argv, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("argv", "env", "name", "want"),
    [
        pytest.param([], {}, "endpoint", "https://huggingface.co", id="the public Hub"),
        pytest.param([], {"HF_ENDPOINT": "http://m:1/x/"}, "endpoint", "http://m:1/x", id="endpoint from environment"),
        pytest.param(["--endpoint", "http://f"], {"HF_ENDPOINT": "http://m"}, "endpoint", "http://f", id="flag first"),
        pytest.param([], {"HF_TOKEN": " hf_x\n"}, "token", "hf_x", id="token without its newline"),
        pytest.param([], {"HF_HUB_OFFLINE": "1"}, "offline", True, id="offline"),
        pytest.param(["--include", "*.a", "--include", "*.b"], {}, "include", ("*.a", "*.b"), id="repeated include"),
        pytest.param(["--commit", "A" * 40], {}, "commit", "a" * 40, id="commit in lower case"),
    ],
)
def test_reads(argv: list[str], env: dict[str, str], name: str, want: object) -> None:
    """Flags and environment end in one value, flags first."""
    assert getattr(flags.options([*HERE, *argv], env), name) == want


def test_keep_without_names_sweeps() -> None:
    """An empty --keep asks for every other tree to go."""
    made = flags.options(["--repo", "a/b", "--volume", "v", "--tree", "t", "--keep", ""], {})
    assert (made.sweep, made.keep) == (True, ())


def test_help_suffices(capsys: pytest.CaptureFixture[str]) -> None:
    """The help shows a command for a laptop, where the token comes from, and every exit code."""
    with pytest.raises(SystemExit) as ended:
        flags.options(["--help"], {})
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert "modelplane-hydrate --repo Qwen/Qwen2.5-7B-Instruct --dest ./models" in shown
    assert "HF_TOKEN" in shown
    assert all(f"{code} {reason}" in shown for reason, code in errors.EXIT_CODES.items())


def test_one_code_for_each_reason() -> None:
    """Reasons and exit codes are unique, and none is a shell's or a signal's."""
    codes = [kind.exit_code for kind in errors.REASONS]
    assert len(set(codes)) == len(codes) == len(errors.EXIT_CODES)
    assert all(0 < code < 126 for code in codes)


def test_codes_are_kept() -> None:
    """The table that others mirror does not change by accident."""
    assert errors.EXIT_CODES == {
        "InternalError": 1,
        "InvalidArguments": 2,
        "GatedRepo": 10,
        "Unauthorized": 11,
        "RepoNotFound": 12,
        "RevisionNotFound": 13,
        "NoFilesSelected": 14,
        "UnsafePath": 15,
        "DiskFull": 16,
        "VolumeNotWritable": 17,
        "Offline": 18,
        "SourceUntrusted": 19,
        "RateLimited": 30,
        "SourceUnavailable": 31,
        "ChecksumMismatch": 32,
        "Stalled": 33,
        "VolumeBusy": 34,
        "VolumeFault": 35,
        "ReportRejected": 36,
        "Interrupted": 37,
    }
