"""A graph that was built on the operator's Reads without a project: what comes back fits those Reads."""

from __future__ import annotations

import pytest

from film_recovery import nk
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import building

SINGLE = ("spatial-gauge", "colour-reference")
LENGTHS = (1, 2, 3, 5, 40)


def built(last: int, first: int = 1, of_reference: int = 0, template: str = "spatial-gauge") -> ScriptHost:
    """A graph on two HD Reads; ``of_reference``: the Reference's first frame, if it is another."""
    text = "version 15.1 v3\nRoot {\n inputs 0\n}\n"
    for x, (name, start) in enumerate((("S", first), ("R", of_reference or first))):
        text += (
            f"Read {{\n inputs 0\n file /film/{name}.####.exr\n first {start}\n last {start + last - first}\n"
            f' format "1920 1080 0 0 1920 1080 1 HD"\n name {name}\n xpos {100 * x}\n selected true\n}}\n'
        )
    host = ScriptHost(nk.parse(text))
    assert building.build(host, template).reads == ("S", "R")
    return host


def holds(host: ScriptHost, side: str = "Source") -> list[int]:
    return [
        int(host.knob(path, "firstFrame")) for path in host.nodes() if path.startswith(f"FrameHold_{side}_")
    ]


@pytest.mark.parametrize("last", LENGTHS)
@pytest.mark.parametrize("template", SINGLE)
def test_a_second_build_changes_nothing(last: int, template: str) -> None:
    host = built(last, template=template)
    text = host.script_text()
    for selected in ((), ("S", "R")):
        host.select(selected)
        again = building.build(host, template)
        assert (again.new, again.set, host.script_text()) == ((), (), text)


@pytest.mark.parametrize("last", LENGTHS)
def test_every_node_comes_back_as_it_was(last: int) -> None:
    host = built(last)
    before = {node.path: {name: knob.raw for name, knob in node.knobs.items()} for node in host.script.nodes}
    edges = {path: host.inputs(path) for path in host.nodes()}
    for path in [path for path in edges if path not in ("S", "R", "Backdrop_Recovery")]:
        host.delete(path)
        assert building.build(host, "spatial-gauge").new == (path,)
        node = host.script.node(path)
        assert {name: knob.raw for name, knob in node.knobs.items()} == before[path], path
        assert host.inputs(path) == edges[path], path
    assert {path: host.inputs(path) for path in host.nodes()} == edges
    assert all(1 <= frame <= last for frame in holds(host))
    assert host.knob("LiveAreaCrop", "box") == "{0 0 1920 1080}"
    assert host.knob("ManualTransform", "center") == "{960 540}"


def test_a_lost_pair_of_the_operator_s_own_frames_lies_beside_the_others() -> None:
    host = built(40, 1, of_reference=1001)
    assert holds(host, "Reference") == [1000 + frame for frame in holds(host)]
    for number, frame in enumerate((3, 7, 21, 30), 1):
        host.set_knob(f"FrameHold_Source_{number}", "firstFrame", str(frame))
        host.set_knob(f"FrameHold_Reference_{number}", "firstFrame", str(frame + 1002))
    host.delete("FrameHold_Reference_2")
    building.build(host, "spatial-gauge")
    assert sorted(holds(host, "Reference")) == [1005, 1009, 1023, 1032]
    host.delete("FrameHold_Source_4")
    building.build(host, "spatial-gauge")
    assert host.knob("FrameHold_Source_4", "firstFrame") == "30"
    host.delete("FrameHold_Source_2")
    host.delete("FrameHold_Reference_2")
    building.build(host, "spatial-gauge")
    (new,) = set(holds(host)) - {3, 21, 30}
    assert 1 <= new <= 40 and host.knob("FrameHold_Reference_2", "firstFrame") == str(new + 1002)


def test_a_shorter_range_and_more_pairs_of_the_operator_are_kept() -> None:
    host = built(100)
    host.set_knob("FrameRange_Source", "first_frame", "50")
    for side in ("Source", "Reference"):
        (fifth,) = host.insert(
            "FrameHold {\n inputs 0\n firstFrame 77\n name FrameHold_X\n"
            ' addUserKnob {20 film_recovery l "Film Recovery" +INVISIBLE}\n'
            f' addUserKnob {{1 fr_id l "Film Recovery id" +INVISIBLE}}\n fr_id FrameHold_{side}_5\n}}\n'
        )
        host.connect(fifth, 0, f"FrameRange_{side}")
        host.connect(f"AppendClip_{side}", 4, fifth)
    nodes = host.nodes()
    assert building.build(host, "spatial-gauge").new == () and host.nodes() == nodes
    host.delete("FrameHold_Source_1")
    host.delete("CopyCat1")
    building.build(host, "spatial-gauge")
    assert 50 <= int(host.knob("FrameHold_Source_1", "firstFrame")) <= 100
    assert host.knob("CopyCat1", "epochs") == "24000", "of five pairs"


def test_a_lost_range_takes_the_read_and_gives_the_pairs_back() -> None:
    host = built(40)
    host.delete("FrameRange_Source")
    host.delete("FrameHold_Source_2")
    new = building.build(host, "spatial-gauge").new
    assert sorted(new) == ["FrameHold_Source_2", "FrameRange_Source"]
    assert host.inputs("FrameRange_Source") == ("S",)
    assert all(host.inputs(f"FrameHold_Source_{n}") == ("FrameRange_Source",) for n in (1, 2, 3, 4))
    assert host.inputs("AppendClip_Source") == tuple(f"FrameHold_Source_{n}" for n in (1, 2, 3, 4))
    assert (host.knob("FrameRange_Source", "first_frame"), host.knob("FrameRange_Source", "last_frame")) == (
        "1",
        "40",
    )


def test_a_read_that_nothing_replaces_comes_back() -> None:
    host = ScriptHost(nk.parse("version 15.1 v3\nRoot {\n inputs 0\n}\n"))
    building.build(host, "spatial-gauge")
    text = sorted(host.nodes())
    host.delete("Read_Reference")
    assert building.build(host, "spatial-gauge").new == ("Read_Reference",)
    assert host.inputs("FrameRange_Reference") == ("Read_Reference",) and sorted(host.nodes()) == text
    host.delete("Read_Reference")
    host.connect("FrameRange_Reference", 0, host.create("Constant", "Mine"))
    assert building.build(host, "spatial-gauge").new == ()
