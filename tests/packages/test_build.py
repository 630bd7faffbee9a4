# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Packages, built and published for real, into a registry on the loopback: `pytest -m slow tests/packages`.

They stand on an empty base, which has all that a build looks at. That pods start from them is the rig's to show.
"""

import gzip
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import builders_registry
import pytest
import yaml
from builders_registry import WORD, from_the, pushes, tags

from release import dependencies, manifests, names, programs, staging
from release import project as projects
from release.project import Manifest
from release.staging import Staging
from scripts import models

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
VERSION = "v9.9.9"
NAMES = [one.name for one in projects.read(ROOT).functions]
MACHINES = {"amd64": 62, "arm64": 183}
"""What an ELF file says of the processor that it is for."""


@dataclass(frozen=True)
class Built:
    """What a run of the command left."""

    registry: str
    files: Path
    base: Path
    output: Path
    printed: dict[str, str]

    def function(self, name: str) -> str:
        """Return the published package of a function."""
        return f"{names.function(f'{self.registry}/modelplane', name)}:{VERSION}"

    @property
    def hydrator(self) -> str:
        """The published image of the hydrator."""
        return f"{self.registry}/hydrator:{VERSION}"


def package(*arguments: str, epoch: str = "1700000000") -> subprocess.CompletedProcess[str]:
    """Run the command."""
    argv = [sys.executable, "-m", "release", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOURCE_DATE_EPOCH": epoch}
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command


def refused(*arguments: str, epoch: str = "1700000000") -> str:
    """Run the command where it has to refuse, and return its one error line."""
    done = package(*arguments, epoch=epoch)
    errors = [line for line in done.stderr.splitlines() if "cannot" in line]
    assert (done.returncode, done.stdout, len(errors)) == (1, "", 1), done.stderr
    return errors[0]


def crane(*arguments: str) -> Manifest:
    """Return what crane prints as JSON."""
    return json.loads(staging.crane(*arguments, what="ask the registry"))


def publish(registry: str, base: Path, output: Path, *more: str) -> list[str]:
    """Return the arguments that publish to a registry."""
    flags = [f"--registry={registry}", f"--version={VERSION}", f"--base={base}", f"--output={output}"]
    return [*flags, "--allow-dirty", *more]


def published(registry: str) -> list[str]:
    """Return the names that a version has in a registry: the hydrator, each function, the Configuration last."""
    packages = [names.function(f"{registry}/modelplane", name) for name in NAMES]
    return [f"{name}:{VERSION}" for name in (f"{registry}/hydrator", *packages, f"{registry}/modelplane")]


def tagged(registry: Staging) -> list[str]:
    """Return which of them are there."""
    return [name for name in published(registry.address) if staging.digest(name)]


def printed(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the digests that the command printed."""
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Generator[Built]:
    """Publish everything, for both architectures."""
    folder = tmp_path_factory.mktemp("packages")
    base = builders_registry.empty_base(folder / "base")
    with staging.serve(folder / "registry") as store:
        done = package(*publish(store.address, base, folder / "output"))
        assert done.returncode == 0, done.stderr
        yield Built(store.address, folder / "registry", base, folder / "output", printed(done))


def test_every_package_is_published(built: Built) -> None:
    """What is printed is what the registry has: the hydrator, each function, the Configuration last."""
    wanted = published(built.registry)
    assert list(built.printed) == wanted
    assert {name: staging.digest(name) for name in wanted} == built.printed
    assert json.loads((built.output / "digests.json").read_text()) == built.printed


def test_a_second_run_makes_the_same(built: Built, tmp_path: Path) -> None:
    """Another folder, another time, the same digests; so publishing again changes nothing."""
    done = package(*publish(built.registry, built.base, tmp_path))
    assert done.returncode == 0, done.stderr
    assert printed(done) == built.printed


def test_a_version_is_never_changed(built: Built, tmp_path: Path) -> None:
    """Other content under the same version is refused, no tag moves, and nothing is sent."""
    stored = sorted(built.files.rglob("*"))
    assert stored
    line = refused(*publish(built.registry, built.base, tmp_path), epoch="1800000000")
    assert f"cannot publish {VERSION}: {built.hydrator} exists with other content (sha256:" in line
    assert {name: staging.digest(name) for name in built.printed} == built.printed
    assert sorted(built.files.rglob("*")) == stored


@pytest.mark.parametrize("architecture", MACHINES)
def test_an_image_says_how_it_runs(built: Built, architecture: str) -> None:
    """Nobody's shell, nobody's root: one program, as Crossplane's user, with the labels of the OCI specification."""
    for name, program in [
        *((built.function(one), "function") for one in NAMES),
        (built.hydrator, "modelplane-hydrate"),
    ]:
        config = crane("config", f"--platform=linux/{architecture}", name)
        assert (config["architecture"], config["os"]) == (architecture, "linux")
        assert config["config"]["Entrypoint"] == [program]
        assert config["config"]["User"] == "2000:2000"
        labels = {
            key.removeprefix("org.opencontainers.image."): value for key, value in config["config"]["Labels"].items()
        }
        assert {"title", "description", "version", "revision", "created", "source", "licenses"} <= set(labels)
        assert (labels["version"], labels["created"]) == (VERSION, "2023-11-14T22:13:20Z")


