# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What the page about ModelCache claims is what the function does."""

import re
from pathlib import Path

import builders
import pytest
import yaml
from builders_cache import World
from compose_model_cache import jobs, settings
from modelplane import labels
from modelplane_cli import apis, validate

PAGE = (Path(__file__).parents[2] / "docs/concepts/model-cache.md").read_text()
EXAMPLE = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])


def _example() -> World:
    cluster = builders.cluster("a", labels=EXAMPLE["spec"]["clusterSelector"]["matchLabels"])
    return World({**builders.cache(EXAMPLE["metadata"]["name"]), "spec": EXAMPLE["spec"]}, [cluster])


def test_the_example_is_valid() -> None:
    """The API server would take the manifest of the page."""
    api = apis.packaged()[EXAMPLE["apiVersion"], EXAMPLE["kind"]]
    assert not list(validate.faults(EXAMPLE, api))


def test_the_example_is_staged() -> None:
    """And it becomes Ready on a cluster that it selects."""
    assert _example().staged().status["summary"]["ready"] == "1/1"


def test_the_table_names_every_object() -> None:
    """The kinds of the table are those that are composed."""
    table = PAGE.split("## What each of them gets")[1].split("## ")[0]
    composed = _example().steps(4).kinds()
    assert {kind for kind in composed if re.search(rf"\b{kind}\b", table)} == composed


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(f"At most {jobs.LIMIT} Jobs", id="the limit"),
        pytest.param(f"`{labels.RETRY}`", id="retry"),
        pytest.param(f"`{labels.REFRESH}`", id="refresh"),
        pytest.param(f"-l {labels.CLUSTER}=", id="the label of a cluster's Objects"),
        *[pytest.param(f"`{option.opts[0]}`", id=option.opts[0]) for option in settings.OPTIONS],
        *[pytest.param(str(option.envvar), id=str(option.envvar)) for option in settings.OPTIONS],
    ],
)
def test_names_and_numbers(claim: str) -> None:
    """What has another owner is spelt as its owner spells it."""
    assert claim in PAGE


def test_a_quarter_of_an_hour() -> None:
    """The page says it in words."""
    assert jobs.SILENCE == 15 * 60
    assert "quarter of an hour" in PAGE
