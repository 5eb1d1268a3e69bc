"""The job key: what it holds of a script, and that frames noted under the key of earlier versions stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery import nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.comp.dependence import behind
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.rendering.job import job_keys
from film_recovery.rendering.output import write_output
from film_recovery.rendering.record import EARLIER, NAME, OURS, RESCANNED, Record

SCRIPT = """Root {
 inputs 0
 frame 1
 format "12 8 0 0 12 8 1 "
 colorManagement OCIO
}
BackdropNode {
 inputs 0
 label Recovery
 name Backdrop1
}
NoOp {
 inputs 0
 name Control
 addUserKnob {7 gain}
 gain 0.5
 addUserKnob {7 other}
 other 0.5
}
Read {
 inputs 0
 file plates/p.####.exr
 first 1
 last 3
 raw true
 name Read1
}
set N1 [stack 0]
Crop {
 box {0 0 6 8}
 name CropElsewhere
}
Dot {
 name Dot1
}
set N2 [stack 0]
push $N2
push $N1
CopyBBox {
 inputs 2
 name CopyBBox1
}
Group {
 name Group1
 addUserKnob {41 white T Inner.white}
 addUserKnob {7 strength}
 strength 1
}
 Input {
  inputs 0
  name Input1
 }
 set N3 [stack 0]
 Blur {
  size 9
  name BlurAside
 }
 push $N3
 Grade {
  multiply {{parent.strength}}
  name Inner
 }
 Output {
  name Output1
 }
