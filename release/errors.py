# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong: one line for whoever runs the command."""


class PackageError(Exception):
    """Something that the caller can fix; its message begins with "cannot"."""
