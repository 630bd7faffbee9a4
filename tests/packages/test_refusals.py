# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What cannot be packaged is one line that says what to do, and exit code 1."""

import subprocess
from pathlib import Path

import builders_registry
import pytest
import yaml

from release import __main__ as command
from release import bases, build, programs, source
from release import project as projects
from release.errors import PackageError
from release.source import Source


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607 - git, as installed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of one commit."""
    (tmp_path / "file").write_text("one\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "Say one")
    return tmp_path


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        pytest.param(["--registry=ghcr.io/a"], "without a version: give --version, such as v0.1.0", id="no version"),
        pytest.param(["--registry=a", "--version=v1.0.0"], "give a registry and a path", id="no registry"),
        pytest.param(
            ["--version=1.0"], "cannot package version '1.0': give a semantic version", id="no version number"
        ),
        pytest.param(["--version=latest"], "give a semantic version such as v0.1.0", id="a word for a version"),
        pytest.param(["--base=amd64=a"], "cannot build for arm64: give --base arm64=BASE too", id="half a base"),
        pytest.param(["--arch=riscv"], "is not one of 'amd64', 'arm64'", id="an unknown architecture"),
        pytest.param(["--what"], "cannot read the command: No such option", id="an unknown option"),
    ],
)
def test_one_line(argv: list[str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """Nothing is built, nothing is printed but the line."""
    monkeypatch.setattr("sys.argv", ["package", *argv])
    with pytest.raises(SystemExit) as left:
        command.main()
    printed = capsys.readouterr()
    assert left.value.code in (1, 2)
    assert line in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert printed.err.startswith("package: cannot ")


def test_a_commit_is_read(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package says its commit and that commit's time, or the time that the environment gives."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    found = source.read(checkout, "v1.2.3-rc.1")
    assert (len(found.revision), found.changed, found.epoch > 10**9) == (40, (), True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert source.read(checkout, "v1.2.3").created == "2023-11-14T22:13:20Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(PackageError, match="cannot read SOURCE_DATE_EPOCH='yesterday'"):
        source.read(checkout, "v1.2.3")


def test_a_changed_tree_is_not_published(checkout: Path) -> None:
    """A version means a commit."""
    source.require_clean(source.read(checkout, "v1.0.0"))
    (checkout / "file").write_text("two\n")
    (checkout / "other").write_text("three\n")
    with pytest.raises(PackageError, match=r"from a changed tree: commit file and 1 more, or give --allow-dirty"):
        source.require_clean(source.read(checkout, "v1.0.0"))


def test_the_command_leaves_a_changed_tree_alone(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, before anything is built and before the registry is asked anything."""
    project = yaml.safe_load((programs.ROOT / projects.FILE).read_text())
    project["spec"]["functions"] = []
    (checkout / projects.FILE).write_text(yaml.safe_dump(project))
    monkeypatch.setattr(command, "ROOT", checkout)
    with builders_registry.front("") as front:
        output = checkout / "output"
        monkeypatch.setattr("sys.argv", ["p", f"--registry={front.address}", "--version=v1.0.0", f"--output={output}"])
        with pytest.raises(SystemExit) as left:
            command.main()
    said = f"cannot publish v1.0.0 from a changed tree: commit {projects.FILE}, or give --allow-dirty for a try"
    assert (left.value.code, capsys.readouterr()) == (1, ("", f"package: {said}\n"))
    assert (front.asked, output.exists()) == ([], False)


def test_no_checkout_is_no_source(tmp_path: Path) -> None:
    """An unpacked archive has no commit."""
    with pytest.raises(PackageError, match=r"cannot tell which commit is packaged: .*not a git repository"):
        source.read(tmp_path, "v1.0.0")


def test_files_of_others_stay(tmp_path: Path) -> None:
    """A build replaces only what a build made."""
    build.require_ours(tmp_path / "new")
    build.require_ours(tmp_path)
    (tmp_path / "apis").mkdir()
    with pytest.raises(PackageError, match=r"it holds files of others; give --output an empty folder"):
        build.require_ours(tmp_path)
    (tmp_path / build.DIGESTS).write_text("{}\n")
    build.require_ours(tmp_path)


def test_times_are_utc() -> None:
    """A label means the same wherever it is read."""
    assert Source("v1.0.0", "a", 0).created == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("given", "architectures", "want"),
    [
        pytest.param([], ["amd64"], {"amd64": bases.DEFAULT}, id="the default"),
        pytest.param(["./root"], ["amd64", "arm64"], {"amd64": "./root", "arm64": "./root"}, id="one for all"),
        pytest.param(["arm64=b", "a"], ["amd64", "arm64"], {"amd64": "a", "arm64": "b"}, id="one of its own"),
        pytest.param(["r.io/a@sha256:1"], ["amd64"], {"amd64": "r.io/a@sha256:1"}, id="by digest"),
    ],
)
def test_bases_are_read(given: list[str], architectures: list[str], want: dict[str, str]) -> None:
    """A base counts for all architectures but those that have their own."""
    assert bases.parse(given, architectures) == want


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is in the line."""
    programs.path.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "RIG", "/bin/false")
    with pytest.raises(PackageError, match="crane is not installed; put it on the PATH, or Go, which builds it"):
        programs.path("crane")
    programs.path.cache_clear()
