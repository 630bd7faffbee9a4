# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an image says of its base, and stands on, however the base is given: from a registry or from here."""

import gzip
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import builders_registry
import pytest

from release import bases, dependencies, images, staging, tree
from release import project as projects
from release.bases import Base
from release.images import Bench
from release.project import Manifest
from release.source import Source
from release.staging import Config, Staging

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True)
class Origin:
    """Where bases come from: a registry that has one for two architectures, and files of the same."""

    registry: Staging
    digest: str
    folder: Path

    def given(self, base: str) -> str:
        """Return a base as the command is given one."""
        return base.format(registry=self.registry.address, digest=self.digest, folder=self.folder)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Generator[Origin]:
    """Publish a base, and lay it out as files."""
    folder = tmp_path_factory.mktemp("origin")
    archive = tree.pack_root(builders_registry.empty_base(folder / "root"), folder / "root.tar")
    (folder / "root.tar.gz").write_bytes(gzip.compress(archive.read_bytes()))
    with staging.serve(folder / "registry") as registry:
        parts = [registry.name("debian/parts", architecture) for architecture in ARCHITECTURES]
        for part, architecture in zip(parts, ARCHITECTURES, strict=True):
            registry.append(part, [archive], base="")
            registry.configure(part, Config(), architecture=architecture)
        image = registry.name("debian/python", "1")
        registry.index(image, parts)
        yield Origin(registry, staging.digest(image), folder)


@dataclass(frozen=True)
class Built:
    """The hydrator's image on a base."""

    base: Base
    under: Manifest
    manifest: Manifest
    config: Manifest

    @property
    def noted(self) -> tuple[str, str]:
        """The base's name and digest, as the image's labels have them."""
        labels = self.config["config"]["Labels"]
        name, digest = (labels.get(f"org.opencontainers.image.base.{key}", "") for key in ("name", "digest"))
        return name, digest


def built(base: str, architecture: str, folder: Path) -> Built:
    """Build the hydrator on a base."""
    with staging.serve(folder / "registry") as store:
        staged = bases.stage(store, {architecture: base}, folder)[architecture]
        bench = Bench(store, staged, architecture, folder)
        lock = dependencies.locked(ROOT, "modelplane-hydrator")
        labels = bench.labels(Source("v1.0.0", "0" * 40, 0), title="a", description="b", url="c")
        image = images.hydrator(bench, projects.read(ROOT).hydrator, lock, labels=labels)
        asked = [("manifest", staged.image), ("manifest", image), ("config", image)]
        return Built(staged, *(json.loads(staging.crane(*one, what="read an image")) for one in asked))


@pytest.mark.parametrize(
    ("base", "name", "architecture"),
    [
        pytest.param("{registry}/debian/python:1", "{registry}/debian/python:1", "amd64", id="a tag"),
        pytest.param("{registry}/debian/python@{digest}", "{registry}/debian/python", "arm64", id="a digest"),
        pytest.param("{registry}/debian/python:1@{digest}", "{registry}/debian/python:1", "arm64", id="both"),
    ],
)
def test_a_reference_is_noted(origin: Origin, base: str, name: str, architecture: str, tmp_path: Path) -> None:
    """The labels say the reference and what it was resolved to, the digest for all architectures."""
    found = built(origin.given(base), architecture, tmp_path)
    assert found.noted == (origin.given(name), origin.digest)
    assert found.config["architecture"] == architecture
    assert found.manifest["layers"][0] == found.under["layers"][0]


@pytest.mark.parametrize("name", ["root", "root.tar", "root.tar.gz"])
def test_files_have_no_name(origin: Origin, name: str, tmp_path: Path) -> None:
    """An archive is a base as its folder is; where it lies on this machine is nobody's business."""
    found = built(str(origin.folder / name), "amd64", tmp_path)
    assert found.noted == ("", found.base.digest)
    assert found.base.digest.startswith("sha256:")
    assert found.manifest["layers"][0] == found.under["layers"][0]
    assert str(origin.folder) not in json.dumps(found.config)
