# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The command `modelplane validate`: what it reads, what it prints, how it ends."""

from pathlib import Path

import pytest
import yaml
from admission import bases
from admission.case import GONE, edited
from click.testing import CliRunner, Result
from modelplane_cli import apis, load, validate

GOOD = yaml.safe_dump(bases.CACHE, sort_keys=False)
BAD = yaml.safe_dump(edited(bases.CACHE, {"spec.huggingFace.repo": "a;b"}), sort_keys=False)
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
SAYS = 'spec.huggingFace.repo: huggingFace.repo must be a Hub repository, "owner/name" or "name"'


def run(*paths: Path | str, stdin: str = "") -> Result:
    """Run the command."""
    return CliRunner().invoke(validate.command, [str(path) for path in paths], input=stdin)


def written(folder: Path, name: str, text: str) -> Path:
    """Return a file with a text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_good_manifests_end_with_zero(tmp_path: Path) -> None:
    """What is valid prints no line, and other kinds are counted."""
    done = run(written(tmp_path, "a.yaml", f"{GOOD}---\n{OTHER}---\n{OTHER}"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "0 errors in 1 manifest, 2 of other kinds skipped\n"


def test_an_error_is_one_line_with_its_place(tmp_path: Path) -> None:
    """An error names file, line, object, field and fix, and ends with one."""
    path = written(tmp_path, "a.yaml", f"{GOOD}---\n{BAD}")
    done = run(path)
    number = f"{GOOD}---\n{BAD}".splitlines().index("    repo: a;b") + 1
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{path}:{number}: ModelCache team/qwen: {SAYS}")
    assert done.stdout.count("\n") == 1
    assert done.stderr == "1 error in 2 manifests\n"


def test_folders_files_and_standard_input(tmp_path: Path) -> None:
    """Paths are read in the order given, files of a folder by name."""
    for name in ("z.yaml", "sub/b.yml", "sub/a.json"):
        written(tmp_path, f"folder/{name}", BAD)
    written(tmp_path, "folder/notes.txt", "no manifest")
    single = written(tmp_path, "a.yaml", BAD)
    done = run("-", tmp_path / "folder", single, stdin=BAD)
    places = [line.partition(":")[0] for line in done.stdout.splitlines()]
    folder = tmp_path / "folder"
    assert places == ["-", str(folder / "sub/a.json"), str(folder / "sub/b.yml"), str(folder / "z.yaml"), str(single)]


def test_every_error_is_told_in_order_of_lines(tmp_path: Path) -> None:
    """Errors of one manifest do not hide each other, and stand in the order of their lines."""
    edits = {"spec.huggingFace.repo": "a;b", "spec.huggingFace.sizeGiB": "10", "metadata.labels": {"a": True}}
    text = yaml.safe_dump(edited(bases.CACHE, edits), sort_keys=False)
    lines = run(written(tmp_path, "a.yaml", text)).stdout.splitlines()
    fields = [line.split(": ")[2] for line in lines]
    assert fields == ["metadata.labels.a", "spec.huggingFace.repo", "spec.huggingFace.sizeGiB"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(GOOD.replace("ModelCache", "ModelCach"), "no such kind; did you mean ModelCache?", id="misspelt"),
        pytest.param(GOOD.replace("ModelCache", "Frob"), "no such kind; the kinds are Inference", id="no-such-kind"),
        pytest.param(
            GOOD.replace("v1alpha1", "v9"),
            "v9 is not known; write infrastructure.modelplane.ai/v1alpha1 or modelplane.ai/v1alpha1",
            id="version",
        ),
        pytest.param("kind: ModelCache\n", "without apiVersion; add it", id="no-api-version"),
        pytest.param("a: [1\n", "cannot read YAML", id="broken"),
        pytest.param("- a\n", "it must be a mapping", id="list"),
        pytest.param("apiVersion: modelplane.ai/v1alpha1\nkind: ModelCache\n", "metadata: is required", id="empty"),
        pytest.param(GOOD + "status: gone\n", "status: is a string and must be a mapping", id="status-text"),
        pytest.param(GOOD.replace("name: qwen", "generateName: q-"), "", id="generated-name"),
        pytest.param(GOOD.replace("name: qwen", "nam: qwen"), "metadata.name: is required; add it", id="nameless"),
        pytest.param(GOOD.replace("sizeGiB: 10", "sizeGiB: 1e400"), "must be a whole number", id="infinite"),
        pytest.param(GOOD.replace("name: qwen", "name: [a]"), "metadata.name: is a list", id="name-list"),
    ],
)
def test_what_cannot_be_checked_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    """Whatever the input, the answer is lines that name it, never a traceback."""
    done = run(written(tmp_path, "a.yaml", text))
    assert says in done.stdout
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    assert done.exit_code == (1 if says else 0)
    assert done.exception is None or isinstance(done.exception, SystemExit)


BOMB = "x0: &x0 [1, 1]\n" + "".join(f"x{i}: &x{i} [*x{i - 1}, *x{i - 1}]\n" for i in range(1, 40))
CHAIN = "x0: &x0 [1]\n" + "".join(f"x{i}: &x{i} [*x{i - 1}]\n" for i in range(1, 2000))
LOOP = "x: &x\n  y: *x\n"


@pytest.mark.parametrize(
    "tail", [pytest.param(BOMB, id="bomb"), pytest.param(CHAIN, id="chain"), pytest.param(LOOP, id="loop")]
)
def test_aliases_cannot_hang_it(tmp_path: Path, tail: str) -> None:
    """Aliases that unfold to more than anybody writes are one line, at once."""
    done = run(written(tmp_path, "a.yaml", GOOD + tail))
    assert done.exit_code == 1
    assert done.stdout.count("\n") == 1
    assert "cannot read YAML" in done.stdout


def test_one_unreadable_path_hides_no_other(tmp_path: Path) -> None:
    """A file that does not exist is an error of its own."""
    done = run(tmp_path / "no.yaml", written(tmp_path, "a.yaml", BAD))
    first, second = done.stdout.splitlines()
    assert first == f"{tmp_path / 'no.yaml'}: cannot read: no such file or folder"
    assert SAYS in second


def test_moved_fields_are_explained_even_when_incomplete() -> None:
    """v0.1's engines are told where they moved, though they lack what is required today."""
    old = edited(bases.TURNKEY, {"spec.workers": GONE, "spec.engines": [{"name": "main"}]})
    (doc,) = load.read(yaml.safe_dump(old), "a.yaml")
    found = [line for line in validate.lines(doc, apis.packaged()) if "moved to" in line]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        pytest.param(20, 10, True, id="shrinks"),
        pytest.param(10, 10, False, id="same"),
        pytest.param(10, 20, False, id="grows"),
    ],
)
def test_rules_that_compare_need_an_old_object(before: int, after: int, *, refused: bool) -> None:
    """A transition rule holds on an update and says nothing on creation."""
    old, new = (edited(bases.CACHE, {"spec.huggingFace.sizeGiB": size}) for size in (before, after))
    api = apis.packaged()["modelplane.ai/v1alpha1", "ModelCache"]
    assert bool(validate.faults(new, api, old=old)) is refused
    assert validate.faults(new, api) == []


@pytest.mark.parametrize(
    ("cel", "says"),
    [
        pytest.param('device.driver == "gpu.nvidia.com"', "", id="valid"),
        pytest.param("device.drvier == 'x'", "drvier", id="misspelt"),
        pytest.param("device.driver ==", "is no selector: ", id="syntax"),
        pytest.param("device.driver", "true or false", id="not-a-question"),
    ],
)
def test_selectors_must_compile(cel: str, says: str) -> None:
    """A selector that the scheduler could not use is told at its line, though the API server would take it."""
    path = "spec.template.spec.engines.0.members.0.nodeSelector.devices.0.selectors"
    text = yaml.safe_dump(edited(bases.EXPLICIT, {path: [{"cel": cel}]}), sort_keys=False)
    found = validate.lines(*load.read(text, "a.yaml"), apis.packaged())
    assert len(found) == (1 if says else 0)
    if says:
        number = next(index for index, line in enumerate(text.splitlines(), 1) if "cel:" in line)
        assert found[0].startswith(
            f"a.yaml:{number}: ModelDeployment team/qwen: spec.template.spec.engines[0].members[0]"
        )
        assert says in found[0]
