# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""`modelplane render` from the command line: what it prints, what it refuses, and how it ends."""

import json
from pathlib import Path

import previews
import pytest
from click.testing import CliRunner, Result
from modelplane_cli import load, tree
from modelplane_cli.__main__ import main

CACHE = """\
apiVersion: modelplane.ai/v1alpha1
kind: ModelCache
metadata: {name: c, namespace: ml-team}
spec:
  source: HuggingFace
  huggingFace: {repo: a/b, sizeGiB: 1}
"""
REPLICA = """\
apiVersion: modelplane.ai/v1alpha1
kind: ModelReplica
metadata: {name: r, namespace: ml-team}
spec:
  clusterName: nowhere
  workers:
    topology: {tensor: 1}
    template: {spec: {containers: [{name: engine, image: i}]}}
"""
DEPLOYMENT = """\
apiVersion: modelplane.ai/v1alpha1
kind: ModelDeployment
metadata: {name: d, namespace: ml-team}
spec:
  replicas: 1
  template:
    spec:
      engines:
      - name: e
        members:
        - nodeSelector:
            devices:
            - name: gpu
              selectors: [{cel: CEL}]
          template: {spec: {containers: [{name: engine, image: i}]}}
"""
SECRET = (
    f"apiVersion: v1\nkind: Secret\nmetadata: {{name: hub, namespace: ml-team}}\ndata: {{HF_TOKEN: {previews.TOKEN}}}\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def render(manifest: str, *flags: str, fleet: bool = True) -> Result:
    """Render one file, m.yaml, on the examples' fleet."""
    Path("m.yaml").write_text(manifest, encoding="utf-8")
    given = ["--fleet", str(previews.ROOT / previews.FLEET)] if fleet else []
    return CliRunner().invoke(main, ["render", "m.yaml", *given, *flags])


@pytest.mark.parametrize(
    ("manifest", "wants"),
    [
        pytest.param(
            CACHE.replace("sizeGiB: 1", "sizeGiB: 1GiB"),
            ["m.yaml:6:", "ModelCache ml-team/c", "sizeGiB"],
            id="bad-quantity",
        ),
        pytest.param(CACHE.replace("a/b", '"a/b; rm -rf"'), ["m.yaml:6:", "huggingFace.repo"], id="shell-characters"),
        pytest.param(
            CACHE.replace("ModelCache", "ModelCach"), ["m.yaml:1", "did you mean ModelCache?"], id="misspelt-kind"
        ),
        pytest.param(
            REPLICA[: REPLICA.index("  workers")], ["m.yaml:4:", "spec needs one of two shapes"], id="neither-shape"
        ),
        pytest.param(
            DEPLOYMENT.replace("CEL", "'device.drvier == \"x\"'"),
            ["m.yaml:14", "drvier"],
            id="cel-with-a-misspelt-field",
        ),
        pytest.param(DEPLOYMENT.replace("CEL", "'1 +'"), ["m.yaml:14", "cel"], id="cel-that-does-not-parse"),
        pytest.param(CACHE + "---\n" + CACHE, ["m.yaml:8: cannot apply ModelCache ml-team/c twice"], id="twice"),
        pytest.param(SECRET, ["cannot find anything to compose in m.yaml"], id="nothing-to-compose"),
        pytest.param("a: [", ["m.yaml:2: cannot read YAML"], id="no-yaml"),
        pytest.param(CACHE.replace("name: c, ", ""), ["m.yaml", "metadata.name"], id="no-name"),
    ],
)
def test_what_is_refused(manifest: str, wants: list[str]) -> None:
    """Bad input is one line that names file, line, object, field and fix; exit code 1, and no traceback."""
    result = render(manifest)
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    for want in wants:
        assert want in line


@pytest.mark.parametrize(
    ("manifest", "wants"),
    [
        pytest.param(REPLICA, ["ModelReplica ml-team/r", "'nowhere'"], id="unknown-cluster"),
        pytest.param(
            CACHE.replace("sizeGiB: 1", "sizeGiB: 1, authSecret: {name: hub}"),
            ["ModelCache ml-team/c", "Secret 'hub'", "'HF_TOKEN'"],
            id="missing-secret",
        ),
        pytest.param(
            CACHE + "  clusterSelector: {matchLabels: {a: b}}\n", ["ModelCache ml-team/c", "a=b"], id="no-cluster"
        ),
    ],
)
def test_what_is_to_mend(manifest: str, wants: list[str]) -> None:
    """What a function complains of is one line beside the output; exit code 1."""
    result = render(manifest)
    assert result.exit_code == 1
    assert load.read(result.stdout, "out")[0].body["kind"].startswith("Model")
    (line,) = result.stderr.strip().splitlines()
    for want in wants:
        assert want in line
    told = render(manifest, "--until-ready")
    assert told.exit_code == 1
    assert "Not Ready after" in told.stdout
    assert all(want in " ".join(told.stdout.split()) for want in wants)


def test_formats() -> None:
    """YAML reads back, JSON is a List of the same objects, and a tree names the XR first."""
    docs = [doc.body for doc in load.read(render(CACHE).stdout, "out")]
    assert [doc["kind"] for doc in docs] == ["ModelCache", "Object", "Object", "Object"]
    assert json.loads(render(CACHE, "-o", "json").stdout)["items"] == docs
    assert render(CACHE, "-o", "tree").stdout.startswith("ModelCache ml-team/c: not Ready")


def test_function_results() -> None:
    """With --include-function-results the output holds what the functions told."""
    kinds = [
        doc.body["kind"] for doc in load.read(render(CACHE, "--include-function-results", "--steps", "20").stdout, "o")
    ]
    assert "Result" in kinds
    assert "Result" not in [doc.body["kind"] for doc in load.read(render(CACHE, "--steps", "20").stdout, "o")]


def test_required_resources() -> None:
    """A Secret given by --required-resources is found, and never printed."""
    Path("s.yaml").write_text(SECRET, encoding="utf-8")
    manifest = CACHE.replace("sizeGiB: 1", "sizeGiB: 1, authSecret: {name: hub}")
    result = render(manifest, "--required-resources", "s.yaml", "--steps", "4")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "kind: Secret" in result.stdout
    assert previews.TOKEN not in result.stdout


def test_output_is_observed_state() -> None:
    """What one run printed can be given to the next as observed: it goes on from there."""
    manifest = (previews.ROOT / "examples/no-cache/qwen/deployment.yaml").read_text(encoding="utf-8")
    docs = [doc.body for doc in load.read(render(manifest, "--steps", "20").stdout, "out")]
    Path("observed.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": docs[1:]}), encoding="utf-8"
    )
    again = render(manifest, "--observed-resources", "observed.json")
    assert again.exit_code == 0, again.stderr
    assert [doc.body for doc in load.read(again.stdout, "out")] == docs


