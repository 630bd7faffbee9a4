# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The table against a real API server needs the rig's programs; the everyday tests hold it to the offline check."""

import os

collect_ignore_glob = [] if os.environ.get("MODELPLANE_RIG") else ["test_apiserver.py"]
