# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from modelplane import usages

OF = ("modelplane.ai/v1alpha1", "ModelCache", "qwen")
BY = ("modelplane.ai/v1alpha1", "ServingStack", "a")


def test_a_guard_says_why_and_names_no_owner() -> None:
    """A composed Usage with `by` waits for its own owner, which foreground deletion makes wait for it."""
    assert usages.namespaced(name="u", namespace="ml-team", of=OF, reason="mounted by replica x") == {
        "apiVersion": "protection.crossplane.io/v1beta1",
        "kind": "Usage",
        "metadata": {"name": "u", "namespace": "ml-team"},
        "spec": {
            "of": {
                "apiVersion": "modelplane.ai/v1alpha1",
                "kind": "ModelCache",
                "resourceRef": {"name": "qwen"},
            },
            "reason": "mounted by replica x",
        },
    }


def test_a_guard_may_order_two_children() -> None:
    """Siblings own nothing of each other."""
    made = usages.namespaced(name="u", namespace="ml-team", of=OF, by=BY, reason="r")
    assert made["spec"]["by"]["resourceRef"] == {"name": "a"}


def test_a_guard_of_cluster_scope() -> None:
    """What has no namespace is guarded by what has none."""
    made = usages.cluster_scoped(name="u", of=("modelplane.ai/v1alpha1", "InferenceCluster", "a"), reason="r")
    assert (made["kind"], made["metadata"]) == ("ClusterUsage", {"name": "u"})
    assert "replayDeletion" not in made["spec"]
