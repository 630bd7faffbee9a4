# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hydrator import running
from hydrator.apiserver import ApiServer
from hydrator.schedules.bench import library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[running.Runner]:
    """Give a hydrator with a Hub and an empty folder of its own."""
    root = tmp_path / "volume"
    root.mkdir()
    made = running.made(root, capsys)
    yield made
    made.hub.close()


@pytest.fixture(scope="session")
def faulty_volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the library that plays a volume on a bad day."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc builds the library that plays the volume")
    return library(tmp_path_factory.mktemp("faultvol"))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """Give an API server and the ServiceAccount that may talk to it."""
    account = tmp_path / "serviceaccount"
    account.mkdir()
    made = ApiServer(account)
    yield made
    made.close()
