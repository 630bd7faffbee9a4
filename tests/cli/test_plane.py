# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""The control plane in memory materialises what functions desire as Crossplane and the API server do."""

import pytest
from builders_preview import BOX, ITEM, NAMESPACE, VERSION, Answers, answering, box, item, latest, need, plane, xr
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from modelplane import conditions, paths
from modelplane.composed import Composed
from modelplane.errors import InvalidSpec
from modelplane_cli.errors import CannotSettle
from modelplane_cli.objects import Ref, condition, is_ready
from modelplane_cli.plane import Plane

CLAIM = Ref("kubernetes.m.crossplane.io/v1alpha1", "Object", NAMESPACE, "claim-object")
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": NAMESPACE},
    "data": {"k": "dg=="},
}


def again(made: Plane) -> None:
    """Settle once more after a function of the test has changed its mind."""
    made.seen.clear()
    made.settle()


def test_composed_metadata() -> None:
    """A composed resource has the labels, the annotation, the owner and the namespace that Crossplane gives it."""
    made = plane()
    made.settle()
    metadata = made.objects[CLAIM]["metadata"]
    assert metadata["labels"]["crossplane.io/composite"] == "box"
    assert metadata["annotations"]["crossplane.io/composition-resource-name"] == "claim"
    owner = metadata["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Box", "box", BOX.uid)
    assert owner["controller"] is owner["blockOwnerDeletion"] is True
    assert metadata["namespace"] == NAMESPACE


def test_xrs_that_compose_xrs() -> None:
    """A composed XR runs its own function; what it composes carries the root's name; its parent sees it ready."""
    made = plane()
    made.settle()
    assert made.objects[ITEM]["metadata"]["labels"]["crossplane.io/composite"] == "box"
    assert is_ready(made.objects[ITEM])
    assert condition(made.objects[BOX], "Ready")["reason"] == "Creating", "its claim is not ready"


def test_defaults_of_the_schema() -> None:
    """Defaults are filled in on what a user applies and on what is composed, before any function sees it."""
    made = plane()
    made.settle()
    assert made.objects[BOX]["spec"] == {"size": 3}
    assert made.objects[BOX]["status"]["seen"] == 3


def test_what_is_no_longer_desired_goes() -> None:
    """A composed resource that leaves desired is deleted with all that it composed itself; its status goes, too."""
    wanted = {"item": xr("Item")}

    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        return Composed(resources=wanted, released=frozenset({"item"}), status={"seen": len(wanted)}, empty_ok=True)

    made = plane(box=compose, item=answering({"child": SECRET}))
    made.settle()
    assert {key.kind for key in made.objects} == {"Box", "Item", "Secret"}
    wanted.clear()
    again(made)
    assert {key.kind for key in made.objects} == {"Box"}
    assert made.objects[BOX]["status"]["seen"] == 0


def test_names_are_kept() -> None:
    """A resource without a name gets one from its XR, and keeps it whatever the function says later."""
    nameless = {"apiVersion": "v1", "kind": "Secret", "metadata": {}}
    later = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other"}}
    answers: Answers = [{"s": nameless}]
    made = plane(box=latest(answers))
    made.settle()
    (before,) = [key for key in made.objects if key.kind == "Secret"]
    assert before.name.startswith("box-")
    answers.append({"s": later})
    again(made)
    assert [key for key in made.objects if key.kind == "Secret"] == [before]


def test_generation_counts_specs() -> None:
    """An object's generation moves with its spec only; its uid and status stay."""
    answers: Answers = [{"item": xr("Item", size=1)}]
    made = plane(box=latest(answers))
    made.settle()
    before = made.objects[ITEM]
    answers.append({"item": xr("Item", size=2)})
    again(made)
    after = made.objects[ITEM]
    assert (before["metadata"]["generation"], after["metadata"]["generation"]) == (1, 2)
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert after["status"]["conditions"] == before["status"]["conditions"]


def test_fatal_keeps_everything() -> None:
    """After a Fatal result nothing is deleted, Synced says why, other conditions are Unknown and Ready stays."""
    broken: list[bool] = []

    def compose(_req: fnv1.RunFunctionRequest) -> Composed:
        if broken:
            raise InvalidSpec("cannot read Box 'box': spec.size")
        return Composed(resources={"s": SECRET}, conditions=(conditions.true("Full", "Yes"),), ready=True)

    made = plane(box=compose)
    made.settle()
    assert is_ready(made.objects[BOX])
    broken.append(True)
    again(made)
    assert any(key.kind == "Secret" for key in made.objects)
    assert condition(made.objects[BOX], "Synced")["message"].endswith("cannot read Box 'box': spec.size")
    assert (condition(made.objects[BOX], "Full")["status"], is_ready(made.objects[BOX])) == ("Unknown", True)


def test_data_is_only_read() -> None:
    """What is added as data answers requirements, by name, by labels and by namespace, and no function runs for it."""
    found: dict[str, int] = {}

    def compose(req: fnv1.RunFunctionRequest) -> Composed:
        found.update({name: len(req.required_resources[name].items) for name in req.required_resources})
        return Composed(needs=(need("all", kind="Secret"), need("one", kind="Secret", match_name="s")), empty_ok=True)

    made = plane(box=compose)
    made.add(SECRET, reconcile=False)
    made.add({**SECRET, "metadata": {"name": "t", "namespace": "elsewhere"}}, reconcile=False)
    made.add(xr("Item", name="data"), reconcile=False)
    made.settle()
    assert found == {"all": 1, "one": 1}
    assert Ref(VERSION, "Item", NAMESPACE, "data") not in made.composed


def test_adopted_resources_are_observed() -> None:
    """What was composed before is observed under its resource name and keeps its status."""
    seen: dict[str, str] = {}

    def compose(req: fnv1.RunFunctionRequest) -> Composed:
        seen.update({name: paths.text(r.resource, "status", "phase") for name, r in req.observed.resources.items()})
        return Composed(resources={})

    made = plane(box=compose)
    made.adopt(BOX, "old", {**SECRET, "status": {"phase": "Kept"}})
    made.settle()
    assert seen == {"old": "Kept"}
    assert made.objects[Ref("v1", "Secret", NAMESPACE, "s")]["status"] == {"phase": "Kept"}, "kept, as not released"


@pytest.mark.parametrize(
    ("functions", "want"),
    [
        pytest.param({"box": answering({"item": xr("Item", sise=1)})}, "spec.sise is not declared", id="spec"),
        pytest.param({"box": answering({}, status={"sean": 1})}, "status.sean is not declared", id="status"),
    ],
)
def test_undeclared_fields(functions: dict[str, object], want: str) -> None:
    """A field that the schema does not declare would break server-side apply, so it is told."""
    made = plane(**functions)  # ty: ignore[invalid-argument-type]  functions of the table
    with pytest.raises(CannotSettle, match=want):
        made.settle()


def test_answers_that_never_settle() -> None:
    """A function whose answer changes with every call ends in one line that names its XR."""
    made = plane(box=grown, item=item)
    with pytest.raises(CannotSettle, match="Box ml-team/box still changes"):
        made.settle()


def grown(req: fnv1.RunFunctionRequest) -> Composed:
    """Return a status one larger than the observed one."""
    seen = paths.whole(req.observed.composite.resource, "status", "seen")
    return Composed(status={"seen": seen + 1}, resources=box(req).resources)


def test_two_xrs_that_compose_the_same() -> None:
    """A resource that another XR controls cannot be taken over."""
    made = plane(xr(name="a"), xr(name="b"), box=answering({"s": SECRET}))
    with pytest.raises(CannotSettle, match="another XR composes it"):
        made.settle()
