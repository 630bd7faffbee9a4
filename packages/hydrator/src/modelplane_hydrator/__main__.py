# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The command modelplane-hydrate."""

import sys

from modelplane_hydrator.command import command


def main() -> None:
    """Run the command with this process's arguments."""
    sys.exit(command(sys.argv[1:]))


if __name__ == "__main__":
    main()