def test_only_the_cache_is_told_of_the_hydrator(built: Built) -> None:
    """A function's image names the hydrator of its own release, by digest."""
    told: dict[str, list[str]] = {}
    for name in NAMES:
        lines = crane("config", "--platform=linux/amd64", built.function(name))["config"]["Env"]
        told[name] = [line.partition("=")[2] for line in lines if line.startswith("HYDRATOR_IMAGE=")]
    assert told.pop("compose-model-cache") == [f"{built.hydrator}@{built.printed[built.hydrator]}"]
    assert not any(told.values())


@pytest.mark.parametrize("architecture", MACHINES)
def test_functions_share_their_layers(built: Built, architecture: str) -> None:
    """Base, dependencies and library are stored once; a function adds its own code, the scheduler also CEL."""
    layers = {
        name: [
            row["digest"]
            for row in crane("manifest", f"--platform=linux/{architecture}", built.function(name))["layers"]
        ]
        for name in NAMES
    }
    assert len({tuple(rows[:3]) for rows in layers.values()}) == 1
    counts = {name: len(rows) for name, rows in layers.items()}
    assert counts.pop("compose-model-deployment") == 6
    assert set(counts.values()) == {5}


@pytest.mark.parametrize("architecture", MACHINES)
def test_an_image_is_for_its_processor(built: Built, architecture: str, tmp_path: Path) -> None:
    """Every extension is for the architecture, and every module has its bytecode."""
    for name in (built.function("compose-model-deployment"), built.hydrator):
        archive = tmp_path / "image.tar"
        staging.crane("export", f"--platform=linux/{architecture}", name, str(archive), what="export")
        with tarfile.open(archive) as image:
            members = {member.name: member for member in image if member.isfile()}
            extensions = [name for name in members if name.endswith(".so")]
            machines = {int.from_bytes(_read(image, members[one], 20)[18:], "little") for one in extensions}
        modules = {one for one in members if one.endswith(".py") and one.startswith(dependencies.SITE)}
        compiled = {one.replace("__pycache__/", "").replace(".cpython-311.pyc", ".py") for one in members}
        assert (machines, modules - compiled) == ({MACHINES[architecture]}, set())
        assert not [one for one in members if one.endswith(("/RECORD", "/direct_url.json", "/bin/click"))]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, most: int = -1) -> bytes:
    content = archive.extractfile(member)
    assert content is not None
    return content.read(most)


def extracted(built: Built, name: str, folder: Path) -> list[Manifest]:
    """Return what the Crossplane CLI takes out of a package; a word of warning is a failure."""
    argv = [programs.path("crossplane"), "xpkg", "extract", "--from-xpkg", f"--output={folder / 'out.gz'}"]
    done = programs.attempt([*argv, str(built.output / "packages" / f"{name}.xpkg")])
    assert (done.code, done.stderr) == (0, "")
    return [body for body in yaml.safe_load_all(gzip.decompress((folder / "out.gz").read_bytes())) if body]


@pytest.mark.parametrize("name", NAMES)
def test_crossplane_reads_a_function(built: Built, name: str, tmp_path: Path) -> None:
    """A function's package holds its metadata and nothing else: what it may do, and the page of its kind."""
    (body,) = extracted(built, f"{name}-amd64", tmp_path)
    assert (body["apiVersion"], body["kind"]) == ("meta.pkg.crossplane.io/v1", "Function")
    assert body["spec"]["capabilities"] == ["composition"]
    (page,) = [one.readme for one in projects.read(ROOT).functions if one.name == name]
    assert body["metadata"]["annotations"]["meta.crossplane.io/readme"] == page


def test_the_configuration_pins_what_is_published(built: Built, tmp_path: Path) -> None:
    """The digests that the Configuration names are those in the registry."""
    meta, *_ = extracted(built, "modelplane", tmp_path)
    pinned = {row["package"]: row["version"] for row in meta["spec"]["dependsOn"] if row["kind"] == "Function"}
    published = {tag.rpartition(":")[0]: digest for tag, digest in built.printed.items()}
    assert pinned == {package: digest for package, digest in published.items() if "_compose-" in package}


def kinds(built: Built, folder: Path) -> dict[str, Manifest]:
    """Return the kinds that the Configuration holds, by their plural name."""
    every = extracted(built, "modelplane", folder)
    found = [body for body in every if body["kind"] == "CompositeResourceDefinition"]
    return {body["spec"]["names"]["plural"]: body for body in found}


def test_kinds_come_through(built: Built, tmp_path: Path) -> None:
    """The package holds the kinds of apis/; Crossplane only sorts the fields."""
    ours = {path.parent.name: yaml.safe_load(path.read_text()) for path in models.APIS.glob("*/definition.yaml")}
    found = kinds(built, tmp_path)
    assert {name: body["spec"] for name, body in found.items()} == {name: body["spec"] for name, body in ours.items()}


