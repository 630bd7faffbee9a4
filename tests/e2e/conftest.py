# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The cases here need the rig: `scripts/rig test` runs them, the everyday tests leave them out."""

import os

collect_ignore_glob = [] if os.environ.get("MODELPLANE_RIG") else ["test_*.py"]
