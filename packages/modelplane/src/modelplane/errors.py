# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Every error that a function raises on purpose.

ModelplaneError            caught in one place, `runtime`, and sent as a Fatal result
├── InvalidSpec            the XR's spec is one that the API server should have refused
├── Unreadable             an object lacks what its reader needs; neighbours that raise it are skipped
└── ReplyTooLarge          not even what is observed fits into a reply
"""


class ModelplaneError(Exception):
    """An error whose one line is fit for a user."""


class InvalidSpec(ModelplaneError):
    """A spec that the schema refuses; the message names the field."""


class Unreadable(ModelplaneError):
    """An object that lacks what its reader needs; the message names the object."""


class ReplyTooLarge(ModelplaneError):
    """A reply over Crossplane's limit that cannot be made smaller without deleting something."""
