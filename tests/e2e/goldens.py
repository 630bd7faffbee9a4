# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Texts that the real programs print, kept in `golden/`; MODELPLANE_REWRITE=1 writes them anew."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Fail unless a text is the one that is kept under this name."""
    path = FOLDER / name
    if os.environ.get("MODELPLANE_REWRITE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), f"{name} reads otherwise now; if that is meant, run with MODELPLANE_REWRITE=1"
