# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The preview plays the clouds: from an InferenceCluster without a status to a served model."""

import apiserver
import builders_infra as infra
import previews
import pytest
from modelplane_cli import apis, functions, load, preview
from modelplane_cli.play import Player
from modelplane_cli.preview import Inputs


def _player(*examples: str) -> Player:
    manifests = load.documents([str(previews.ROOT / "examples" / example) for example in examples])
    return Player(preview.plane(Inputs(manifests=manifests), apis.packaged(), functions.installed({})))


def test_from_nothing_to_a_served_model() -> None:
    """A cluster is made, a cache matches it, a model is staged and served, with nothing but two examples."""
    player = _player("clusters/gke", "cache/qwen")
    steps = player.play()
    assert player.ready()
    assert 10 < steps < 40
    kinds = {key.kind for key in player.plane.composed}
    assert {"GKECluster", "ServingStack", "ModelCache", "ModelReplica"} <= kinds


@pytest.mark.parametrize("example", ["clusters/gke", "clusters/existing"])
def test_everything_on_the_way_is_valid(example: str) -> None:
    """At every step the schemas take all that is composed; of an admin's own class only the name is known."""
    player = _player(example)
    player.start()
    for _ in range(40):
        for body in infra.desired(player):
            if body["spec"].get("managementPolicies") != ["Observe"]:
                apiserver.validate(body)
        if not player.tick():
            break
    assert player.ready()
