# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an operator sets once for the function, by flag or environment variable."""

import click

HYDRATOR_IMAGE = "ghcr.io/modelplane/hydrator:v0.1.0"
"""The hydrator of this release."""

OPTIONS = [
    click.Option(
        ["--hydrator-image"],
        envvar="HYDRATOR_IMAGE",
        default=HYDRATOR_IMAGE,
        show_default=True,
        help="Image that hydration Jobs run.",
    ),
    click.Option(
        ["--allow-http-endpoints"],
        envvar="ALLOW_HTTP_ENDPOINTS",
        is_flag=True,
        help="Let a ModelCache name a mirror by http instead of https.",
    ),
]
