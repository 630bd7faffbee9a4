# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What can go wrong with the rig itself.

RigError            the rig cannot do what was asked: one line for the person who asked
"""


class RigError(Exception):
    """The rig cannot do what was asked; the message names what and the way out."""
