# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Let tests import the tool that builds packages: it is no distribution, since nothing installs it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
