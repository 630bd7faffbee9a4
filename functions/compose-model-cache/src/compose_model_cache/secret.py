# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The copy of the user's token on a cluster, for as long as the Job needs it."""

from modelplane.paths import Manifest

from compose_model_cache.inputs import Cache, Token
from compose_model_cache.remotes import metadata, token_name


def copy(cache: Cache, token: Token) -> Manifest:
    """Return a Secret with the token's one key."""
    key = cache.secret.key if cache.secret else ""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(cache, token_name(cache, token.hash)),
        "type": "Opaque",
        "data": {key: token.value},
    }
