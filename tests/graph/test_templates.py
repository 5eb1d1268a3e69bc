"""The templates are the graph module's output, open without the plugin, and read at a glance."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from film_recovery import graph, nk
from film_recovery.graph import footprint, templates
from film_recovery.nk import tcl

FOLDER = Path(__file__).resolve().parents[2] / "templates"
ROLES = {"color_picking", "aces_interchange"}
PAIR_COUNTS = (1, 4, 9, 30)


def script_of(name: str) -> nk.Script:
    return nk.load(FOLDER / f"{name}.nk")


def with_pairs(recipe: str, count: int) -> nk.Script:
    pairs = [(466 + number, 466 + number) for number in range(count)]
    spec = replace(templates.placeholder(recipe), pairs=pairs, prefilter=3, note=graph.BUILT)
    return nk.parse(graph.recovery_graph(spec))


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_a_template_is_what_the_code_makes(name: str) -> None:
    committed = (FOLDER / f"{name}.nk").read_text(encoding="utf-8")
    assert committed == templates.TEMPLATES[name]()


def test_there_is_a_template_for_each_recipe_and_no_other_file() -> None:
    assert {file.name for file in FOLDER.iterdir()} - {"project.yaml"} == {
        f"{name}.nk" for name in templates.TEMPLATES
    }


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_a_template_comes_back_byte_for_byte_and_tcl_reads_it_alike(name: str) -> None:
    text = (FOLDER / f"{name}.nk").read_bytes()
    script = script_of(name)
    assert script.text().encode("utf-8") == text
    assert tcl.check(script.text()) == script.block_count


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_a_template_needs_no_plugin_and_names_no_space_but_roles(name: str) -> None:
    script = script_of(name)
    classes = {node.class_name for node in script.all_nodes()}
    assert not {one for one in classes if one.startswith(("FR_", "OFX"))}
    spaces = {node.text("colorspace") for node in script.all_nodes() if node.class_name in ("Read", "Write")}
    assert spaces <= ROLES
    for node in script.all_nodes():
        assert node.get("OCIO_config") is None


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_every_node_carries_its_stable_name_where_no_panel_shows_it(name: str) -> None:
    script = script_of(name)
    names = [node.name for node in script.nodes]
    assert len(set(names)) == len(names)
    for node in script.nodes:
        declared = {knob.name: knob for knob in node.user_knobs}
        mark = declared["fr_id"]
        assert mark.code == 1 and "+INVISIBLE" in mark.flags
        if "fr_version" in declared:  # a block says which it is
            assert node.text("fr_id").startswith("FR_") and node.name.startswith(node.text("fr_id"))
        else:
            assert node.text("fr_id") == node.name


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_the_main_area_carries_template_and_version(name: str) -> None:
    said = [node.text("fr_template") for node in script_of(name).nodes if node.get("fr_template") is not None]
    steps = 2 if name in ("spatial-telecine", "combined") else 1
    assert said == [f"{name} {graph.TEMPLATE_VERSION}"] * steps


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_the_three_ways_of_alignment_and_the_one_crop(name: str) -> None:
    script = script_of(name)
    switches = [node for node in script.nodes if node.class_name == "Switch"]
    crops = [node for node in script.nodes if node.class_name == "Crop"]
    assert len(switches) == len(crops) == (2 if name in ("spatial-telecine", "combined") else 1)
    for switch, crop in zip(switches, crops):  # noqa: B905 - Python 3.9
        assert [node.class_name for node in switch.inputs if node] == ["Dot", "Transform", "CornerPin2D"]
        pin = switch.inputs[2]
        assert pin is not None
        for corner in range(1, 5):
            assert pin.text(f"to{corner}") == pin.text(f"from{corner}") != ""
        assert crop.inputs[0] is switch and crop.text("disable") == "true"


def sound_layout(script: nk.Script) -> None:
    areas = {node.name: node for node in script.nodes if node.class_name == "BackdropNode"}
    boxes = {name: footprint.body(node) for name, node in areas.items()}
    main = {name: box for name, box in boxes.items() if name.startswith("Backdrop_Recovery")}
    parts = {name: box for name, box in boxes.items() if name not in main}
    for (one, a), (other, b) in combinations([*parts.items()], 2):
        assert not a.overlaps(b), f"{one} overlaps {other}"
    for name, box in parts.items():
        assert sum(around.holds(box) for around in main.values()) == 1, f"{name} is in no main area"
        label = footprint.text_width(footprint.words(areas[name]), footprint.font(areas[name]))
        assert label + 14 < box.right - box.left, f"the title of {name} is too long"
    taken = {n.name: footprint.footprint(n) for n in script.nodes if n.class_name != "BackdropNode"}
    for (one, a), (other, b) in combinations(taken.items(), 2):
        assert not a.overlaps(b), f"{one} overlaps {other}"
    for name, box in taken.items():
        if name.startswith("Note_Recovery"):
            assert any(around.holds(box) for around in main.values())
            assert not any(part.overlaps(box) for part in parts.values())
        else:
            assert sum(part.holds(box) for part in parts.values()) == 1, f"{name} is in no area"
    for name, box in main.items():
        assert not any(box.overlaps(other) for one, other in main.items() if one != name)


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_nothing_overlaps_and_everything_lies_in_its_area(name: str) -> None:
    sound_layout(script_of(name))


@pytest.mark.parametrize("recipe", ["spatial-gauge", "colour-reference"])
@pytest.mark.parametrize("count", PAIR_COUNTS)
def test_nothing_overlaps_in_a_project_of_any_size(recipe: str, count: int) -> None:
    sound_layout(with_pairs(recipe, count))


def test_the_layout_test_sees_an_overlap() -> None:
    script = script_of("spatial-gauge")
    script.node("FrameHold_Source_2").set("xpos", script.node("FrameHold_Source_1").text("xpos"))
    with pytest.raises(AssertionError, match="FrameHold_Source_1 overlaps FrameHold_Source_2"):
        sound_layout(script)
    script = script_of("spatial-gauge")
    script.node("CopyCat1").set("ypos", "5000")
    with pytest.raises(AssertionError, match="CopyCat1 is in no area"):
        sound_layout(script)


def test_the_second_step_reads_what_the_first_one_writes() -> None:
    telecine, combined = script_of("spatial-telecine"), script_of("combined")
    assert telecine.node("Read_Reference").text("file") == telecine.node("Write_Recovered_T").text("file")
    assert combined.node("Read_Source_C").text("file") == combined.node("Write_Recovered").text("file")
    for read, write in (
        (telecine.node("Read_Reference"), telecine.node("Write_Recovered_T")),
        (combined.node("Read_Source_C"), combined.node("Write_Recovered")),
    ):
        assert read.text("colorspace") == write.text("colorspace")


def test_six_shots_of_nine_pairs_in_one_order() -> None:
    script = script_of("multi-shot")
    for word in ("Source", "Reference"):
        clips = script.node(f"AppendClip_{word}").inputs
        shots = [clip.inputs[0] for clip in clips if clip is not None]
        assert [shot.name for shot in shots if shot] == [f"AppendClip_{word}_{n}" for n in range(1, 7)]
        held = [hold for shot in shots if shot for hold in shot.inputs]
        assert len(held) == 54
        assert [hold.text("label").split("\n")[0] for hold in held if hold] == [
            f"pair {number}" for number in range(1, 55)
        ]
    assert [node.class_name for node in script.nodes].count("CopyCat") == 1
    preview = int(script.node("FrameHold_Preview").text("firstFrame"))
    assert preview not in {
        int(node.text("firstFrame")) for node in script.nodes if node.name.startswith("FrameHold_S")
    }


def test_an_exr_knob_comes_after_the_file_type() -> None:
    spec = replace(templates.placeholder("spatial-gauge"), compression="DWAA", datatype="16 bit half")
    knobs = list(nk.parse(graph.recovery_graph(spec)).node("Write_Recovered").knobs)
    assert knobs.index("file_type") < knobs.index("compression") and knobs.index("file_type") < knobs.index(
        "datatype"
    )
