# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What installed functions can say of a manifest that no schema can: entry points by the kind that they know."""

from collections.abc import Iterator
from importlib.metadata import entry_points

from modelplane.paths import Manifest

from modelplane_cli.faults import Fault

CHECKS = "modelplane.checks"


def faults(manifest: Manifest) -> Iterator[Fault]:
    """Yield what the functions refuse in a manifest that its schema accepts."""
    for point in sorted(entry_points(group=CHECKS, name=manifest["kind"])):
        for path, message in point.load()(manifest):
            yield Fault(path, message)
