"""Knob values: curves, expressions, links, enumerations, texts. Seen through nodes that only move time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.comp import Evaluator, NodeCall
from film_recovery.errors import FilmRecoveryError


def read(pattern: Path, last: int = 20, name: str = "Read1") -> str:
    return f"Read {{\n inputs 0\n file {pattern}\n last {last}\n name {name}\n}}\n"


def hold(value: str, name: str = "Hold") -> str:
    return f"FrameHold {{\n firstFrame {value}\n name {name}\n}}\n"


@pytest.fixture
def held(plate, evaluator, red):
    """The frame that a FrameHold with ``firstFrame value`` shows at a frame of the timeline."""
    pattern = plate("a", range(1, 21))

    def show(value: str, frame: float = 5, before: str = "", after: str = "") -> float:
        return red(evaluator(before + read(pattern) + hold(value) + after), "Hold", frame)

    return show


NOOP = """NoOp {
 inputs 0
 addUserKnob {20 User}
 addUserKnob {7 amount}
 addUserKnob {12 place}
 addUserKnob {18 tint}
 addUserKnob {15 area}
 addUserKnob {4 mode M {slow fast faster}}
 addUserKnob {4 figure M {2 4 8}}
 addUserKnob {6 on}
 addUserKnob {3 unset}
 amount 3
 place {6 7}
 tint {1 2 3}
 area {1 2 9 14}
 mode fast
 figure 4
 on true
 name Control
}
"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7), ("{{frame}}", 5), ("{{frame+2}}", 7), ("{{x*2}}", 10), ('{{"frame > 3 ? 9 : 1"}}', 9),
        ("{{curve x1 1 x9 9}}", 5), ("{{curve K x1 4 x5 8 x9 12}}", 8), ("{{curve L x1 1 x9 17}}", 9),
        ("{{curve+1 x1 1 x9 9}}", 6), ("{{Control.amount}}", 3), ("{{Control.place.x}}", 6),
        ("{{Control.place.y}}", 7), ("{{Control.place.1}}", 7), ("{{Control.place}}", 6),
        ("{{Control.tint.g}}", 2), ("{{Control.area.r}}", 9), ("{{Control.area.t}}", 14),
        ("{{Control.area.w}}", 8), ("{{Control.area.h}}", 12), ("{{Control.mode}}", 1),
        ("{{Control.on*4}}", 4),
        ("{{Control.unset+1}}", 1), ('{{"\\[value Control.amount] * 2"}}', 6),
        ('{{"\\[value Control.figure]"}}', 4), ("{{Control.figure}}", 1), ("{{increment+4}}", 4),
        ("{{this.increment+4}}", 4), ("{{input.last - 8}}", 12), ("{{input0.first+1}}", 2),
        ("{{input.width}}", 6), ("{{width+height}}", 10), ("{{input.format.h}}", 4), ("{{Read1.bbox.t}}", 4),
        ("{{root.first_frame + 2}}", 3), ("{{root.last_frame / 10}}", 10), ("{{root.height / 10}}", 12),
        ("{{root.format.w / 10}}", 16), ("{{input.last_frame - 1}}", 19), ("{{Control.amount i x1 5}}", 3),
    ],
)  # fmt: skip
def test_numbers(held, value: str, expected: float) -> None:
    root = 'Root {\n inputs 0\n format "160 120 0 0 160 120 1 small"\n}\n'
    assert held(value, before=root + NOOP) == expected


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ('{{"\\[python \\{__import__(\'os\').abort()\\}]"}}', "python"), ("{{python(1)}}", "python"),
        ('{{"\\[exec touch x]"}}', "exec"), ("{{nothing}}", "nothing"), ("{{Nobody.size}}", "Nobody"),
        ("{{Control.size}}", "size"), ("{{parent.size}}", "parent"), ("{{input3.last}}", "input 3"),
        ("{{Control.place.q}}", "'q'"), ("{{Control.place.5}}", "number 6"), ("{{random(1)}}", "random"),
        ('{{"\\[value Control.mode]"}}', "fast"), ("{{Control.amount(3)}}", "Control.amount"),
        ("word", "word"),
        ("{{root.gain}}", "root.gain"), ("{{1/0}}", "inf"), ('""', "empty"),
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_an_error_with_node_class_and_knob(
    held, tmp_path: Path, value: str, part: str
) -> None:
    with pytest.raises(FilmRecoveryError) as caught:
        held(value, before=NOOP)
    assert part in caught.value.message
    assert caught.value.where["knob"] in ("firstFrame", "place")
    assert caught.value.where["node"] in ("Hold", "Control")
    assert caught.value.where["class_name"] in ("FrameHold", "NoOp")
    assert not (tmp_path / "x").exists() and not Path("x").exists()


def test_the_knob_of_a_circle_is_named(held) -> None:
    with pytest.raises(FilmRecoveryError, match=r"Hold\.firstFrame → Hold\.increment → Hold\.firstFrame"):
        held("{{increment}}\n increment {{firstFrame}}")
    with pytest.raises(FilmRecoveryError, match="themselves") as caught:
        held("{{firstFrame}}")
    assert caught.value.where["knob"] == "firstFrame"


def chain(length: int) -> str:
    text = "".join(
        f"NoOp {{\n inputs 0\n addUserKnob {{7 k}}\n k {{{{N{i + 1}.k}}}}\n name N{i}\n}}\n"
        for i in range(length)
    )
    return text + f"NoOp {{\n inputs 0\n addUserKnob {{7 k}}\n k 4\n name N{length}\n}}\n"