@pytest.mark.parametrize(
    ("observed", "want"),
    [
        pytest.param(
            CACHE, "without the annotation crossplane.io/composition-resource-name; add it", id="no-annotation"
        ),
        pytest.param(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n"
            "  annotations: {crossplane.io/composition-resource-name: a}\n"
            "  ownerReferences: [{apiVersion: v1, kind: Box, name: b, controller: true}]",
            "cannot find Box 'b', the owner of Secret default/s; give its manifest, too",
            id="unknown-owner",
        ),
    ],
)
def test_observed_resources_that_fit_nowhere(observed: str, want: str) -> None:
    """An observed resource must tell its name in the composition and belong to an XR that is there."""
    Path("o.yaml").write_text(observed, encoding="utf-8")
    result = render(CACHE, "--observed-resources", "o.yaml")
    assert result.exit_code == 1
    assert want in result.stderr


def test_what_nobody_foresaw_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the program itself is one line that says so, with exit code 1 and without a traceback."""

    def broken(_plane: object) -> str:
        raise KeyError("two\nlines")

    monkeypatch.setattr(tree, "drawn", broken)
    result = render(CACHE, "-o", "tree")
    assert (result.exit_code, result.stderr) == (1, "cannot render, this is a bug: KeyError: 'two\\nlines'\n")


def test_no_fleet() -> None:
    """Without a fleet the preview says so and ends."""
    result = render(CACHE, "--until-ready", fleet=False)
    assert result.exit_code == 1
    assert "no clusters; give them with --fleet" in result.stdout
    assert "NoClusters" in result.stdout


def test_standard_input() -> None:
    """A manifest can come from standard input."""
    fleet = str(previews.ROOT / previews.FLEET)
    result = CliRunner().invoke(main, ["render", "-", "--fleet", fleet, "--until-ready"], input=CACHE)
    assert (result.exit_code, result.stdout.splitlines()[-1][:11]) == (0, "Ready after")


def test_version_and_help() -> None:
    """The command tells its version and its commands."""
    assert CliRunner().invoke(main, ["--version"]).stdout.startswith("modelplane, version ")
    text = CliRunner().invoke(main, ["--help"]).stdout
    assert all(name in text for name in ("render", "serve", "validate"))