def test_the_models_are_those_of_the_package(built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is generated from the built Configuration is schemas/python, byte for byte."""
    for name, body in kinds(built, tmp_path).items():
        manifests.write(tmp_path / "apis" / name / "definition.yaml", body)
    assert (models.run(tmp_path / "apis", check=True), capsys.readouterr().out) == (0, "")


def test_crossplane_project_build_takes_what_is_written(built: Built, tmp_path: Path) -> None:
    """The CLI builds the project from the same files; only what it fetches from public registries is left out."""
    body = yaml.safe_load((ROOT / projects.FILE).read_text())
    body["spec"] |= {"schemas": {"languages": ["json"]}, "dependencies": []}
    (tmp_path / projects.FILE).write_text(yaml.safe_dump(body))
    (tmp_path / "_output").symlink_to(built.output)
    argv = [programs.path("crossplane"), "project", "build", f"--repository={built.registry}/modelplane"]
    done = programs.attempt([*argv, f"--output-dir={tmp_path / 'built'}"], cwd=tmp_path)
    assert done.code == 0, done.stderr
    with tarfile.open(tmp_path / "built" / "modelplane.xpkg") as package_file:
        listed = json.loads(_read(package_file, package_file.getmember("manifest.json")))
    assert len(listed) == 1 + len(NAMES) * len(MACHINES)


@pytest.mark.parametrize("name", [*NAMES, "hydrator"])
def test_an_image_has_its_bill(built: Built, name: str) -> None:
    """The bill lists what the lock pins, with versions, and says which image it is for."""
    bill = json.loads((built.output / "sbom" / f"{name}.cdx.json").read_text())
    package_name = "modelplane-hydrator" if name == "hydrator" else name
    pins = {pin.partition(" ")[0] for pin in dependencies.locked(ROOT, package_name).pins}
    listed = {f"{row['name']}=={row.get('version')}" for row in bill["components"]}
    assert (bill["bomFormat"], pins - listed) == ("CycloneDX", set())
    tag = built.hydrator if name == "hydrator" else built.function(name)
    assert bill["metadata"]["properties"][0]["value"] == f"{tag.rpartition(':')[0]}@{built.printed[tag]}"


def test_the_same_command_finishes(built: Built, tmp_path: Path) -> None:
    """A push denied half-way, a tag denied half-way: no version exists, and the next run of the command is whole."""
    with (
        staging.serve(tmp_path / "registry") as registry,
        builders_registry.front(registry.address) as front,
    ):
        command = publish(front.address, built.base, tmp_path / "output", "--arch=amd64")
        front.rule = from_the(5, pushes)
        assert f"cannot push to {front.address}/modelplane_compose-" in refused(*command)
        assert tagged(registry) == []
        front.rule = from_the(5, tags)
        line = refused(*command)
        assert f"cannot tag {front.address}/modelplane_compose-" in line
        assert line.endswith(
            f"DENIED: {WORD}; once that is solved, run the same command again, which finishes {VERSION}"
        )
        assert len(tagged(registry)) == 4
        front.rule = lambda _: False
        done = package(*command)
        assert done.returncode == 0, done.stderr
        assert tagged(registry) == published(registry.address)
        assert {tag: staging.digest(tag) for tag in published(front.address)} == printed(done)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(["--base=./nowhere"], "cannot find the base nowhere: no such folder", id="no folder"),
        pytest.param(["--base=/etc/ssl"], "it has no Python 3 in usr/bin or usr/local/bin", id="no Python"),
        pytest.param(["--base={registry}/none:1"], "/none:1: its registry has no such image", id="no image"),
        pytest.param(["--base=127.0.0.1:1/base:1"], "cannot find the base 127.0.0.1:1/base:1: ", id="no base registry"),
        pytest.param(
            ["--registry=127.0.0.1:1", "--version=v1.0.0", "--allow-dirty"],
            "cannot reach the registry of 127.0.0.1:1/modelplane: ",
            id="no registry",
        ),
    ],
)
def test_what_is_not_there(built: Built, arguments: list[str], line: str, tmp_path: Path) -> None:
    """Nothing is built from nothing, nor for a registry that does not answer."""
    given = [argument.format(registry=built.registry) for argument in arguments]
    assert line in refused(f"--output={tmp_path}", *given)
    assert not (tmp_path / "digests.json").exists()


@pytest.mark.usefixtures("built")
def test_a_base_of_another_machine(tmp_path: Path) -> None:
    """An amd64 root filesystem makes no arm64 image."""
    interpreter = tmp_path / "base" / "usr" / "bin" / "python3.11"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_bytes(b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + (62).to_bytes(2, "little") + bytes(44))
    line = refused(f"--base={tmp_path / 'base'}", f"--output={tmp_path / 'output'}")
    assert "for arm64: its Python is of another machine; give --base arm64=BASE" in line
