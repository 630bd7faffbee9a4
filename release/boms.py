# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A bill of materials for each image: what uv.lock put into it, in CycloneDX by uv. It does not list the base."""

import json
import uuid
from pathlib import Path

from release import programs
from release.source import Source


def write(root: Path, package: str, *, image: str, source: Source, path: Path) -> None:
    """Write what an image holds, the same for the same image."""
    argv = [programs.path("uv"), "export", "--quiet", "--frozen", "--no-dev", "--format=cyclonedx1.5"]
    argv += [f"--package={package}", f"--project={root}", "--preview-features=sbom-export"]
    bill = json.loads(programs.run(argv, what=f"write the bill of materials of {package}"))
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image)}"
    bill["metadata"]["timestamp"] = source.created
    bill["metadata"]["component"]["version"] = source.version
    bill["metadata"]["properties"] = [{"name": "modelplane:image", "value": image}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill, indent=2) + "\n")
