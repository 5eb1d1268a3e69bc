"""FR_PairStack's button on a script: FrameHolds follow the knobs, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery import graph, nk, project
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import pair_stack
from film_recovery.plugin.frames import parse_frames, timecode


def host(**knobs: str) -> ScriptHost:
    """A sequence, the block, and what an operator connected below it."""
    text = "Constant {\n inputs 0\n name Film\n}\n" + graph.group("FR_PairStack", "Stack", {}, {}, (0, 0))
    text += "set Nstack [stack 0]\nPostageStamp {\n name Stamp\n}\npush $Nstack\nDot {\n name Below\n}\n"
    made = ScriptHost(nk.parse(text))
    for knob, value in knobs.items():
        made.set_text("Stack", knob, value)
    return made


def clip(made: ScriptHost, name: str = "AppendClip_Pairs") -> list[int]:
    """The frames in the order in which the clip plays them, and that each hold is fed by the FrameRange."""
    frames = []
    for hold in made.inputs(f"Stack.{name}"):
        assert hold is not None
        assert made.inputs(hold) == ("Stack.FrameRange1",)
        frames.append(int(made.knob(hold, "firstFrame")))
    return frames


def holds(made: ScriptHost) -> set[str]:
    return {path for path in made.nodes("Stack") if made.class_of(path) == "FrameHold"}


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("471 478 492 499", (471, 478, 492, 499)),
        ("471,478, 492 ,499", (471, 478, 492, 499)),
        ("5\n-3\t7", (5, -3, 7)),
        ("", ()),
    ],
)
def test_frames_are_read_as_operators_write_them(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text, "Stack", "pairs") == frames


@pytest.mark.parametrize("text", ["471 47x", "1-9", "[exit]", "4.5", "471 471"])
def test_what_is_no_frame_is_named_with_knob_and_remedy(text: str) -> None:
    with pytest.raises(FilmRecoveryError) as caught:
        parse_frames(text, "Stack", "pairs")
    assert caught.value.where == {"node": "Stack", "knob": "pairs"}
    assert caught.value.remedy


def test_timecodes_count_from_the_frame_that_has_one() -> None:
    assert timecode(471, "00:00:00:00", 0, 24, "", "") == "00:00:19:15"
    assert timecode(1001, "01:00:00:00", 1001, 23.976, "", "") == "01:00:00:00"
    assert timecode(1126, "01:00:00:00", 1001, 25, "", "") == "01:00:05:00"
    assert timecode(0, "00:00:00:00", 1, 24, "", "") == "23:59:59:23"
    assert timecode(471, " ", 0, 24, "", "") == ""
    with pytest.raises(FilmRecoveryError, match="timecode"):
        timecode(1, "00:00:00:30", 0, 24, "Stack", "timecode")


def test_the_delivered_block_is_what_rebuild_makes_of_its_knobs() -> None:
    made = host()
    before = made.script_text()
    pair_stack.rebuild(made, "Stack")
    assert made.script_text() == before


@pytest.mark.parametrize("pairs", ["499 470", "1 2 3 4 5 6 7 8 9 10 11", "478 471 499 492"])
@pytest.mark.parametrize("hold_out", ["", "600 500 700"])
def test_rebuild_follows_the_knobs_and_twice_changes_nothing(pairs: str, hold_out: str) -> None:
    made = host(pairs=pairs, hold_out=hold_out)
    pair_stack.rebuild(made, "Stack")
    first, held = ([int(frame) for frame in text.split()] for text in (pairs, hold_out))
    assert clip(made) == first
    assert clip(made, "AppendClip_HoldOut") == held
    assert len(holds(made)) == len(first) + len(held)
    assert made.text("Stack.FrameHold_2", "label").split("\n")[:2] == ["pair 2", f"frame {first[1]}"]
    assert made.inputs("Stack.Stack_Pairs") == ("Stack.AppendClip_Pairs",)
    assert made.inputs("Stack.PairsOrHoldOut") == ("Stack.Stack_Pairs", "Stack.Stack_HoldOut")
    assert made.inputs("Stack") == ("Film",)
    assert made.inputs("Below") == made.inputs("Stamp") == ("Stack",)
    after = made.script_text()
    pair_stack.rebuild(made, "Stack")
    assert made.script_text() == after
    again = ScriptHost(nk.parse(after))
    pair_stack.rebuild(again, "Stack")
    assert again.script_text() == after


def test_rebuild_and_back_is_the_delivered_block_again() -> None:
    made = host(pairs="1 2 3 4 5 6")
    pair_stack.rebuild(made, "Stack")
    made.set_text("Stack", "pairs", "471 478 492 499")
    pair_stack.rebuild(made, "Stack")
    assert clip(made) == [471, 478, 492, 499]
    assert holds(made) == holds(host())


def test_an_operator_s_own_nodes_and_order_of_nodes_stay() -> None:
    made = host()
    made.create("FrameHold", "MyOwn", "Stack", {"firstFrame": "3"})
    made.connect("Stack.MyOwn", 0, "Stack.FrameRange1")
    made.set_knob("Stack.FrameHold_1", "xpos", "-77")
    made.set_text("Stack", "pairs", "480 481")
    pair_stack.rebuild(made, "Stack")
    assert "Stack.MyOwn" in made.nodes("Stack")
    assert made.knob("Stack.FrameHold_1", "xpos") == "-77"
    assert clip(made) == [480, 481]


@pytest.mark.parametrize(
    ("knobs", "knob"),
    [
        ({"pairs": "471 ninety"}, "pairs"),
        ({"pairs": ""}, "pairs"),
        ({"hold_out": "485 471"}, "hold_out"),
        ({"hold_out": "485 485"}, "hold_out"),
        ({"timecode": "noon"}, "timecode"),
    ],
)
def test_a_wrong_knob_changes_nothing(knobs: dict[str, str], knob: str) -> None:
    made = host(**knobs)
    before = made.script_text()
    with pytest.raises(FilmRecoveryError) as caught:
        pair_stack.rebuild(made, "Stack")
    assert caught.value.where["knob"] == knob and caught.value.where["node"] == "Stack"
    assert made.script_text() == before


def test_frames_outside_the_range_are_refused_where_the_range_is_known() -> None:
    made = host(pairs="471 478")
    made.set_knob("Stack", "first", "475")
    with pytest.raises(FilmRecoveryError, match="471 is outside the frame range 475–…"):
        pair_stack.rebuild(made, "Stack")


def test_a_damaged_block_and_a_foreign_node_are_named_and_left() -> None:
    made = host(pairs="1 2")
    made.delete("Stack.AppendClip_HoldOut")
    before = made.script_text()
    with pytest.raises(FilmRecoveryError, match="AppendClip_HoldOut"):
        pair_stack.rebuild(made, "Stack")
    assert made.script_text() == before
    with pytest.raises(FilmRecoveryError, match="no FR_PairStack"):
        pair_stack.rebuild(made, "Below")


def rewired(made: ScriptHost, *numbers: int) -> None:
    for index, number in enumerate(numbers):
        made.connect("Stack.AppendClip_Pairs", index, f"Stack.FrameHold_{number}")


@pytest.mark.parametrize(
    ("order", "written", "wanted"),
    [
        ((2, 1, 3, 4), None, "478 471 492 499"),
        ((4, 3, 2, 1), None, "499 492 478 471"),
        ((2, 1, 3, 4), "471 478 492 499 510", "478 471 492 499 510"),  # a pair was added as well
        ((2, 1, 3, 4), "471 478 499", "478 471 499"),  # one was taken out as well
        (
            (2, 1, 3, 4),
            "499 471 478 492",
            "499 471 478 492",
        ),  # reordered in the knob too: that is the newer wish
        ((2, 2, 3, 4), None, "471 478 492 499"),  # no order of the same FrameHolds
    ],
)
def test_a_rewired_order_goes_into_the_knob_and_stays(
    order: tuple[int, ...], written: str | None, wanted: str
) -> None:
    made = host()
    rewired(made, *order)
    if written is not None:
        made.set_text("Stack", "pairs", written)
    notes = pair_stack.rebuild(made, "Stack")
    assert made.text("Stack", "pairs") == wanted
    assert clip(made) == [int(frame) for frame in wanted.split()]
    told = f"pair frames now read {wanted}: the order in which AppendClip_Pairs is wired."
    assert (told in notes) is (wanted != (written or "471 478 492 499"))
    assert [one for one in pair_stack.rebuild(made, "Stack") if "wired" in one] == []
    assert clip(made) == [int(frame) for frame in wanted.split()]


def test_a_node_between_is_not_passed_by() -> None:
    made = host()
    made.create("Grade", "Mine", "Stack")
    made.connect("Stack.Mine", 0, "Stack.FrameHold_2")
    made.connect("Stack.AppendClip_Pairs", 1, "Stack.Mine")
    before = made.script_text()
    with pytest.raises(FilmRecoveryError, match="Mine feeds AppendClip_Pairs"):
        pair_stack.rebuild(made, "Stack")
    assert made.script_text() == before


def test_the_delivered_block_invents_no_timecode() -> None:
    made = host()
    assert made.text("Stack", "timecode") == ""
    labels = {made.text(path, "label") for path in holds(made)}
    assert "pair 1\nframe 471" in labels and not any(":" in label for label in labels)
    made.set_text("Stack", "timecode", "00:00:00:00")
    pair_stack.rebuild(made, "Stack")
    assert made.text("Stack.FrameHold_1", "label") == "pair 1\nframe 471\n00:00:19:15"


def below_a_read(between: str, knobs: str = "first 471\n last 499") -> ScriptHost:
    text = (
        f"Read {{\n inputs 0\n file a.####.exr\n {knobs}\n name Film\n}}\n{between} {{\n name Between\n}}\n"
    )
    return ScriptHost(nk.parse(text + graph.group("FR_PairStack", "Stack", {}, {}, (0, 0))))


def test_the_range_is_that_of_the_read_above_where_the_knobs_are_expressions() -> None:
    made = below_a_read("Crop")
    assert pair_stack.rebuild(made, "Stack") == ()
    made.set_text("Stack", "pairs", "471 500")
    with pytest.raises(FilmRecoveryError, match="500 is outside the frame range 471–499"):
        pair_stack.rebuild(made, "Stack")
    made.set_knob("Stack", "last", "600")  # a number says more than the Read
    pair_stack.rebuild(made, "Stack")


@pytest.mark.parametrize(
    ("between", "knobs"),
    [
        ("TimeOffset", "first 1\n last 2"),
        ("Dot", "first 1\n last 2\n frame frame+1000"),
        ("Dot", "colorspace default"),
    ],
)
def test_a_range_that_is_not_known_is_said_to_be_unchecked(between: str, knobs: str) -> None:
    made = below_a_read(between, knobs)
    pair_stack.rebuild_and_tell(made, "Stack")
    assert len(made.messages) == 1 and "was not checked" in made.messages[0]


def test_an_empty_hold_out_is_not_put_out() -> None:
    made = host(hold_out="")
    made.set_knob("Stack", "output", "hold-out")
    before = made.script_text()
    with pytest.raises(FilmRecoveryError, match="no hold-out to put out") as caught:
        pair_stack.rebuild(made, "Stack")
    assert caught.value.where["knob"] == "output" and made.script_text() == before


def film_project(folder: Path) -> Path:
    element = project.Element("scan.####.exr", first=1, last=900, width=64, height=48)
    pairs = (project.PairOf(10, 110, "skin", "s1"), project.PairOf(20, 120))
    elements = {"source": element, "reference": element}
    draft = project.Draft(film="Film", recipe="spatial-gauge", elements=elements, pairs=pairs)
    project.create(folder, draft)
    return folder


def test_the_buttons_take_pairs_from_the_script_s_project_and_give_them_back(tmp_path: Path) -> None:
    made = host()
    with pytest.raises(FilmRecoveryError, match="belongs to no Film Recovery project"):
        pair_stack.take_from_project(made, "Stack")
    folder = film_project(tmp_path / "film")
    made.set_project(folder.as_posix())
    rewired(made, 2, 1, 3, 4)  # the project's order counts, not this one
    pair_stack.take_from_project(made, "Stack")
    assert clip(made) == [10, 20] and "source frames" in made.messages[-1]
    with pytest.raises(FilmRecoveryError, match="no FR_PairStack whose side is reference"):
        pair_stack.give_to_project(made, "Stack")
    for name in ("Other", "Third"):
        made.insert(graph.group("FR_PairStack", name, {"side": "reference"}, {}, (0, 0)))
        pair_stack.take_from_project(made, name)
    made.set_text("Stack", "pairs", "10 20 30")
    made.set_text("Other", "pairs", "110 120 130")
    with pytest.raises(
        FilmRecoveryError, match="several for the reference, with different frames: Other, Third"
    ):
        pair_stack.give_to_project(made, "Stack")
    made.set_text("Third", "pairs", "110 120 130")
    pair_stack.give_to_project(made, "Other")
    now = project.load(folder).pairs
    assert now == (project.PairOf(10, 110, "skin", "s1"), project.PairOf(20, 120), project.PairOf(30, 130))


def test_no_pairs_but_no_hold_out_either_is_possible() -> None:
    made = host(hold_out="")
    made.set_text("Stack", "timecode", "")
    pair_stack.rebuild(made, "Stack")
    assert clip(made, "AppendClip_HoldOut") == []
    assert made.text("Stack.FrameHold_1", "label") == "pair 1\nframe 471"


def test_pairs_go_to_a_project_and_come_back(tmp_path: Path) -> None:
    element = project.Element("scan.####.exr", first=1, last=900, width=64, height=48)
    draft = project.Draft(
        film="Film",
        recipe="spatial-gauge",
        elements={"source": element, "reference": element},
        pairs=(project.PairOf(10, 110, "skin", "s1"), project.PairOf(20, 120)),
    )
    folder = tmp_path / "film"
    project.create(folder, draft)
    made = host()
    made.insert(graph.group("FR_PairStack", "Other", {}, {}, (0, 0)))
    for block, side, frames in (("Stack", "source", [10, 20]), ("Other", "reference", [110, 120])):
        pair_stack.from_project(made, block, folder, side)
        assert [
            int(made.knob(one, "firstFrame")) for one in made.inputs(f"{block}.AppendClip_Pairs")
        ] == frames
    made.set_text("Stack", "pairs", "30 10")
    made.set_text("Other", "pairs", "130 110")
    made.set_text("Stack", "hold_out", "40")
    made.set_text("Other", "hold_out", "140")
    pair_stack.to_project(made, "Stack", "Other", folder)
    now = project.load(folder)
    assert now.pairs == (project.PairOf(30, 130), project.PairOf(10, 110, "skin", "s1"))
    assert now.hold_out == (project.PairOf(40, 140),)
    made.set_text("Other", "pairs", "130")
    with pytest.raises(FilmRecoveryError, match="2 frames, Other 1"):
        pair_stack.to_project(made, "Stack", "Other", folder)
