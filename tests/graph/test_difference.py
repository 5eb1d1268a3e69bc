"""A script is held against its template: what was taken out or rewired is named, what was added or set is not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from film_recovery import graph, nk
from film_recovery.graph import templates

TEXT = templates.TEMPLATES["spatial-gauge"]()
ADDED = nk.node_text("Blur", {"size": "2", "name": "Blur9"}, inputs=1)


def reasons(text: str, wanted: str = TEXT) -> list[str]:
    return [one.reason for one in graph.differences(nk.parse(text), nk.parse(wanted))]


def edited(edit: Callable[[nk.Script], object]) -> str:
    script = nk.parse(TEXT)
    edit(script)
    return script.text()


def after(name: str, text: str) -> str:
    """``text`` put between the node ``name`` and all that it feeds."""
    match = re.compile(r"set N[0-9a-f]{8} ").search(TEXT, TEXT.index(f" name {name}\n"))
    assert match is not None
    return TEXT[: match.start()] + text + TEXT[match.start() :]


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_a_template_does_not_differ_from_itself(name: str) -> None:
    text = templates.TEMPLATES[name]()
    assert reasons(text, text) == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.node("CopyCat1").set("epochs", "7"),
        lambda s: s.node("LiveAreaCrop").unset("disable"),
        lambda s: s.node("Read_Source").set("name", "Scan"),
        lambda s: s.node("FR_TrainPrep_Source").set("name", "Preparation"),
        lambda s: s.node("AlignmentSwitch").set("xpos", "9000"),
        lambda s: s.remove(s.node("Note_Alignment")),
        lambda s: s.append("push $N00000001\n" + ADDED),
    ],
)
def test_values_names_places_notes_and_new_nodes_are_the_operators(
    edit: Callable[[nk.Script], object],
) -> None:
    assert reasons(edited(edit)) == []


def test_a_node_put_in_between_is_no_difference() -> None:
    assert reasons(after("FitToSource", ADDED)) == []


def test_a_copy_of_a_node_is_an_addition() -> None:
    copy = "push 0\n" + nk.node_text("Crop", {"name": "LiveAreaCrop2"}, inputs=1).replace(
        "}\n", " addUserKnob {20 film_recovery}\n addUserKnob {1 fr_id}\n fr_id LiveAreaCrop\n}\n"
    )
    assert reasons(after("FitToSource", "set Nc0ffee0 [stack 0]\n" + copy + "push $Nc0ffee0\n")) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: s.remove(s.node("DifferenceView")), ["The Merge2 DifferenceView is missing."]),
        (
            lambda s: s.remove(s.node("FR_TrainPrep_GroundTruth")),
            ["The block FR_TrainPrep_GroundTruth (FR_TrainPrep) is missing."],
        ),
        (lambda s: s.remove(s.node("ManualTransform")), ["The Transform ManualTransform is missing."]),
    ],
)
def test_what_is_gone_is_named(edit: Callable[[nk.Script], object], said: list[str]) -> None:
    assert reasons(edited(edit)) == said


def test_another_class_is_named() -> None:
    text = TEXT.replace("Merge2 {\n inputs 2\n operation difference", "Dissolve {\n inputs 2")
    assert reasons(text) == ["DifferenceView is a Dissolve, not a Merge2."]


def test_crossed_inputs_are_named_as_nuke_names_them() -> None:
    pushes = re.search(r"(push \$N\w+\n)(push \$N\w+\n)Merge2 \{", TEXT)
    assert pushes is not None
    crossed = TEXT.replace(pushes[0], f"{pushes[2]}{pushes[1]}Merge2 {{")
    assert reasons(crossed) == [
        "Input B of DifferenceView comes from AlignmentSwitch, not from Stamp_Alignment_Source.",
        "Input A of DifferenceView comes from Stamp_Alignment_Source, not from AlignmentSwitch.",
    ]


def test_an_unconnected_input_is_named() -> None:
    pushes = re.search(r"push \$N\w+\n(?=Reformat \{)", TEXT)
    assert pushes is not None
    cut = TEXT[: pushes.start()] + "push 0\n" + TEXT[pushes.end() :]
    assert reasons(cut) == ["The input of FitToSource is not connected, not from Stamp_Alignment_Reference."]


def test_a_block_in_the_others_place_is_named() -> None:
    def swap(script: nk.Script) -> None:
        source, truth = script.node("FR_TrainPrep_Source"), script.node("FR_TrainPrep_GroundTruth")
        source.set("name", "Swapping")
        truth.set("name", "FR_TrainPrep_Source")
        source.set("name", "FR_TrainPrep_GroundTruth")

    assert any("FR_TrainPrep_Source" in reason for reason in reasons(edited(swap)))


def test_another_template_or_version_is_named() -> None:
    version = graph.TEMPLATE_VERSION
    other = TEXT.replace(
        f"fr_template {chr(34)}spatial-gauge {version}", f"fr_template {chr(34)}spatial-gauge 99"
    )
    assert reasons(other) == [
        f"The script was made from template 'spatial-gauge 99'; the project's is 'spatial-gauge {version}'."
    ]


def test_a_script_from_before_there_were_marks_says_so_once() -> None:
    bare = re.sub(r" addUserKnob \{1 fr_(id|template) .*\n fr_(id|template) .*\n", "", TEXT)
    assert reasons(bare) == ["The script says of no template that it was made from it."]
