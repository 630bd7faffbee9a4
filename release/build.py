# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The story: base → images → packages → files or a registry."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelplane_cli import functions

from release import bases, boms, dependencies, images, manifests, names, publish, staging, xpkgs
from release import project as projects
from release import source as sources
from release.dependencies import Locked
from release.errors import PackageError
from release.images import Bench
from release.project import Function, Project
from release.publish import Artifact
from release.source import Source
from release.staging import Staging

MADE = ("apis", "images", "packages", "sbom")
DIGESTS = "digests.json"
"""What marks a folder as one of ours, to be cleared by the next build."""
HYDRATOR_VARIABLE = "HYDRATOR_IMAGE"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    root: Path
    output: Path
    version: str
    registry: str = ""
    bases: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    allow_dirty: bool = False


@dataclass(frozen=True)
class Job:
    """What one build works on."""

    project: Project
    source: Source
    store: Staging
    output: Path
    benches: Mapping[str, Bench]
    say: Say

    def labels(self, bench: Bench, title: str, description: str) -> dict[str, str]:
        """Return the labels of an image."""
        return bench.labels(self.source, title=title, description=description, url=self.project.source)


def build(order: Order, say: Say) -> list[Artifact]:
    """Build every package; publish them where a registry is given. The Configuration is the last one."""
    require_ours(order.output)
    project = projects.read(order.root, registry=order.registry)
    source = sources.read(order.root, order.version)
    architectures = order.architectures or project.architectures
    chosen = bases.parse(order.bases, architectures)
    if order.registry:
        if not order.allow_dirty:
            sources.require_clean(source)
        publish.check(project.repository, order.version)
    with tempfile.TemporaryDirectory() as temporary, staging.serve(Path(temporary, "registry")) as store:
        folder = Path(temporary)
        say("staging the base")
        staged = bases.stage(store, chosen, folder)
        benches = {arch: Bench(store, base, arch, folder) for arch, base in staged.items()}
        _clear(order.output)
        job = Job(project, source, store, order.output, benches, say)
        artifacts = _artifacts(job)
        if order.registry:
            say(f"publishing {len(artifacts)} packages as {source.version}")
            publish.publish(artifacts, source.version)
    digests = {f"{artifact.repository}:{source.version}": artifact.digest for artifact in artifacts}
    _note(order.output, digests)
    return artifacts


def require_ours(output: Path) -> None:
    """Refuse a folder with files of others: what a build makes replaces what is there."""
    if output.exists() and not (output / DIGESTS).is_file() and any(output.iterdir()):
        raise PackageError(f"cannot write to {output}: it holds files of others; give --output an empty folder")


def _clear(output: Path) -> None:
    """Empty the folder of an earlier build; one that breaks off leaves no digests of another."""
    output.mkdir(parents=True, exist_ok=True)
    _note(output, {})
    for name in MADE:
        shutil.rmtree(output / name, ignore_errors=True)
        (output / name).mkdir()


def _note(output: Path, digests: Mapping[str, str]) -> None:
    (output / DIGESTS).write_text(json.dumps(digests, indent=2) + "\n")


def _artifacts(job: Job) -> list[Artifact]:
    hydrator = _hydrator(job)
    environment = {HYDRATOR_VARIABLE: f"{hydrator.repository}:{job.source.version}@{hydrator.digest}"}
    packages = _functions(job, environment)
    manifests.write_apis(job.project, job.output / "apis")
    job.say(f"packaging the Configuration {job.project.name}")
    digests = {name: artifact.digest for name, artifact in packages.items()}
    package = xpkgs.configuration(job.project, digests, job.output / "apis", job.output / "packages")
    configuration = Artifact(xpkgs.push(job.store, job.project.name, [package]), job.project.repository)
    return [hydrator, *packages.values(), configuration]


def _hydrator(job: Job) -> Artifact:
    name = f"modelplane-{names.HYDRATOR}"
    job.say("building the hydrator's image")
    lock = dependencies.locked(job.project.root, name)
    parts = []
    for bench in job.benches.values():
        labels = job.labels(bench, name, "Stage one commit of a model on a volume, verified byte by byte.")
        parts.append(images.hydrator(bench, job.project.hydrator, lock, labels=labels))
        staging.crane("pull", parts[-1], str(_tarball(job, names.HYDRATOR, bench.architecture)), what="save the image")
    image = job.store.name(f"packages/{names.HYDRATOR}", "built")
    job.store.index(image, parts)
    staged = f"{image.rpartition(':')[0]}@{staging.digest(image)}"
    artifact = Artifact(staged, names.hydrator(job.project.repository))
    _bill(job, name, names.HYDRATOR, artifact)
    return artifact


def _functions(job: Job, environment: dict[str, str]) -> dict[str, Artifact]:
    root = job.project.root
    locks = {one.name: dependencies.locked(root, one.name) for one in job.project.functions}
    common = images.common(list(locks.values()))
    job.say("building what all functions share")
    shared = {arch: images.shared(bench, common) for arch, bench in job.benches.items()}
    out = {}
    for one in job.project.functions:
        job.say(f"packaging {one.name}")
        lock = locks[one.name]
        own = Locked(lock.pins - common.pins, (lock.members | {root / "functions" / one.name}) - common.members)
        runtimes = {
            arch: _runtime(job, bench, one, own, base=shared[arch], environment=environment)
            for arch, bench in job.benches.items()
        }
        packages = xpkgs.function(job.project, one, runtimes, job.output / "packages")
        staged = xpkgs.push(job.store, one.name, packages)
        out[one.name] = Artifact(staged, names.function(job.project.repository, one.name))
        _bill(job, one.name, one.name, out[one.name])
    return out


def _runtime(job: Job, bench: Bench, one: Function, lock: Locked, *, base: str, environment: Mapping[str, str]) -> Path:
    taken = {option.envvar for option in functions.options().get(one.name, [])}
    env = {name: value for name, value in environment.items() if name in taken}
    labels = job.labels(bench, f"{job.project.name}-{one.name}", one.title)
    image = images.function(bench, one, lock, base=base, labels=labels, env=env)
    path = _tarball(job, one.name, bench.architecture)
    staging.crane("pull", image, str(path), what=f"save the image of {one.name}")
    return path


def _tarball(job: Job, name: str, architecture: str) -> Path:
    return job.output / "images" / f"{name}-{architecture}.tar"


def _bill(job: Job, package: str, name: str, artifact: Artifact) -> None:
    path = job.output / "sbom" / f"{name}.cdx.json"
    boms.write(job.project.root, package, image=artifact.pinned, source=job.source, path=path)