end_group
Grade {
 white {{Control.gain}}
 name Grade1
}
FR_Test {
 name FR_Test1
}
Switch {
 inputs 1
 which 0
 name Switch1
}
Write {
 file out/m.####.exr
 file_type exr
 raw true
 create_directories true
 name Write1
}
push $N1
Blur {
 size 2
 name Blur1
}
Write {
 file other/m.####.exr
 file_type exr
 raw true
 create_directories true
 name Write2
}
"""
GIZMO = "Gizmo {\n name FR_Test\n}\n Input {\n  inputs 0\n  name Input1\n }\n Grade {\n  gamma 1.5\n  name Inner\n }\n"
GIZMO += " Output {\n  name Output1\n }\nend_group\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        values = np.linspace(0, number / 4, 8 * 12 * 3, dtype=np.float32).reshape(8, 12, 3)
        write_frame(
            Frame.from_array(values), tmp_path / f"plates/p.{number:04d}.exr", create_directories=True
        )
    path = tmp_path / "s.nk"
    path.write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "FR_Test.gizmo").write_text(GIZMO, encoding="utf-8")
    return path


def keys(script: Path, write: str = "Write1") -> tuple[str, str]:
    evaluator = Evaluator(nk.load(script))
    return job_keys(evaluator, write_output(evaluator, write), "")


def rendered(script: Path) -> rendering.Rendered:
    return rendering.render(Evaluator(nk.load(script)), "Write1", (1, 2))


def changed(script: Path, before: str, after: str) -> None:
    assert script.read_text(encoding="utf-8").count(before) == 1, before
    script.write_text(script.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" name Grade1\n", " xpos 7\n ypos 9\n selected true\n tile_color 0xff\n label here\n name Grade1\n"),
        (" label Recovery\n", " label Done\n"),
        (" name Backdrop1\n}\n", " name Backdrop1\n}\nStickyNote {\n inputs 0\n label new\n name Note1\n}\n"),
        (" frame 1\n", ' frame 3\n name /film/s.nk\n views "{ {main #ffffff} }"\n monitorLut x\n'),
        (" size 2\n", " size 4\n"),
        ("push $N1\nBlur {", "push $N2\nBlur {"),
        (" other 0.5\n", " other 0.25\n"),
        ("  size 9\n", "  size 3\n"),
        (" file other/m.####.exr\n", " file others/m.####.exr\n"),
    ],
    ids="moved backdrop note saved_by_nuke branch rewired other_knob aside_in_group other_write".split(),
)
def test_what_no_pixel_depends_on_is_not_in_it(script: Path, before: str, after: str) -> None:
    first, text = keys(script)
    assert rendered(script).written == (1, 2)
    changed(script, before, after)
    assert keys(script)[0] == first and keys(script)[1] != text
    assert rendered(script).kept == (1, 2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" white {{Control.gain}}\n", " white 0.7\n"),
        (" gain 0.5\n", " gain 0.7\n"),
        (" gain 0.5\n", " gain {{CropElsewhere.box.r/4}}\n"),
        (" strength 1\n", " strength 0.5\n"),
        (" strength 1\n", " strength 1\n white 0.5\n"),
        (" box {0 0 6 8}\n", " box {0 0 6 4}\n"),
        ("push $N2\npush $N1\nCopyBBox", "push $N1\npush $N1\nCopyBBox"),
        (" which 0\n", " which 0\n disable true\n"),
        (" name Dot1\n", " name Dot1\n}\nBlur {\n size 3\n name BlurOfTheBox\n"),
        (" last 3\n", " last 2\n"),
        (" raw true\n name Read1", " raw false\n name Read1"),
        (' format "12 8 0 0 12 8 1 "\n', ' format "12 8 0 0 12 8 2 "\n'),
        (" frame 1\n", " frame 1\n project_directory plates\n"),
        (" frame 1\n", " frame 1\n floatLut color_picking\n"),
    ],
    ids="knob followed followed_further in_group linked box rewired switched before_the_box range read format "
    "folder default_space".split(),
)
def test_what_a_pixel_may_depend_on_is_in_it(script: Path, before: str, after: str) -> None:
    first, _ = keys(script)
    changed(script, before, after)
    assert keys(script)[0] != first


def test_nothing_is_read_of_root_that_is_not_in_it(script: Path) -> None:
    first, _ = keys(script)
    root = Evaluator(nk.load(script)).root
    with pytest.raises(ValueError, match="title is not among READ"):
        root.text("title")
    changed(script, " white {{Control.gain}}\n", " white {{root.fps/24}}\n")
    named, _ = keys(script)
    changed(script, " frame 1\n", " frame 1\n fps 25\n")
    assert first != named != keys(script)[0]


def test_the_inside_of_a_gizmo_is_in_it(script: Path) -> None:
    first, _ = keys(script)
    changed(script.with_name("FR_Test.gizmo"), "gamma 1.5", "gamma 2")
    assert keys(script)[0] != first


def test_what_is_not_behind_a_write_can_be_taken_away(script: Path) -> None:
    """The frames without it are those with it."""
    before = [read_frame(file) for file in rendered(script).files]
    evaluator = Evaluator(nk.load(script))
    found = behind(evaluator, evaluator.graph.named("Write1"))
    needed = {place.path for place in (*found.places, *(place for place, _ in found.values))}
    aside = [node for node in evaluator.script.nodes if node.path not in needed]
    assert sorted(node.name for node in aside) == ["Backdrop1", "Blur1", "Write2"]
    inside = [node.path for node in evaluator.script.node("Group1").nodes if node.path not in needed]
    assert inside == ["Group1.BlurAside"]
    for node in aside:
        evaluator.script.remove(node)
    nk.save(evaluator.script, script)
    for file in script.parent.joinpath("out").iterdir():
        file.unlink()
    for file, frame in zip(rendered(script).files, before, strict=True):
        np.testing.assert_array_equal(read_frame(file).pixels, frame.pixels)


def of_earlier_version(script: Path) -> None:
    """The record as it was when a key held the whole text of the script."""
    present, earlier = keys(script)
    record = script.parent / "out" / NAME
    record.write_text(record.read_text(encoding="utf-8").replace(present, earlier), encoding="utf-8")


def standings(script: Path) -> list[str]:
    found: dict[int, Any] = rendering.standings(Evaluator(nk.load(script)), "Write1", (1, 2))
    return [one.state for one in found.values()]


def test_frames_of_an_earlier_version_stay_and_then_have_the_key_of_this_one(script: Path) -> None:
    rendered(script)
    of_earlier_version(script)
    assert standings(script) == [OURS, OURS]
    assert rendering.noted(Evaluator(nk.load(script)), "Write1", (1, 2, 3)) == {1, 2}
    assert rendered(script).kept == (1, 2)
    rows = [json.loads(line) for line in (script.parent / "out" / NAME).read_text().splitlines()]
    assert [row["job"].rpartition("-")[0] for row in rows] == [keys(script)[1]] * 2 + [keys(script)[0]] * 2
    assert [{**row, "job": ""} for row in rows[:2]] == [{**row, "job": ""} for row in rows[2:]]
    assert (
        rendered(script).kept == (1, 2) and len((script.parent / "out" / NAME).read_text().splitlines()) == 4
    )
    changed(script, " label Recovery\n", " label Done\n")
    assert standings(script) == [OURS, OURS] and rendered(script).kept == (1, 2)


def test_frames_of_an_earlier_version_are_not_taken_for_those_of_another_graph(script: Path) -> None:
    rendered(script)
    of_earlier_version(script)
    changed(script, " gain 0.5\n", " gain 0.7\n")
    assert standings(script) == [EARLIER, EARLIER] and rendered(script).written == (1, 2)


CLONES = """Root {
 inputs 0
 format "12 8 0 0 12 8 1 "
 colorManagement OCIO
}
Constant {
 inputs 0
 color {0.5 0.5 0.5 1}
 format "12 8 0 0 12 8 1 "
 name Constant1
}
clone node1 Grade {
 inputs 1
 multiply 0.5
 name Grade1
}
set N1 [stack 0]
Constant {
 inputs 0
 color {0.1 0.1 0.1 1}
 format "12 8 0 0 12 8 1 "
 name Constant2
}
clone $node1 {
 inputs 1
}
set N2 [stack 0]
push $N1
Merge2 {
 inputs 2
 operation minus
 name Merge1
}
Write {
 file out/m.####.exr
 file_type exr
 raw true
 create_directories true
 name Write1
}
"""


def test_a_clone_is_another_node_than_its_master(tmp_path: Path) -> None:
    path = tmp_path / "s.nk"
    path.write_text(CLONES, encoding="utf-8")
    first = keys(path)[0]
    changed(path, "push $N1\nMerge2", "push $N1\npush $N2\nMerge2")
    assert keys(path)[0] != first


def test_an_unused_pipe_moves_the_others(script: Path) -> None:
    one = " Input {\n  inputs 0\n  name Input1\n }\n"
    changed(script, one, one.replace("Input1", "Spare\n  number 1") + one)
    first = keys(script)[0]
    changed(script, "  number 1\n", "  number -1\n")
    assert keys(script)[0] != first


def test_a_name_of_roots_format_does_not_hold_the_rest_of_root(script: Path) -> None:
    changed(script, " white {{Control.gain}}\n", " white {{root.width/24}}\n gamma {{root.frame*0+1}}\n")
    first = keys(script)[0]
    changed(script, " frame 1\n", " frame 3\n views x\n")
    assert keys(script)[0] == first
    changed(script, '"12 8 0 0 12 8 1 "', '"24 8 0 0 24 8 1 "')
    assert keys(script)[0] != first


def test_how_often_copycat_keeps_a_checkpoint_is_no_part_of_it(script: Path) -> None:
    changed(
        script,
        "Switch {\n inputs 1\n",
        "CopyCat {\n checkpointInterval 500\n name CopyCat1\n}\nSwitch {\n inputs 1\n",
    )
    first = keys(script)[0]
    changed(script, "checkpointInterval 500", "checkpointInterval 900")
    assert keys(script)[0] == first


@pytest.mark.parametrize("on_error", ["black", '"nearest frame"'])
def test_a_frame_that_stood_in_for_a_scan_is_made_anew_when_the_scan_comes(
    script: Path, on_error: str
) -> None:
    changed(script, " raw true\n name Read1", f" raw true\n on_error {on_error}\n name Read1")
    scan = script.parent / "plates" / "p.0002.exr"
    aside = scan.rename(scan.with_suffix(".later"))
    assert rendered(script).written == (1, 2) and rendered(script).kept == (1, 2)
    aside.rename(scan)
    evaluator = Evaluator(nk.load(script))
    record = Record(script.parent / "out")
    assert record.rescanned(["m.0001.exr", "m.0002.exr"]) == {"m.0002.exr"}
    assert [one.state for one in rendering.standings(evaluator, "Write1", (1, 2)).values()] == [
        OURS,
        RESCANNED,
    ]
    again = rendered(script)
    assert again.kept == (1,) and again.written == (2,)


def test_a_nearer_scan_that_comes_is_shown_instead_of_the_nearest(script: Path) -> None:
    changed(script, " raw true\n name Read1", ' raw true\n on_error "nearest frame"\n name Read1')
    changed(script, " last 3\n", " last 9\n")
    for number in (2, 3):
        (script.parent / "plates" / f"p.{number:04d}.exr").unlink()
    frames = (1, 2, 3, 4, 5)

    def again() -> tuple[int, ...]:
        return rendering.render(Evaluator(nk.load(script)), "Write1", frames).written

    def comes(number: int) -> None:
        values = np.full((8, 12, 3), number, np.float32)
        write_frame(Frame.from_array(values), script.parent / "plates" / f"p.{number:04d}.exr")

    assert again() == frames and again() == ()  # all show 1
    comes(7)
    assert again() == (5,)  # 4 is as far from 1
    comes(6)
    assert again() == (4, 5)
    comes(3)
    assert again() == (3, 4)  # 2 stays with 1, 5 with 6
    assert again() == ()


def test_a_scan_that_comes_during_the_render_makes_every_frame_anew_that_missed_it(script: Path) -> None:
    """Also one that was made of what was kept in memory."""
    changed(script, " raw true\n name Read1", " raw true\n on_error black\n name Read1")
    changed(
        script,
        "FR_Test {\n",
        "TimeOffset {\n time_offset 1\n name Before1\n}\nFR_Test {\n",
    )
    scan = script.parent / "plates" / "p.0001.exr"
    aside = scan.rename(scan.with_suffix(".later"))
    evaluator = Evaluator(nk.load(script))
    assert not evaluator.frame("Read1", 1).pixels.any()
    aside.rename(scan)
    rendering.render(evaluator, "Write1", (2,))
    found = rendering.standings(Evaluator(nk.load(script)), "Write1", (2,))
    assert [one.state for one in found.values()] == [RESCANNED]
    assert rendering.render(Evaluator(nk.load(script)), "Write1", (2,)).written == (2,)
