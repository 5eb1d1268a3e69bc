"""Which picture goes into which input: what is known decides, then the place; never the order of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from film_recovery import nk, project
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import building, commands
from film_recovery.plugin.inputs import pictures

EMPTY = "version 15.1 v3\nRoot {\n inputs 0\n}\n"
BOTH = ("Source", "Reference")


def reads(*nodes: Mapping[str, str]) -> ScriptHost:
    """Reads with these knobs, all selected."""
    given = ({"file": "/film/a.####.exr", "xpos": "0", "selected": "true", **one} for one in nodes)
    return ScriptHost(nk.parse(EMPTY + "".join(nk.node_text("Read", one, inputs=0) for one in given)))


def both_ways(host: ScriptHost, *paths: str) -> dict[str, str]:
    """The same for every order of the selection."""
    found = [pictures(host, BOTH, order) for order in permutations(paths)]
    assert all(one == found[0] for one in found)
    return dict(found[0].paths)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Read_Reference"},
        {"name": "old_reference_scan"},
        {"name": "Dvd", "label": nk.quote("the Reference")},
    ],
)
def test_what_one_says_decides_for_both(other: Mapping[str, str]) -> None:
    host = reads({**other, "xpos": "-500"}, {"name": "Print"})
    assert both_ways(host, other["name"], "Print") == {"Source": "Print", "Reference": other["name"]}
    assert not pictures(host, BOTH, host.selected()).by_place


def test_what_feeds_it_speaks_too_but_not_what_only_sounds_like_it() -> None:
    host = reads({"name": "Read_Reference", "xpos": "-500"}, {"name": "Print"})
    fit = host.create("Reformat", "FitToSource")
    host.connect(fit, 0, "Read_Reference")
    assert both_ways(host, fit, "Print") == {"Source": "Print", "Reference": fit}


def test_what_comes_out_of_a_recovery_is_recovered() -> None:
    host = reads({"name": "Read_Source", "xpos": "-500"}, {"name": "Print"})
    host.select(("Read_Source",))
    recovery = commands.drop(host, "FR_Inference")
    dot = host.create("Dot", "Dot1")
    host.connect(dot, 0, recovery)
    host.select((dot, "Print"))
    assert host.inputs(commands.drop(host, "FR_Merge")) == ("Print", dot)


def test_the_place_decides_last_and_is_told() -> None:
    host = reads({"name": "A", "xpos": "200"}, {"name": "B", "xpos": "0"})
    assert both_ways(host, "A", "B") == {"Source": "B", "Reference": "A"}
    assert "place in the node graph only" in pictures(host, BOTH, ("A", "B")).told()
    host = reads({"name": "Source_1", "xpos": "200"}, {"name": "Source_2", "xpos": "0"})
    assert both_ways(host, "Source_1", "Source_2") == {"Source": "Source_2", "Reference": "Source_1"}


def test_the_project_s_files_decide(tmp_path: Path) -> None:
    scan, dvd = (project.Element(f"/film/{name}.####.exr", 1, 90, 64, 48) for name in ("scan", "dvd"))
    pairs = (project.PairOf(4, 4), project.PairOf(8, 8))
    draft = project.Draft("A", "spatial-gauge", {"source": scan, "reference": dvd}, pairs=pairs)
    hold_out = {"hold_out": [{"source": 23, "reference": 23}]}
    project.create(tmp_path / "film", project.drafted(draft, hold_out))
    host = reads(
        {"name": "A", "file": "/film/x/../dvd.%04d.exr", "xpos": "-9"},
        {"name": "B", "file": "/film/scan.####.exr"},
    )
    host.set_project((tmp_path / "film").as_posix())
    assert both_ways(host, "A", "B") == {"Source": "B", "Reference": "A"}
    commands.run_on(host, "build", "")
    assert "Source: B, Reference: A" in host.messages[-1] and "place" not in host.messages[-1]


@pytest.mark.parametrize("order", [("S", "R"), ("R", "S")])
@pytest.mark.parametrize("block", ["FR_Align", "FR_GroundTruth", "FR_Parity", "FR_MatchGradeBaseline"])
def test_a_block_gets_its_inputs_by_their_names(block: str, order: tuple[str, str]) -> None:
    host = reads({"name": "R", "label": "reference", "xpos": "-9"}, {"name": "S", "label": "source"})
    host.select(order)
    path = commands.drop(host, block)
    assert host.inputs(path) == (("R", "S") if block == "FR_Align" else ("S", "R"))
    assert "Source: S, Reference: R" in host.messages[-1]


def test_one_picture_goes_into_the_first_input() -> None:
    host = reads({"name": "Dvd"})
    assert host.inputs(commands.drop(host, "FR_Align")) == ("Dvd",)
    assert host.messages == []


def test_what_has_no_input_is_told() -> None:
    host = reads({"name": "A", "xpos": "200"}, {"name": "B"})
    assert host.inputs(commands.drop(host, "FR_Inference")) == ("B",)
    assert "Not connected: A" in host.messages[-1]


@pytest.mark.parametrize("order", [("A", "B"), ("B", "A")])
def test_build_asks_where_only_the_place_tells(emulated_nuke: Any, order: tuple[str, str]) -> None:
    from film_recovery.host.nuke import NukeHost

    host = NukeHost()
    for name, x in (("A", "200"), ("B", "0")):
        host.create("Read", name, knobs={"xpos": x})
    host.select(order)
    before = host.script_text()
    emulated_nuke.emulation.answer = False
    commands.run_on(host, "build", "spatial-gauge")
    (question,) = emulated_nuke.emulation.questions
    assert "Source: B, Reference: A" in question
    assert "Nothing was built" in emulated_nuke.emulation.messages[-1] and host.script_text() == before
    emulated_nuke.emulation.answer = True
    commands.run_on(host, "build", "spatial-gauge")
    assert "Source: B, Reference: A" in emulated_nuke.emulation.messages[-1]
    assert host.inputs("FrameRange_Source") == ("B",) and host.inputs("FrameRange_Reference") == ("A",)


def test_build_does_not_ask_what_is_known(emulated_nuke: Any) -> None:
    from film_recovery.host.nuke import NukeHost

    host = NukeHost()
    for name, x in (("Scan_Reference", "0"), ("B", "200")):
        host.create("Read", name, knobs={"xpos": x})
    host.select(("Scan_Reference", "B"))
    assert building.build(host, "spatial-gauge").reads == ("B", "Scan_Reference")
    assert emulated_nuke.emulation.questions == []


def test_three_reads_that_say_nothing_are_too_many() -> None:
    host = reads({"name": "A"}, {"name": "B"}, {"name": "C"})
    before = host.script_text()
    commands.run_on(host, "build", "spatial-gauge")
    assert "3 Reads are selected" in host.messages[-1] and host.script_text() == before


def test_a_graph_with_several_sources_takes_no_read() -> None:
    host = reads({"name": "A"}, {"name": "B"})
    commands.run_on(host, "build", "multi-shot")
    assert "Not connected: A, B" in host.messages[-1]
    assert host.find("Read_Source_1")
