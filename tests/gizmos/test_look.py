"""Every block has the same look: help, tabs, tooltips, an identity, a readable inside; and stays portable text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from film_recovery import graph, nk
from film_recovery.imaging.colour import ColourConfig
from film_recovery.nk.tcl import read_blocks

FILES = sorted(graph.gizmo_folder().glob("FR_*.gizmo"))
NAMES = [file.stem for file in FILES]
TAB, TEXT, STATEFUL = 20, 26, ("FR_PairStack", "FR_Align", "FR_CopyCat", "FR_MatchGradeBaseline")
ROLES = ("scene_linear", "aces_interchange", "color_picking", "compositing_log", "data", "default")
SPACE_KNOBS = ("colorspace", "in_colorspace", "out_colorspace", "display", "view", "ocioColorspace")


@pytest.fixture(params=FILES, ids=NAMES)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def block(file: Path) -> nk.Node:
    nodes = nk.load(file).nodes
    assert len(nodes) == 1, "a gizmo file holds one block"
    return nodes[0]


def text(block: nk.Node, knob: str) -> str:
    found = block.get(knob)
    assert found is not None, f"{block.name or 'the block'} has no {knob}"
    return found.text


def test_there_are_blocks() -> None:
    assert {"FR_FadeBalance", "FR_ArchivalWrite", "FR_GroundTruth", "FR_TrainPrep", "FR_Inference"} <= set(
        NAMES
    )


def test_stateful_blocks_are_groups_and_the_others_gizmos(file: Path, block: nk.Node) -> None:
    assert block.class_name == ("Group" if file.stem in STATEFUL else "Gizmo")


def test_it_has_help_and_a_tab_of_its_own_name(file: Path, block: nk.Node) -> None:
    assert len(text(block, "help")) > 80
    first = block.user_knobs[0]
    assert (first.code, first.label) == (TAB, file.stem)
    assert re.fullmatch(r"0x[0-9a-f]{7,8}", text(block, "tile_color"))


def test_every_visible_knob_has_a_tooltip(block: nk.Node) -> None:
    silent = [
        knob.name
        for knob in block.user_knobs
        if knob.code not in (TAB, TEXT) and "+INVISIBLE" not in knob.flags and len(knob.tooltip) < 10
    ]
    assert silent == []


def test_the_info_tab_says_what_is_inside(file: Path, block: nk.Node) -> None:
    names = [knob.name for knob in block.user_knobs]
    about = next(knob for knob in block.user_knobs if knob.name == "about")
    assert names.index("about") == names.index("info") + 1
    first_line, _, inside = about.target.partition("\n")
    assert first_line == f"{file.stem} {text(block, 'fr_version')}"
    assert len(inside) > 20


def test_it_carries_its_identity(file: Path, block: nk.Node) -> None:
    assert text(block, "fr_id") == file.stem
    assert re.fullmatch(r"[1-9]\d*", text(block, "fr_version"))
    for name in ("fr_id", "fr_version"):
        assert "+INVISIBLE" in next(knob for knob in block.user_knobs if knob.name == name).flags


def test_user_knobs_have_names_of_their_own(block: nk.Node) -> None:
    names = [knob.name for knob in block.user_knobs if knob.name]
    assert len(names) == len(set(names))


def test_the_inside_is_laid_out_and_named(file: Path) -> None:
    groups = [node for node in nk.load(file).all_nodes() if node.is_group]
    for group in groups:
        named = [node.name for node in group.nodes]
        assert all(named) and len(named) == len(set(named))
        placed = [node for node in group.nodes if node.class_name != "BackdropNode"]
        places = [(text(node, "xpos"), text(node, "ypos")) for node in placed]
        assert len(places) == len(set(places)), "two nodes lie at one place"
        assert [node.class_name for node in group.nodes].count("Output") == 1


def test_every_link_leads_somewhere(block: nk.Node) -> None:
    names = {node.name for node in block.nodes}
    for knob in block.user_knobs:
        if knob.code == 41:
            assert knob.target.split(".")[0] in names, knob.name


def test_real_tcl_reads_it_and_it_comes_back_byte_for_byte(file: Path) -> None:
    source = file.read_bytes()
    script = nk.load(file)
    assert script.text().encode("utf-8") == source
    blocks = read_blocks(source.decode("utf-8"))
    assert blocks is None or len(blocks) == len(list(script.all_nodes()))


def test_it_names_no_absolute_path_and_no_colour_space(file: Path) -> None:
    source = file.read_text("utf-8")
    assert not re.search(r'(?m)(^|[\s"{])(/[A-Za-z]\w*/|[A-Za-z]:[\\/]\w)', source)
    for node in nk.load(file).all_nodes():
        for knob in SPACE_KNOBS:
            found = node.get(knob)
            assert found is None or found.text in ROLES or found.text.startswith("{"), (node.name, knob)
    spaces = ColourConfig.load().colour_spaces()
    words = [
        name
        for name in spaces
        if len(name) > 4 and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", knob_values(file))
    ]
    assert words == []


def knob_values(file: Path) -> str:
    """All values of inner nodes and of the block, without its prose (help, labels, user knobs)."""
    values = []
    for node in nk.load(file).all_nodes():
        values += [
            entry.text for name, entry in node.knobs.items() if name not in ("help", "label", "addUserKnob")
        ]
    return "\n".join(values)
