"""The alignment's switch, keyed pair by pair, in a graph whose nodes may be renamed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from film_recovery import graph, nk
from film_recovery.graph.templates import placeholder
from film_recovery.host.base import HostError
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import alignment_switch as switch

PAIRS = [(1001, 998), (1010, 1007), (1020, 1017), (1030, 1027)]
CORNERS = (1.0, 0.0, 2.0, 0.0, 1.0, 3.0, 0.0, 0.0, 1.0)  # two pixels to the right, three up


def script(**changes: object) -> ScriptHost:
    spec = replace(placeholder("spatial-gauge"), pairs=PAIRS, preview=1015, translate=(), **changes)
    return ScriptHost(nk.parse(graph.recovery_graph(spec)))


def modes(host: ScriptHost) -> list[int | None]:
    found = switch.graph_of(host)
    return [switch.mode_of(host, found, number) for number in range(1, len(PAIRS) + 1)]


def test_the_pairs_stand_in_the_order_of_the_stacks() -> None:
    host = script()
    found = switch.graph_of(host)
    assert list(found.moments) == PAIRS
    assert found.number_of(1020, 1017) == 3
    assert found.number_of(1020, 1018) == 0, "another Reference frame is another pair"
    host.set_knob("AlignmentSwitch", "name", "Ways")
    host.set_knob("Stack_Source", "name", "Film")
    found = switch.graph_of(host)
    assert found.nodes[switch.SWITCH] == "Ways" and list(found.moments) == PAIRS


def test_one_pair_is_switched_and_the_others_stay() -> None:
    host = script()
    found = switch.graph_of(host)
    assert modes(host) == [1, 1, 1, 1]
    said = switch.set_mode(host, found, 3, 2)
    assert modes(host) == [1, 1, 2, 1] and "pair 3 is solved" in said
    switch.set_mode(host, found, 1, 0)
    assert modes(host) == [0, 1, 2, 1]
    again = ScriptHost(nk.parse(host.script_text()))
    assert modes(again) == [0, 1, 2, 1]
    for number in (1, 3):
        switch.set_mode(host, found, number, 1)
    assert host.knob("AlignmentSwitch", "which") == "1", "no keys where all pairs are alike"


def test_what_an_expression_decides_stays() -> None:
    host = script()
    host.set_knob("AlignmentSwitch", "which", nk.expression("frame % 2"))
    found, before = switch.graph_of(host), host.script_text()
    assert modes(host) == [None] * 4
    with pytest.raises(HostError, match="expression"):
        switch.set_mode(host, found, 1, 2)
    host.delete("AlignmentSwitch")
    with pytest.raises(HostError, match="no alignment switch"):
        switch.set_mode(host, switch.graph_of(host), 1, 2)
    assert "AlignmentSwitch" in before


def test_the_crop_and_the_corners_of_a_pair() -> None:
    boxes = [(4, 6, 1900, 1000), (4, 6, 1900, 1000), (4, 60, 1900, 1000), (4, 6, 1900, 1000)]
    matrices = (CORNERS, (), CORNERS, CORNERS)
    host = script(live_area=boxes[0], live_area_keys=boxes, solved=matrices)
    found = switch.graph_of(host)
    assert [switch.crop_of(host, found, number) for number in (2, 3)] == [boxes[1], boxes[2]]
    assert switch.corners_of(host, found, 1)[0] == (2.0, 3.0)
    assert modes(host) == [2, 1, 2, 2]
    host.set_knob("LiveAreaCrop", "disable", "true")
    assert switch.crop_of(host, found, 2) is None
    assert switch.corners_of(script(), found, 1)[0] == (0.0, 0.0)