def test_a_long_chain_of_expressions(plate, evaluator, red) -> None:
    plates = read(plate("a", [4])) + hold("{{N0.k}}")
    assert red(evaluator(chain(1500) + plates), "Hold", 1) == 4
    with pytest.raises(FilmRecoveryError, match="in one chain"):
        evaluator(chain(20_000) + plates).frame("Hold", 1)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_named_error(value: str) -> None:
    try:
        word = nk.stored(value)
    except FilmRecoveryError:
        return  # NUL: no script can hold it
    made = Evaluator(nk.parse(f"NoOp {{\n inputs 0\n k {word}\n name N\n}}\n"))
    call = NodeCall(made, made.graph.named("N"), 1)
    for reader in (call.number, call.text, call.matrix, call.format):
        try:
            reader("k")
        except FilmRecoveryError as error:
            assert error.where["knob"] == "k" and error.where["node"] == "N"


class TestReaders:
    """Readers of NodeCall that time nodes do not use."""

    @pytest.fixture
    def call(self, evaluator):
        def make(knobs: str, frame: float = 5) -> NodeCall:
            made = evaluator(f"{NOOP}NoOp {{\n inputs 0\n{knobs}\n name Test\n}}\n")
            return NodeCall(made, made.graph.named("Test"), frame)

        return make

    def test_numbers_repeat_one_value_and_refuse_a_wrong_count(self, call) -> None:
        assert call(" k 2").numbers("k", 4) == (2, 2, 2, 2)
        assert call(" k {1 {frame} {curve x1 1 x9 9} {Control.amount}}").numbers("k", 4) == (1, 5, 5, 3)
        with pytest.raises(FilmRecoveryError, match="2 values where 3"):
            call(" k {1 2}").numbers("k", 3)

    def test_one_expression_for_all_components_follows_their_index(self, call) -> None:
        assert call(" k {{Control.tint}}").numbers("k", 3) == (1, 2, 3)
        assert call(" k {{Control.tint} {Control.tint} {Control.tint.r}}").numbers("k", 3) == (1, 2, 1)
        assert call(" k {{Control.amount}}").numbers("k", 2) == (3, 3)

    def test_choice(self, call) -> None:
        allowed = ("none", "to box", "scale")
        assert call(' k "to box"').choice("k", allowed) == "to box"
        assert call(" k 2").choice("k", allowed) == "scale"
        assert call(" k {{Control.mode}}").choice("k", allowed) == "to box"
        for wrong in (' k "to bax"', " k 3", " k -1"):
            with pytest.raises(FilmRecoveryError, match="to box") as caught:
                call(wrong).choice("k", allowed)
            assert caught.value.where["knob"] == "k"

    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("all", "RGBAZ"), ("rgb", "RGB"), ("rgba", "RGBA"), ("alpha", "A"), ("none", ""), ("depth", "Z"),
            ("{rgba.red -rgba.green -rgba.blue none}", "R"),
            ("{-rgba.red -rgba.green -rgba.blue rgba.alpha}", "A"),
            ("{alpha red}", "RA"), ("depth.Z", "Z"), ("motion", ""), ("{{} {}}", ""),
        ],
    )  # fmt: skip
    def test_channels(self, call, word: str, expected: str) -> None:
        names = {"R": "rgba.red", "G": "rgba.green", "B": "rgba.blue", "A": "rgba.alpha", "Z": "depth.Z"}
        chosen = call(f" k {word}").channels("k", tuple(names.values()))
        assert chosen == tuple(names[letter] for letter in expected)

    def test_matrix(self, call) -> None:
        rows = call(" k {\n     {1 0 {frame}}\n     {0 {curve x1 1 x9 9} 0}\n     {0 0 1}\n   }").matrix("k")
        assert rows == ((1, 0, 5), (0, 5, 0), (0, 0, 1))
        for wrong in (" k {1 2 3}", " k {{1 2 3} {1 2 3}}", " k {{1 2} {1 2} {1 2}}"):
            with pytest.raises(FilmRecoveryError, match="matrix"):
                call(wrong).matrix("k")

    def test_format(self, call) -> None:
        shape = call(' k "640 272 0 0 640 272 2 wide screen"').format("k")
        assert (shape.width, shape.height, shape.pixel_aspect, shape.name) == (640, 272, 2, "wide screen")
        for wrong in ("HD", '"0 4 1 x"', '"10 10 1 1 9 9 1 inner"'):
            with pytest.raises(FilmRecoveryError, match="format"):
                call(f" k {wrong}").format("k")

    def test_text(self, call, tmp_path: Path) -> None:
        assert call(' k "a \\\\\\[b] %04d \\\\\\$x"').text("k") == "a [b] %04d $x"
        assert call(' k "\\[value Control.mode]-\\[value Control.amount]"').text("k") == "fast-3"
        assert call(' k "\\[python \\{nuke.script_directory()\\}]/x"').text("k") == f"{tmp_path}/x"

    @pytest.mark.parametrize(
        "word",
        [
            '"\\[python \\{open(\\"x\\", \\"w\\")\\}]"', '"\\[python \\{nuke.script_directory() + f()\\}]"',
            '"\\[exec touch x]"', '"\\[value Control.amount; exec touch x]"', '"\\$env(HOME)/a"', "\\$HOME",
            '"\\[value \\[exec touch x]]"', '"\\[open"', '"\\[file dirname \\[value root.name]]"',
        ],
    )  # fmt: skip
    def test_text_that_would_run_is_refused(self, call, word: str) -> None:
        with pytest.raises(FilmRecoveryError, match="runs nothing") as caught:
            call(f" k {word}").text("k")
        assert caught.value.where["knob"] == "k" and caught.value.where["node"] == "Test"
        assert not Path("x").exists()

    def test_a_text_that_contains_itself(self, call) -> None:
        with pytest.raises(FilmRecoveryError, match="themselves"):
            call(' k "\\[value k]"').text("k")
