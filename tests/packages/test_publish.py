# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What a registry refuses leaves no version that is not whole: small images, two registries on the loopback."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import builders_registry
import pytest
from builders_registry import Front, Rule, from_the, pushes, tags
from hub.answers import Request

from release import publish, staging, tree
from release.errors import PackageError
from release.publish import Artifact
from release.staging import Staging

pytestmark = pytest.mark.slow
VERSION = "v9.9.9"
NAMES = ("hydrator", "modelplane_compose-model-cache", "modelplane_compose-model-replica", "modelplane")
"""The Configuration is the last one."""


@dataclass(frozen=True)
class Scene:
    """What is to be published, and where."""

    ours: dict[str, str]
    others: dict[str, str]
    registry: Staging
    front: Front

    @property
    def artifacts(self) -> list[Artifact]:
        """The release."""
        return [Artifact(image, f"{self.front.address}/{name}") for name, image in self.ours.items()]

    @property
    def digests(self) -> dict[str, str]:
        """What the version has to be in the end."""
        return {name: image.partition("@")[2] for name, image in self.ours.items()}

    def take(self, name: str) -> None:
        """Give the version to other content."""
        staging.crane("copy", self.others[name], self.registry.name(name, VERSION), what="publish something else")

    def tagged(self) -> dict[str, str]:
        """Return the digests that the registry has under the version."""
        found = {name: staging.digest(self.registry.name(name, VERSION)) for name in NAMES}
        return {name: digest for name, digest in found.items() if digest}


def staged(store: Staging, content: str, folder: Path) -> dict[str, str]:
    """Return small images of some content, by digest."""
    out = {}
    for name in NAMES:
        root = folder / f"{name}-{content}"
        root.mkdir()
        (root / name).write_text(content)
        image = store.name(name, content)
        store.append(image, [tree.pack(root, root.with_suffix(".tar.gz"))], base="")
        out[name] = f"{image.rpartition(':')[0]}@{staging.digest(image)}"
    return out


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[dict[str, str], dict[str, str]]]:
    """Yield a release, and other content for its names."""
    folder = tmp_path_factory.mktemp("images")
    with staging.serve(folder / "registry") as store:
        yield staged(store, "ours", folder), staged(store, "others", folder)


@pytest.fixture
def scene(images: tuple[dict[str, str], dict[str, str]], tmp_path: Path) -> Generator[Scene]:
    """Yield a registry where nothing is published."""
    with (
        staging.serve(tmp_path / "registry") as registry,
        builders_registry.front(registry.address) as front,
    ):
        yield Scene(*images, registry, front)


def test_tags_come_last(scene: Scene) -> None:
    """Everything is there before the first tag, and the Configuration's is the last."""
    publish.publish(scene.artifacts, VERSION)
    written = [request for request in scene.front.written() if pushes(request) or tags(request)]
    assert [tags(request) for request in written] == [False] * len(NAMES) + [True] * len(NAMES)
    assert [request.path for request in written[len(NAMES) :]] == [f"/v2/{name}/manifests/{VERSION}" for name in NAMES]
    assert scene.tagged() == scene.digests


def test_what_is_published_is_left_alone(scene: Scene) -> None:
    """Publishing the same content again writes nothing."""
    publish.publish(scene.artifacts, VERSION)
    scene.front.asked.clear()
    publish.publish(scene.artifacts, VERSION)
    assert scene.front.written() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_taken_version_gets_nothing(scene: Scene, name: str) -> None:
    """Wherever the version has other content, nothing is sent to any repository."""
    scene.take(name)
    taken = scene.tagged()
    with pytest.raises(PackageError, match=rf"{name}:{VERSION} exists with other content .*; choose a new version$"):
        publish.publish(scene.artifacts, VERSION)
    assert (scene.front.written(), scene.tagged()) == ([], taken)


def test_a_version_that_is_taken_meanwhile(scene: Scene) -> None:
    """A tag that somebody else writes during the pushes is seen before the first of ours."""

    def rule(request: Request) -> bool:
        if pushes(request) and not scene.tagged():
            scene.take("modelplane")
        return False

    scene.front.rule = rule
    with pytest.raises(PackageError, match=rf"modelplane:{VERSION} exists with other content"):
        publish.publish(scene.artifacts, VERSION)
    assert list(scene.tagged()) == ["modelplane"]
    assert not [request for request in scene.front.written() if tags(request)]


@pytest.mark.parametrize(
    ("what", "verb", "nth", "left"),
    [
        pytest.param(pushes, "push to", 1, (), id="no push at all"),
        pytest.param(pushes, "push to", 3, (), id="from the third push"),
        pytest.param(pushes, "push to", 4, (), id="not the Configuration"),
        pytest.param(tags, "tag", 1, (), id="no tag at all"),
        pytest.param(tags, "tag", 3, NAMES[:2], id="from the third tag"),
        pytest.param(tags, "tag", 4, NAMES[:3], id="not the Configuration's tag"),
    ],
)
def test_the_next_run_finishes(scene: Scene, what: Rule, verb: str, nth: int, left: Sequence[str]) -> None:
    """The line names the repository and the way on; until then there is no Configuration of this version."""
    scene.front.rule = from_the(nth, what)
    with pytest.raises(PackageError) as refused:
        publish.publish(scene.artifacts, VERSION)
    line = str(refused.value)
    assert line.startswith(f"cannot {verb} {scene.artifacts[nth - 1].repository}: ")
    assert line.endswith(
        f"DENIED: {builders_registry.WORD}; once that is solved, run the same command again, which finishes {VERSION}"
    )
    assert tuple(scene.tagged()) == left
    scene.front.rule = lambda _: False
    publish.publish(scene.artifacts, VERSION)
    assert scene.tagged() == scene.digests


def test_a_registry_that_hides_what_it_does_not_have(scene: Scene) -> None:
    """Some deny reading a repository until its first push; that is no refusal to publish."""

    def hidden(request: Request) -> bool:
        folder = request.path.removesuffix(VERSION)
        made = any(pushes(one) and one.path.startswith(folder) for one in scene.front.asked)
        return folder != request.path and not tags(request) and not made

    scene.front.rule = hidden
    publish.publish(scene.artifacts, VERSION)
    assert scene.tagged() == scene.digests
