"""The picture of a graph: well-formed, every node and every shown connection in it, nothing of it live."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from film_recovery import nk
from film_recovery.graph import picture, templates

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", templates.TEMPLATES)
def test_every_node_is_drawn_and_named(name: str) -> None:
    script = nk.parse(templates.TEMPLATES[name]())
    root = ElementTree.fromstring(picture.svg(script))
    said = {text.text for text in root.iter(f"{SVG}text")}
    tiles = [n for n in script.nodes if n.class_name not in ("StickyNote", "BackdropNode", "Dot", "Merge2")]
    assert {node.name for node in tiles} <= said
    shown = sum(
        source is not None for n in script.nodes if n.get("hide_input") is None for source in n.inputs
    )
    assert len([*root.iter(f"{SVG}polygon")]) == shown


def test_an_arrow_ends_at_the_edge_of_its_node_and_says_the_input() -> None:
    text = (
        "Read {\n inputs 0\n file a.exr\n name A\n xpos 0\n ypos 0\n}\nset N1 [stack 0]\n"
        "push $N1\npush 0\nMerge2 {\n inputs 2\n operation difference\n name M\n xpos 0\n ypos 300\n}\n"
    )
    root = ElementTree.fromstring(picture.svg(nk.parse(text)))
    (line,) = root.iter(f"{SVG}line")
    assert (line.get("x1"), line.get("x2"), line.get("y2")) == ("40.0", "40.0", "300.0")
    assert "A" in [one.text for one in root.iter(f"{SVG}text") if one.get("fill") == "#f2c288"]


def test_a_label_is_text_and_nothing_else() -> None:
    text = nk.node_text("StickyNote", {"label": nk.quote('<script>"[python {1}]"&'), "name": "N"}, inputs=0)
    drawn = picture.svg(nk.parse(text))
    assert "<script>" not in drawn
    (said,) = [one.text for one in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert said == '<script>"[python {1}]"&'
