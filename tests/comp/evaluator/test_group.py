"""Groups, gizmo instances, links, clones: evaluated by their own inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery.errors import FilmRecoveryError

GIZMO = """#! Nuke
Gizmo {{
 addUserKnob {{20 User}}
 addUserKnob {{3 shift}}
 addUserKnob {{41 hold T Hold.firstFrame}}
 addUserKnob {{41 deep l "Deep hold" T Inner.at}}
 addUserKnob {{41 broken T Gone.size}}
 shift 2
{extra}}}
 Input {{
  inputs 0
  name ref
  number 1
 }}
 Input {{
  inputs 0
  name src
 }}
 set Nsrc [stack 0]
 FrameHold {{
  firstFrame 3
  name Hold
 }}
 TimeOffset {{
  time_offset {{{{parent.shift}}}}
  name Shift
 }}
 push $Nsrc
 Group {{
  name Inner
  addUserKnob {{20 User}}
  addUserKnob {{41 at T InnerHold.firstFrame}}
 }}
  Input {{
   inputs 0
   name in
  }}
  FrameHold {{
   firstFrame 8
   name InnerHold
  }}
  Output {{
   name Output1
  }}
 end_group
 Output {{
  name Output1
 }}
end_group
"""

IN = " Input {\n  inputs 0\n  name in\n }\n"
OUT = " Output {\n  name O\n }\n"


def read(pattern: Path, name: str = "Read1", last: int = 20) -> str:
    return f"Read {{\n inputs 0\n file {pattern}\n last {last}\n name {name}\n}}\n"


def group(inside: str, head: str = "", name: str = "G") -> str:
    return f"Group {{\n name {name}\n{head}}}\n{inside}end_group\n"


@pytest.fixture
def gizmo(tmp_path: Path):
    def write(extra: str = "", name: str = "FR_Test") -> None:
        (tmp_path / f"{name}.gizmo").write_text(GIZMO.format(extra=extra))

    return write


def test_inputs_follow_their_number(plate, evaluator, red) -> None:
    a, b = read(plate("a", [1])), read(plate("b", [1], offset=0.5), "Read2")
    inside = (
        " Input {\n  inputs 0\n  name second\n  number 1\n }\n set N1 [stack 0]\n"
        " Input {\n  inputs 0\n  name first\n }\n set N2 [stack 0]\n push $N1\n push $N2\n"
        " Switch {\n  inputs 2\n  which {{parent.which}}\n  name S\n }\n Output {\n  name Out\n }\n"
    )
    knob = " addUserKnob {3 which}\n inputs 2\n"
    for which, expected in ((0, 51), (1, 1)):  # Read2 was pushed last: it is input 0
        made = evaluator(a + b + group(inside, knob + f" which {which}\n"))
        assert red(made, "G", 1) == expected
        assert red(made, "G.first", 1) == 51
        assert red(made, "G.second", 1) == 1


def test_parents_of_parents(plate, evaluator, red) -> None:
    deep = IN + " FrameHold {\n  firstFrame {{parent.parent.amount+parent.extra}}\n  name H\n }\n" + OUT
    inner = IN + group(deep, " addUserKnob {7 extra}\n extra 1\n", "Inner") + OUT
    text = read(plate("a", range(1, 9))) + group(
        inner, " addUserKnob {7 amount}\n amount {{frame}}\n", "Outer"
    )
    made = evaluator(text)
    assert red(made, "Outer", 4) == 5
    assert red(made, "Outer.Inner.H", 6) == 7
    assert "Outer.Inner.H" in made.timings


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ("", 8),
        (" deep 5\n", 5),
        (" deep {{frame+1}}\n", 5),
        (" deep {{hold}}\n hold 9\n", 9),
        (" deep {{shift}}\n", 2),
    ],
)
def test_values_of_an_instance_reach_inner_knobs_through_links(
    plate, evaluator, red, gizmo, knobs: str, expected: float
) -> None:
    gizmo()
    made = evaluator(read(plate("a", range(1, 10))) + f"FR_Test {{\n{knobs} name T1\n}}\n")
    assert red(made, "T1", 4) == expected
    assert red(made, "T1.Inner.InnerHold", 4) == expected
    assert red(made, "T1.Shift", 4) == (9 if "hold 9" in knobs else 3)


def test_instances_do_not_share_values_or_frames(plate, evaluator, red, gizmo) -> None:
    gizmo()
    text = read(plate("a", range(1, 10))) + "set N1 [stack 0]\n"
    for number in (1, 2, 3):
        text += f"push $N1\nFR_Test {{\n deep {number + 4}\n name T{number}\n}}\n"
    made = evaluator(text)
    assert [red(made, f"T{number}", 1) for number in (1, 2, 3)] == [5, 6, 7]


def test_a_default_in_the_gizmo_file_holds_unless_the_instance_says_otherwise(
    plate, evaluator, red, gizmo
) -> None:
    gizmo(extra=" deep 4\n")
    text = read(plate("a", range(1, 10))) + "set N1 [stack 0]\n"
    text += "FR_Test {\n name T1\n}\npush $N1\nFR_Test {\n deep 6\n name T2\n}\n"
    made = evaluator(text)
    assert (red(made, "T1", 1), red(made, "T2", 1)) == (4, 6)


def test_a_link_of_a_group_is_read_and_set(plate, evaluator, red) -> None:
    inside = IN + " FrameHold {\n  firstFrame 7\n  name H\n }\n" + OUT
    head = " addUserKnob {41 at T H.firstFrame}\n"
    base = read(plate("a", range(1, 10))) + "set N1 [stack 0]\n"
    probe = "push $N1\nFrameHold {\n firstFrame {{G.at}}\n name P\n}\n"
    made = evaluator(base + group(inside, head) + probe)
    assert (red(made, "G", 1), red(made, "P", 1)) == (7, 7)
    made = evaluator(base + group(inside, head + " at 2\n") + probe)
    assert (red(made, "G", 1), red(made, "P", 1)) == (2, 2)


def test_a_clone_has_its_masters_knobs_and_its_own_input(plate, evaluator, red) -> None:
    text = read(plate("a", range(1, 10))) + "FrameHold {\n firstFrame 4\n name H\n}\nset C1 [stack 0]\n"
    text += read(plate("b", range(1, 10), offset=0.5), "Read2") + "clone $C1 {\n name H2\n}\n"
    made = evaluator(text)
    assert (red(made, "H", 1), red(made, "H2", 1)) == (4, 54)


def test_a_clone_of_a_group_is_another_instance(plate, evaluator, red) -> None:
    inside = IN + " FrameHold {\n  firstFrame {{parent.at}}\n  name H\n }\n" + OUT
    text = (
        read(plate("a", range(1, 10))) + group(inside, " addUserKnob {7 at}\n at 3\n") + "set C1 [stack 0]\n"
    )
    text += read(plate("b", range(1, 10), offset=0.5), "Read2") + "clone $C1 {\n name G2\n}\n"
    made = evaluator(text)
    assert (red(made, "G", 1), red(made, "G2", 1), red(made, "G2.H", 1)) == (3, 53, 53)


def test_a_clone_of_a_group_inside_a_group(plate, evaluator, red) -> None:
    hold = IN + " FrameHold {\n  firstFrame 3\n  name H\n }\n" + OUT
    inner = IN + group(hold, name="A") + "set C1 [stack 0]\n"
    inner += "clone $C1 {\n name B\n}\n" + OUT
    made = evaluator(read(plate("a", range(1, 5))) + group(inner))
    assert (red(made, "G", 1), red(made, "G.B.H", 1)) == (3, 3)


def test_a_disabled_group_passes_its_first_input(plate, evaluator, red, gizmo) -> None:
    gizmo()
    text = read(plate("a", range(1, 10))) + "FR_Test {\n disable true\n name T1\n}\n"
    assert red(evaluator(text), "T1", 6) == 6


def test_pictures_inside_a_group_know_the_size_of_what_comes_in(plate, evaluator, red) -> None:
    inside = IN + " FrameHold {\n  firstFrame {{parent.width-parent.height}}\n  name H\n }\n" + OUT
    assert red(evaluator(read(plate("a", range(1, 10), width=9, height=4)) + group(inside)), "G", 1) == 5


class TestErrors:
    def message(self, evaluator, text: str, node: str) -> FilmRecoveryError:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(text).frame(node, 1)
        return caught.value

    def test_unknown_class(self, plate, evaluator, tmp_path: Path) -> None:
        error = self.message(evaluator, read(plate("a", [1])) + "FR_Gone {\n name X\n}\n", "X")
        assert "FR_Gone" in error.message and "FR_Gone.gizmo" in error.message
        assert error.where["node"] == "X" and error.where["class_name"] == "FR_Gone"
        assert str(tmp_path) in error.remedy

    def test_undeclared_knob_of_an_instance(self, plate, evaluator, gizmo) -> None:
        gizmo()
        error = self.message(evaluator, read(plate("a", [1])) + "FR_Test {\n sift 3\n name X\n}\n", "X")
        assert error.where["knob"] == "sift" and error.where["node"] == "X"

    def test_link_to_nowhere(self, plate, evaluator, gizmo) -> None:
        gizmo()
        error = self.message(evaluator, read(plate("a", [1])) + "FR_Test {\n broken 3\n name X\n}\n", "X")
        assert "Gone.size" in error.message and error.where["knob"] == "broken"

    def test_unconnected_input(self, evaluator, gizmo) -> None:
        gizmo()
        error = self.message(evaluator, "FR_Test {\n inputs 0\n name X\n}\n", "X")
        assert "“src” of X" in error.message and error.where["node"] == "X.src"

    def test_gizmo_that_contains_itself(self, plate, evaluator, tmp_path: Path) -> None:
        (tmp_path / "FR_Loop.gizmo").write_text(
            "Gizmo {\n}\n" + IN + " FR_Loop {\n  name L\n }\n" + OUT + "end_group\n"
        )
        error = self.message(evaluator, read(plate("a", [1])) + "FR_Loop {\n name X\n}\n", "X")
        assert "contains itself" in error.message

    def test_group_without_output(self, plate, evaluator) -> None:
        inside = IN
        assert "0 Output" in self.message(evaluator, read(plate("a", [1])) + group(inside), "G").message

    def test_gizmo_file_that_is_no_gizmo(self, plate, evaluator, tmp_path: Path) -> None:
        (tmp_path / "FR_Not.gizmo").write_text("Dot {\n}\n")
        error = self.message(evaluator, read(plate("a", [1])) + "FR_Not {\n name X\n}\n", "X")
        assert "FR_Not.gizmo" in error.where["file"]

    def test_class_names_are_not_paths(self, plate, evaluator, tmp_path: Path) -> None:
        (tmp_path.parent / "evil.gizmo").write_text(GIZMO.format(extra=""))
        error = self.message(evaluator, read(plate("a", [1])) + "../evil {\n name X\n}\n", "X")
        assert "not implemented" in error.message

    def test_unknown_node_names_the_nearest(self, evaluator) -> None:
        with pytest.raises(FilmRecoveryError, match="Grade1"):
            evaluator("Dot {\n inputs 0\n name Grade1\n}\n").frame("Grad1", 1)
