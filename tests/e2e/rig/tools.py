# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The pinned programs that the rig runs, built once into a cache keyed by their go.mod and go.sum."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from e2e.rig import commands, places
from e2e.rig.errors import RigError

FREE_BYTES = 8 << 30
BUILD_SECONDS = 3600
KUBERNETES_FLAGS = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", "v1.36.3"), ("gitMajor", "1"), ("gitMinor", "36"))
)
RUNTIME_VERSION = "-X github.com/crossplane/crossplane-runtime/v2/pkg/version.version="


@dataclass(frozen=True)
class Binary:
    """One program: which tools folder pins it, and which package builds it."""

    name: str
    tool: str
    package: str
    flags: str = ""


@dataclass(frozen=True)
class Share:
    """A folder of manifests that a module carries beside its code."""

    name: str
    tool: str
    module: str
    folder: str


BINARIES = (
    Binary("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Binary("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES_FLAGS),
    Binary("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES_FLAGS),
    Binary(
        "crossplane",
        "crossplane",
        "github.com/crossplane/crossplane/v2/cmd/crossplane",
        f"{RUNTIME_VERSION}v2.3.4",
    ),
    Binary(
        "kube-controller-manager",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        KUBERNETES_FLAGS,
    ),
    Binary(
        "crossplane-cli",
        "crossplane-cli",
        "github.com/crossplane/cli/v2/cmd/crossplane",
        f"{RUNTIME_VERSION}v2.5.0",
    ),
    Binary(
        "provider-kubernetes",
        "provider-kubernetes",
        "github.com/crossplane-contrib/provider-kubernetes/cmd/provider",
    ),
    Binary("crane", "crane", "github.com/google/go-containerregistry/cmd/crane"),
    Binary("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", KUBERNETES_FLAGS),
    Binary("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet", KUBERNETES_FLAGS),
    Binary("kube-proxy", "kubernetes", "k8s.io/kubernetes/cmd/kube-proxy", KUBERNETES_FLAGS),
    Binary("lws-controller", "lws", "sigs.k8s.io/lws/cmd"),
    Binary("coredns", "coredns", "github.com/coredns/coredns"),
)

SHARES = (
    Share("crossplane", "crossplane", "github.com/crossplane/crossplane/v2", "cluster"),
    Share(
        "provider-crds",
        "provider-kubernetes",
        "github.com/crossplane-contrib/provider-kubernetes",
        "package/crds",
    ),
    Share("lws", "lws", "sigs.k8s.io/lws", "config"),
    Share("gateway-crds", "envoy-gateway", "sigs.k8s.io/gateway-api", "config/crd/standard"),
)


def folder(tool: str) -> Path:
    """Return the cache folder of one tool, whose name changes with its pinned dependencies."""
    pinned = places.TOOLS / tool
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((pinned / name).read_bytes())
    digest.update(json.dumps([[b.package, b.flags] for b in BINARIES if b.tool == tool]).encode())
    return places.cache() / f"{tool}-{digest.hexdigest()[:12]}"


def path(name: str) -> Path:
    """Return where a program of the rig is, built or not."""
    return folder(_binary(name).tool) / "bin" / name


def binary(name: str) -> str:
    """Return a built program."""
    found = path(name)
    if not found.is_file():
        raise RigError(f"cannot run {name}: it is not built; run `scripts/rig build` first")
    return str(found)


def share(name: str) -> Path:
    """Return a folder of manifests taken from a module."""
    row = next(s for s in SHARES if s.name == name)
    found = folder(row.tool) / "share" / name
    if not found.is_dir():
        raise RigError(f"cannot read the manifests of {name}: run `scripts/rig build` first")
    return found


def missing() -> list[str]:
    """Return the programs and manifests that are not built yet."""
    programs = [b.name for b in BINARIES if not path(b.name).is_file()]
    return programs + [s.name for s in SHARES if not (folder(s.tool) / "share" / s.name).is_dir()]


def build(*, say: Callable[[str], None], only: tuple[str, ...] = ()) -> None:
    """Build what is missing, most wanted first."""
    _check_machine()
    for row in BINARIES:
        if (not only or row.name in only) and not path(row.name).is_file():
            say(f"building {row.name}")
            _build(row)
    for row in SHARES:
        target = folder(row.tool) / "share" / row.name
        if (not only or row.name in only) and not target.is_dir():
            say(f"copying the manifests of {row.name}")
            _copy(row, target)


def _binary(name: str) -> Binary:
    for row in BINARIES:
        if row.name == name:
            return row
    known = ", ".join(b.name for b in BINARIES)
    raise RigError(f"cannot find a program called {name}: the rig has {known}")


def _check_machine() -> None:
    if shutil.which("go") is None:
        raise RigError("cannot build the tools: install Go 1.26 or newer and put it on the PATH")
    places.cache().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(places.cache()).free
    if missing() and free < FREE_BYTES:
        raise RigError(
            f"cannot build the tools: {places.cache()} has {free >> 20} MiB free and the build needs "
            f"{FREE_BYTES >> 20}; free some or set MODELPLANE_RIG_CACHE"
        )


def _go(tool: str, *arguments: str) -> str:
    environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    done = commands.run(
        ["nice", "go", *arguments],
        what=f"build {tool}",
        cwd=places.TOOLS / tool,
        env=environment,
        seconds=BUILD_SECONDS,
    )
    return done.strip()


def _build(row: Binary) -> None:
    target = path(row.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{row.name}.{os.getpid()}")
    _go(
        row.tool,
        "build",
        "-buildvcs=false",
        "-trimpath",
        f"-ldflags=-s -w {row.flags}",
        "-o",
        str(partial),
        row.package,
    )
    partial.rename(target)


def _copy(row: Share, target: Path) -> None:
    downloaded = json.loads(_go(row.tool, "mod", "download", "-json", row.module))
    source = Path(downloaded["Dir"]) / row.folder
    partial = target.with_name(f".{row.name}.{os.getpid()}")
    shutil.copytree(source, partial, copy_function=shutil.copyfile)
    for item in partial.rglob("*"):
        item.chmod(0o755 if item.is_dir() else 0o644)
    partial.chmod(0o755)
    partial.rename(target)
