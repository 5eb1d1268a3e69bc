"""What the four blocks for looking and merging say of themselves, and that real Tcl reads them."""

from __future__ import annotations

import pytest

from film_recovery import graph, nk
from film_recovery.nk import tcl

BLOCKS = ("FR_Parity", "FR_IdentityCheck", "FR_Compare", "FR_Merge")
VERSIONS = {"FR_IdentityCheck": "2"}
UNSEEN = {"User", "readouts", "info", "about", "fr_id", "fr_version", ""}


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_says_what_it_is(name: str) -> None:
    script = nk.load(graph.gizmo_folder() / f"{name}.gizmo")
    node = script.nodes[0]
    assert node.class_name == "Gizmo"
    assert (node.get("fr_id").text, node.get("fr_version").text) == (name, VERSIONS.get(name, "1"))
    assert len(node.get("help").text) > 80
    assert tcl.check(script.text()) == script.block_count


@pytest.mark.parametrize("name", BLOCKS)
def test_every_knob_has_a_tooltip(name: str) -> None:
    text = (graph.gizmo_folder() / f"{name}.gizmo").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith(" addUserKnob") and line.split()[2].rstrip("}").strip('"') not in UNSEEN:
            assert ' t "' in line, line


def test_nothing_promises_a_measurement_that_nobody_makes() -> None:
    node = nk.load(graph.gizmo_folder() / "FR_IdentityCheck.gizmo").nodes[0]
    knobs = {knob.name: knob for knob in node.user_knobs}
    assert node.get("maximum").text == "-1"
    for text in (knobs["maximum"].tooltip, knobs["about"].target):
        assert "panel" not in text and "stays -1" in text and "film-recovery compare --identity" in text
