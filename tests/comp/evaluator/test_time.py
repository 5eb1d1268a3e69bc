"""FrameHold, FrameRange, TimeOffset, AppendClip, Switch, Dissolve, and the nodes that pass on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import files
from film_recovery.imaging.frame import Box, Format, Frame


def read(pattern: Path, first: int, last: int, name: str = "Read1") -> str:
    return f"Read {{\n inputs 0\n file {pattern}\n first {first}\n last {last}\n name {name}\n}}\n"


def node(class_name: str, knobs: str = "", name: str = "N", inputs: str = "1") -> str:
    return f"{class_name} {{\n inputs {inputs}\n{knobs} name {name}\n}}\n"


@pytest.fixture
def shown(plate, evaluator, red):
    """The frames of a 1–10 Read that a node shows over ``frames``, and its range."""
    pattern = plate("a", range(1, 11))

    def show(text: str, frames: list[int]) -> tuple[list[float], tuple[int, int]]:
        made = evaluator(read(pattern, 1, 10) + text)
        return [red(made, "N", frame) for frame in frames], made.frame_range("N")

    return show


@pytest.mark.parametrize("text", ["Dot", "NoOp", "PostageStamp", "Viewer", "Write", "FrameRange"])
def test_what_passes_on(shown, text: str) -> None:
    assert shown(node(text), [1, 4, 10]) == ([1, 4, 10], (1, 10))


def test_frame_hold(shown) -> None:
    assert shown(node("FrameHold", " firstFrame 4\n"), [1, 4, 9]) == ([4, 4, 4], (4, 4))
    assert shown(node("FrameHold", " first_frame 5\n"), [1, 9]) == ([5, 5], (5, 5))
    assert shown(node("FrameHold", " firstFrame 2\n increment 3\n"), [2, 4, 5, 7, 8, 10]) == (
        [2, 2, 5, 5, 8, 8], (1, 10),
    )  # fmt: skip


def test_frame_range_changes_only_the_range(shown) -> None:
    knobs = ' first_frame 3\n last_frame 5\n time ""\n'
    assert shown(node("FrameRange", knobs), [1, 4, 9]) == ([1, 4, 9], (3, 5))


def test_time_offset(shown) -> None:
    assert shown(node("TimeOffset", " time_offset 3\n"), [4, 7]) == ([1, 4], (4, 13))
    assert shown(node("TimeOffset", " reverse_input true\n"), [1, 3, 10]) == ([10, 8, 1], (1, 10))
    both = node("TimeOffset", " time_offset -2\n reverse_input true\n")
    assert shown(both, [-1, 0, 8]) == ([10, 9, 1], (-1, 8))


def test_disabled_time_nodes_pass_on(shown) -> None:
    assert shown(node("TimeOffset", " time_offset 3\n disable true\n"), [4]) == ([4], (1, 10))
    half = node("TimeOffset", ' time_offset 3\n disable {{"frame < 5"}}\n')
    assert shown(half, [4, 7])[0] == [4, 4]
    lifetime = node("TimeOffset", " time_offset 3\n useLifetime true\n lifetimeStart 5\n lifetimeEnd 7\n")
    assert shown(lifetime, [4, 6, 8])[0] == [4, 3, 8]


class TestAppendClip:
    @pytest.fixture
    def clips(self, plate) -> str:
        a, b = plate("a", range(1, 11)), plate("b", range(21, 31))
        text = read(b, 21, 23, "B") + "set Nb [stack 0]\n" + read(a, 4, 5, "A") + "set Na [stack 0]\n"
        text += read(a, 1, 10, "C") + node("FrameHold", " firstFrame 9\n", "Held") + "set Nh [stack 0]\n"
        return text + "push $Nb\npush $Nh\npush 0\npush $Na\n"  # the last pushed is input 0

    def test_order_length_and_ends(self, clips, evaluator, red) -> None:
        made = evaluator(clips + node("AppendClip", "", "N", "4"))
        assert made.frame_range("N") == (1, 6)
        assert [red(made, "N", frame) for frame in range(-1, 9)] == [4, 4, 4, 5, 9, 21, 22, 23, 23, 23]

    def test_first_frame_moves_it_and_last_frame_is_only_a_note(self, clips, evaluator, red) -> None:
        made = evaluator(clips + node("AppendClip", ' firstFrame 1001\n lastFrame 7\n time ""\n', "N", "4"))
        assert made.frame_range("N") == (1001, 1006)
        assert [red(made, "N", frame) for frame in (1001, 1003, 1006)] == [4, 9, 23]

    def test_frame_range_trims_a_clip(self, plate, evaluator, red) -> None:
        text = read(plate("a", range(1, 11)), 1, 10)
        text += (
            node("FrameRange", " first_frame 6\n last_frame 7\n", "R")
            + "set N1 [stack 0]\npush $N1\npush $N1\n"
        )
        made = evaluator(text + node("AppendClip", "", "N", "2"))
        assert [red(made, "N", frame) for frame in range(1, 5)] == [6, 7, 6, 7]

    @pytest.mark.parametrize("knob", ["fadeIn", "fadeOut", "dissolve"])
    def test_fades_are_errors(self, clips, evaluator, knob: str) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(clips + node("AppendClip", f" {knob} 2\n", "N", "4")).frame("N", 1)
        assert caught.value.where["knob"] == knob

    def test_metadata(self, tmp_path: Path, evaluator) -> None:
        for number in (1, 2):
            frame = Frame.from_array(np.zeros((2, 2, 3)), metadata={"reel": f"r{number}"})
            files.write_frame(frame, tmp_path / f"m{number}.exr")
        text = read(tmp_path / "m2.exr", 1, 1, "M2") + read(tmp_path / "m1.exr", 1, 1, "M1")

        def reel(knobs: str) -> set[str]:
            frame = evaluator(text + node("AppendClip", knobs, "N", "2")).frame("N", 2)
            return {str(value) for value in frame.metadata.values()} & {"r1", "r2"}

        assert reel("") == {"r2"} and reel(" meta_from_first true\n") == {"r1"}

    def test_without_clips(self, evaluator) -> None:
        with pytest.raises(FilmRecoveryError, match="No clip"):
            evaluator(node("AppendClip", "", "N", "0")).frame("N", 1)


def write(path: Path, pixels: np.ndarray, bbox: Box, channels: str = "rgb") -> Path:
    names = {"r": "rgba.red", "g": "rgba.green", "b": "rgba.blue", "a": "rgba.alpha"}
    frame = Frame(pixels.astype(np.float32), tuple(names[c] for c in channels), Format(6, 4), bbox)
    files.write_frame(frame, path, datatype="float")
    return path


class TestSwitchAndDissolve:
    @pytest.fixture
    def two(self, tmp_path: Path) -> str:
        one = write(tmp_path / "one.exr", np.full((2, 2, 3), 1.0), Box(0, 0, 2, 2))
        three = write(tmp_path / "three.exr", np.full((2, 2, 3), 3.0), Box(4, 2, 6, 4))
        mask = write(
            tmp_path / "mask.exr", np.tile([0.0, 0.0, 0.5, 1, 1, 1], (4, 1))[..., None], Box(0, 0, 6, 4), "a"
        )
        return read(mask, 1, 1, "Mask") + read(three, 1, 1, "Three") + read(one, 1, 1, "One")

    @pytest.mark.parametrize(("which", "expected"), [("0", 1), ("1", 3), ("1.9", 3), ("7", 3), ("-3", 1)])
    def test_switch(self, two, evaluator, which: str, expected: float) -> None:
        frame = evaluator(two + node("Switch", f" which {which}\n", "N", "2")).frame("N", 1)
        assert frame.pixels.max() == expected

    def test_switch_takes_only_what_it_shows(self, plate, evaluator, red) -> None:
        text = read(Path("/nowhere/x.exr"), 1, 1, "Gone") + read(plate("a", [2]), 2, 2)
        made = evaluator(text + node("Switch", "", "N", "2"))
        assert red(made, "N", 2) == 2
        assert [path.name for path in made.files_read] == ["a.0002.exr"]

    def test_dissolve_is_a_weighted_mean_over_both_boxes(self, two, evaluator) -> None:
        made = evaluator(two + node("Dissolve", " which .25\n", "N", "2"))
        frame = made.frame("N", 1)
        assert frame.bbox == Box(0, 0, 6, 4)
        expected = np.zeros((4, 6), np.float32)
        expected[:2, :2], expected[2:, 4:] = 0.75, 0.75
        np.testing.assert_allclose(frame.channel("rgba.green"), expected)
        assert evaluator(two + node("Dissolve", " which 0\n", "N", "2")).frame("N", 1).bbox == Box(0, 0, 2, 2)

    def test_dissolve_channels(self, two, evaluator) -> None:
        frame = evaluator(two + node("Dissolve", " which 1\n channels red\n", "N", "2")).frame("N", 1)
        assert frame.channel("rgba.red").max() == 3 and frame.channel("rgba.green").max() == 1

    def test_mask_and_mix(self, two, evaluator) -> None:
        def red_row(knobs: str, row: int) -> list[float]:
            frame = evaluator(two + node("Dissolve", f" which 1\n{knobs}", "N", "2+1")).frame("N", 1)
            return [float(value) for value in frame.cropped(Box(0, 0, 6, 4)).channel("rgba.red")[row]]

        assert red_row("", 3) == [0, 0, 0, 0, 3, 3] and red_row("", 0) == [1, 1, 0, 0, 0, 0]
        assert red_row(" invert_mask true\n", 0) == [0, 0, 0, 0, 0, 0]
        assert red_row(" mix .5\n", 3) == [0, 0, 0, 0, 1.5, 1.5]
        assert red_row(" mix .5\n invert_mask true\n", 0) == [0.5, 0.5, 0, 0, 0, 0]

    def test_a_full_mask_changes_no_bit(self, tmp_path: Path, evaluator) -> None:
        rng = np.random.default_rng(5)
        box = Box(0, 0, 6, 4)
        files_of = {name: write(tmp_path / f"{name}.exr", rng.normal(size=(4, 6, 3)), box) for name in "ab"}
        white = write(tmp_path / "w.exr", np.ones((4, 6, 1)), box, "a")
        text = read(white, 1, 1, "W") + read(files_of["b"], 1, 1, "B") + read(files_of["a"], 1, 1, "A")
        made = evaluator(text + node("Dissolve", " which 1\n", "N", "2+1"))
        np.testing.assert_array_equal(made.frame("N", 1).pixels, made.frame("B", 1).pixels)

    def test_the_mask_may_come_from_the_input(self, two, evaluator) -> None:
        frame = evaluator(two + node("Dissolve", " which 1\n maskChannelInput rgba.green\n", "N", "2")).frame(
            "N", 1
        )
        assert frame.channel("rgba.red")[0, 0] == 0  # green is 1 there: all of input 1, which is black there

    @pytest.mark.parametrize(
        ("knobs", "knob"),
        [
            (" maskChannelMask rgba.red\n", "maskChannelMask"), (" fringe true\n", "fringe"),
            (" inject true\n", "inject"), (" unpremult rgba.alpha\n", "unpremult"),
            (" mix_luminance .5\n", "mix_luminance"),
        ],
    )  # fmt: skip
    def test_mask_errors(self, two, evaluator, knobs: str, knob: str) -> None:
        with pytest.raises(FilmRecoveryError) as caught:
            evaluator(two + node("Dissolve", f" which 1\n{knobs}", "N", "2+1")).frame("N", 1)
        assert caught.value.where["knob"] == knob

    def test_an_unconnected_mask_inside_a_group_is_no_mask(self, two, evaluator) -> None:
        inside = (
            " Input {\n  inputs 0\n  name mask\n  number 2\n }\n"
            " Input {\n  inputs 0\n  name b\n  number 1\n }\n"
            " Input {\n  inputs 0\n  name a\n }\n Dissolve {\n  inputs 2+1\n  which 1\n  name D\n }\n"
            " Output {\n  name O\n }\nend_group\n"
        )
        frame = evaluator(two + "Group {\n inputs 2\n name N\n}\n" + inside).frame("N", 1)
        assert frame.pixels.max() == 3
