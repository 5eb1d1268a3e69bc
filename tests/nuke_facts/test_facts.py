"""Every gizmo and template against the knob facts, and proof that the facts catch each kind of mistake."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from film_recovery import nk
from film_recovery.provenance.node import metadata_node

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("gizmos/*.gizmo"), *ROOT.glob("templates/*.nk")])


def _reader() -> ModuleType:
    """facts.py, which lies beside this file and in no package."""
    if "nuke_facts_reader" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "nuke_facts_reader", Path(__file__).with_name("facts.py")
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["nuke_facts_reader"] = module
        spec.loader.exec_module(module)
    return sys.modules["nuke_facts_reader"]


facts = _reader()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nuke_knows_every_class_knob_and_value(file: Path) -> None:
    assert facts.problems(nk.load(file)) == []


def test_nuke_knows_the_node_that_says_where_masters_come_from() -> None:
    text = metadata_node({"FilmTitle": "A [Trip]", "ShotID": "s010"})
    assert facts.problems(nk.parse(text)) == []
    assert facts.problems(nk.parse(text.replace(" metadata {", " metaData {", 1))), (
        "another knob would be told"
    )


def test_there_are_files_to_check() -> None:
    assert {".gizmo", ".nk"} == {file.suffix for file in FILES}


def test_what_is_allowed_is_needed() -> None:
    """An allowed reason that no file needs any more would hide a mistake later."""
    used = {
        (node.class_name, name) for file in FILES for node in nk.load(file).all_nodes() for name in node.knobs
    }
    assert set(facts.ALLOWED) <= used
    for class_name, knob in facts.ALLOWED:
        assert set(facts.facts().classes[class_name].knobs[knob].evidence) <= facts.NEWEST_ONLY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Grde {\n name G\n}\n", "no class 'Grde'"),
        ("Grade {\n whit 1\n name G\n}\n", "no knob 'whit'"),
        ("FrameHold {\n first_frame 3\n name F\n}\n", "obsolete name"),
        ("Merge2 {\n inputs 2\n operation dissolve\n name M\n}\n", "operation cannot be 'dissolve'"),
        ("Colorspace {\n colorspace_in Linear\n name C\n}\n", "colorspace_in cannot be 'Linear'"),
        ("Crop {\n crop yes\n name C\n}\n", "crop is true or false"),
        ("Crop {\n inputs 2\n name C\n}\n", "takes 2 inputs, and Crop has 1"),
        ("Crop {\n inputs 1+1\n name C\n}\n", "no mask input"),
        ("Grade {\n inputs 2\n name G\n}\n", "takes 2 inputs, and Grade has 1 beside the mask"),
        ("StickyNote {\n name S\n}\n", "takes 1 inputs, and StickyNote has 0"),
        ("CopyCat {\n inputs 2\n useMultiResolution false\n name C\n}\n", "only the newest Nuke"),
        ("NoOp {\n addUserKnob {43 note l Note}\n name N\n}\n", "type 43, which is not settled"),
        ("NoOp {\n addUserKnob {7 size l Size +VISIBLE}\n name N\n}\n", "flag +VISIBLE"),
        ("NoOp {\n addUserKnob {4 mode l Mode M {a b}}\n mode c\n name N\n}\n", "mode cannot be 'c'"),
        ("NoOp {\n addUserKnob {6 on l On}\n on maybe\n name N\n}\n", "on is true or false"),
        ("NoOp {\n addUserKnob {1 label l Label}\n name N\n}\n", "name of a knob that every node has"),
        ("Group {\n inputs 0\n name G\n addUserKnob {41 a l A T B.size}\n}\nend_group\n", "there is no B"),
        (
            "Group {\n inputs 0\n name G\n addUserKnob {41 a l A T B.sise}\n}\n Blur {\n name B\n }\nend_group\n",
            "Blur has no such knob",
        ),
        (
            "Group {\n inputs 0\n name G\n}\n Blur {\n size {{parent.softness}}\n name B\n }\nend_group\n",
            "reads parent.softness",
        ),
        ("Group {\n inputs 2\n name G\n}\n Input {\n inputs 0\n name I\n }\nend_group\n", "takes 2 inputs"),
        ("FR_Inference {\n modelfile a.cat\n name I\n}\n", "FR_Inference has no knob 'modelfile'"),
        ("FR_Inference {\n recipe sound\n name I\n}\n", "recipe cannot be 'sound'"),
        ("FR_Inference {\n inputs 2\n name I\n}\n", "the gizmo has 1"),
        ("FR_Nothing {\n name I\n}\n", "no class 'FR_Nothing'"),
        ("Root {\n inputs 0\n first_fram 1\n}\n", "no knob 'first_fram'"),
    ],
)
def test_a_planted_mistake_is_found(text: str, problem: str) -> None:
    found = facts.problems(nk.parse(text))
    assert len(found) == 1 and problem in found[0], found


@pytest.mark.parametrize(
    "text",
    [
        "Grade {\n inputs 1+1\n white {1 1.2 {parent.gain} 1}\n mix 0.5\n name G\n}\n",
        "Merge2 {\n inputs 3+1\n operation minus\n name M\n disable {{\"frame > 3\"}}\n}\n",
        "Shuffle2 {\n inputs 2\n fromInput1 {{0} B A}\n fromInput2 {{1} B A}\n name S\n}\n",
        "Switch {\n inputs 40\n which {{curve K x1 0 x2 1}}\n name S\n}\n",
        "Read {\n inputs 0\n colorspace \"ACES - ACEScg\"\n name R\n}\n",
        "FR_Inference {\n recipe colour\n modelFile a.cat\n name I\n}\n",
    ],
)  # fmt: skip
def test_what_nuke_understands_passes(text: str) -> None:
    if "parent.gain" in text:
        text = f"Group {{\n inputs 0\n name P\n addUserKnob {{7 gain}}\n}}\n{text}end_group\n"
    assert facts.problems(nk.parse(text)) == []


def test_the_facts_are_whole() -> None:
    known = facts.facts()
    codes = {"live17", "files", "docs", "python", "screenshot", "ndk", "inferred"}
    for name, entry in known.classes.items():
        assert entry.count is None or 0 <= entry.count[0] <= entry.count[1], name
        for knob, fact in entry.knobs.items():
            assert set(fact.evidence) <= codes, (name, knob)
            if fact.type == "Enumeration_Knob" and fact.values and fact.default:
                is_menu = fact.default.startswith("{")
                assert is_menu or fact.default in fact.values, (name, knob, fact.default)
    assert len(known.classes) >= 48
    assert set(known.user_knobs) == {1, 2, 3, 4, 6, 7, *range(12, 21), 22, 26, 30, 32, 35, 41}


def test_the_host_knows_which_inputs_are_masks() -> None:
    """Keymix is left out: its third input is not optional, and how it is saved is not settled."""
    from film_recovery.host.script import _FIRST_MASK

    masks = {name: entry.mask for name, entry in facts.facts().classes.items() if entry.mask is not None}
    assert {name: at for name, at in masks.items() if name != "Keymix"} == _FIRST_MASK
