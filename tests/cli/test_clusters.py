# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The preview plays the clouds: from an InferenceCluster without a status to a served model."""

import apiserver
import builders_infra as infra
import previews
import pytest
from modelplane_cli import apis, functions, load, preview
from modelplane_cli.errors import BadInput
from modelplane_cli.play import Player
from modelplane_cli.preview import Inputs


def _player(*examples: str) -> Player:
    manifests = load.documents([str(previews.ROOT / "examples" / example) for example in examples])
    return Player(preview.plane(Inputs(manifests=manifests), apis.packaged(), functions.installed({})))


@pytest.mark.parametrize(
    ("cluster", "model", "kind"),
    [
        pytest.param("clusters/gke", "cache/qwen", "GKECluster", id="GKE, plain GPUs"),
        pytest.param("clusters/eks", "cache/qwen-explicit", "EKSCluster", id="EKS, DRA"),
    ],
)
def test_from_nothing_to_a_served_model(cluster: str, model: str, kind: str) -> None:
    """A cluster is made, a cache matches it, a model is staged and served, with nothing but two examples."""
    player = _player(cluster, model)
    steps = player.play()
    assert player.ready()
    assert 10 < steps < 40
    kinds = {key.kind for key in player.plane.composed}
    assert {kind, "ServingStack", "ModelCache", "ModelReplica"} <= kinds


@pytest.mark.parametrize("cluster", ["clusters/gke", "clusters/eks", "clusters/existing"])
def test_a_fleet_of_plain_clusters(cluster: str) -> None:
    """A fleet file may hold clusters and classes as their owner wrote them: the preview makes them first."""
    examples = previews.ROOT / "examples"
    fleet = load.documents([str(examples / cluster)])
    inputs = Inputs(manifests=load.documents([str(examples / "cache" / "qwen-explicit")]), fleet=fleet)
    player = Player(preview.plane(inputs, apis.packaged(), functions.installed({})))
    player.play()
    assert player.ready()
    cache = infra.xr(player, "ModelCache")
    assert [(entry["phase"]) for entry in cache["status"]["clusters"]] == ["Ready"]


def test_a_fleet_alone_is_nothing_to_preview() -> None:
    """Clusters that are made first are not what somebody wants to see."""
    inputs = Inputs(manifests=[], fleet=load.documents([str(previews.ROOT / "examples" / "clusters" / "gke")]))
    with pytest.raises(BadInput, match="cannot find anything to compose"):
        preview.plane(inputs, apis.packaged(), functions.installed({}))


@pytest.mark.parametrize("example", previews.examples())
def test_everything_on_the_way_is_valid(example: str) -> None:
    """At every step the schemas take all that is composed; of an admin's own class only the name is known."""
    player = Player(previews.plane(example, previews.secrets(example)))
    player.start()
    for _ in range(60):
        for body in infra.desired(player):
            if body["spec"].get("managementPolicies") != ["Observe"]:
                apiserver.validate(body)
        if not player.tick():
            break
    assert player.ready()
