"""Shuffle2, Shuffle, ShuffleCopy, Copy, Remove, CopyBBox."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame

RGBA = (*RGB, ALPHA)
WORDS = [*RGBA, "black", "white"]


def noise(channels=RGBA, seed=0, bbox=None):
    box = bbox or Box(0, 0, 16, 12)
    values = np.random.default_rng(seed).uniform(0, 1, (box.height, box.width, len(channels)))
    return Frame(values.astype(np.float32), channels, Format(16, 12), box, {"seed": seed})


class TestShuffle2:
    def test_identity(self, run):
        frame = noise()
        made = run("Shuffle2 {\n}\n", frame)
        assert made.channels == RGBA
        assert np.array_equal(made.pixels, frame.pixels)

    def test_the_swap_of_the_ground_truth(self, run):
        """Y from A, chroma from B, alpha black: exact copies, and B is input 0."""
        below, above = noise(RGB, 1), noise(RGB, 2)
        made = run(
            "Shuffle2 {\n inputs 2\n fromInput1 {{0} B A}\n fromInput2 {{1} B A}\n in2 rgb\n"
            ' mappings "4 rgba.red 1 0 rgba.red 0 0 rgba.green 0 1 rgba.green 0 1 '
            'rgba.blue 0 2 rgba.blue 0 2 black -1 -1 rgba.alpha 0 3"\n}\n',
            below,
            above,
        )
        assert made.channels == RGBA
        assert np.array_equal(made.channel("rgba.red"), above.channel("rgba.red"))
        assert np.array_equal(made.channel("rgba.green"), below.channel("rgba.green"))
        assert np.array_equal(made.channel("rgba.blue"), below.channel("rgba.blue"))
        assert not made.channel(ALPHA).any()
        assert made.metadata == {"seed": 1}

    @given(
        st.permutations(WORDS).map(lambda words: words[:4]),
        st.lists(st.integers(0, 1), min_size=4, max_size=4),
    )
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_mapping_copies_exactly(self, run, sources, boxes):
        frames = noise(RGBA, 1), noise(RGBA, 2)
        links = ""
        for position, (source, box, target) in enumerate(zip(sources, boxes, RGBA, strict=True)):
            constant = "." not in source
            place = "-1 -1" if constant else f"{box} {RGBA.index(source)}"
            links += f" {source} {place} {target} 0 {position}"
        made = run(
            "Shuffle2 {\n inputs 2\n fromInput1 {{0} B A}\n fromInput2 {{1} B A}\n in2 rgba\n"
            f' mappings "4{links}"\n}}\n',
            *frames,
        )
        for source, box, target in zip(sources, boxes, RGBA, strict=True):
            expected = {"black": 0.0, "white": 1.0}.get(source)
            values = (
                frames[box].channel(source) if expected is None else np.full((12, 16), expected, np.float32)
            )
            assert np.array_equal(made.channel(target), values)

    def test_union_of_boxes_and_black_outside(self, run):
        below, above = noise(bbox=Box(0, 0, 8, 8)), noise(bbox=Box(4, 4, 12, 12), seed=3)
        made = run(
            "Shuffle2 {\n inputs 2\n fromInput1 {{0} B A}\n fromInput2 {{1} B A}\n in2 rgba\n"
            ' mappings "2 rgba.red 1 0 rgba.red 0 0 rgba.green 0 1 rgba.green 0 1"\n out1 rgb\n}\n',
            below,
            above,
        )
        assert made.bbox == Box(0, 0, 12, 12)
        assert not made.channel("rgba.red")[:4, :4].any()
        assert not made.channel("rgba.blue").any()

    def test_another_layer_out(self, run):
        frame = noise(RGB)
        made = run(
            "Shuffle2 {\n out1 forward\n"
            ' mappings "2 rgba.red 0 0 forward.u 0 0 rgba.green 0 1 forward.v 0 1"\n}\n',
            frame,
        )
        assert made.channels == (*RGB, "forward.u", "forward.v")
        assert np.array_equal(made.channel("forward.v"), frame.channel("rgba.green"))

    @pytest.mark.parametrize(
        "mappings", ["3 rgba.red 0 0", "1 rgba.red 0 0 depth.Z 1 0", "1 rgba.red -1 0 rgba.red 0 0"]
    )
    def test_broken_mappings_are_named(self, run, mappings):
        with pytest.raises(FilmRecoveryError) as caught:
            run(f'Shuffle2 {{\n mappings "{mappings}"\n}}\n', noise())
        assert caught.value.where["knob"] == "mappings"


class TestLegacyShuffles:
    def test_shuffle(self, run):
        frame = noise()
        made = run("Shuffle {\n red green\n blue white\n alpha black\n}\n", frame)
        assert np.array_equal(made.channel("rgba.red"), frame.channel("rgba.green"))
        assert np.array_equal(made.channel("rgba.green"), frame.channel("rgba.green"))
        assert (made.channel("rgba.blue") == 1).all()
        assert not made.channel(ALPHA).any()

    def test_shuffle_alpha_into_colour(self, run):
        frame = noise()
        made = run("Shuffle {\n in alpha\n green red\n blue red\n alpha red\n}\n", frame)
        assert np.array_equal(made.channel("rgba.blue"), frame.channel(ALPHA))

    def test_shuffle_copy_takes_alpha_from_input_1(self, run):
        below, above = noise(seed=1), noise(seed=2)
        made = run("ShuffleCopy {\n inputs 2\n}\n", below, above)
        assert np.array_equal(made.pixels[..., :3], below.pixels[..., :3])
        assert np.array_equal(made.channel(ALPHA), above.channel(ALPHA))
        made = run("ShuffleCopy {\n inputs 2\n red red\n alpha alpha2\n}\n", below, above)
        assert np.array_equal(made.channel("rgba.red"), above.channel("rgba.red"))
        assert np.array_equal(made.channel(ALPHA), below.channel(ALPHA))


class TestCopy:
    def test_alpha_by_default(self, run):
        below, above = noise(RGB, 1), noise(RGBA, 2)
        made = run("Copy {\n inputs 2\n}\n", below, above)
        assert made.channels == RGBA
        assert np.array_equal(made.channel(ALPHA), above.channel(ALPHA))
        assert np.array_equal(made.pixels[..., :3], below.pixels)

    def test_single_channels_layers_and_a_missing_one(self, run):
        below, above = noise(RGBA, 1), noise((*RGB, "depth.Z"), 2)
        made = run(
            "Copy {\n inputs 2\n from0 rgba.red\n to0 rgba.blue\n"
            " from1 rgba.alpha\n to1 alpha\n channels depth\n}\n",
            below,
            above,
        )
        assert np.array_equal(made.channel("rgba.blue"), above.channel("rgba.red"))
        assert not made.channel(ALPHA).any()
        assert np.array_equal(made.channel("depth.Z"), above.channel("depth.Z"))

    @pytest.mark.parametrize(
        ("choice", "box"), [("union", Box(0, 0, 12, 12)), ("A", Box(4, 4, 12, 12)), ("B", Box(0, 0, 8, 8))]
    )
    def test_bbox(self, run, choice, box):
        below, above = noise(bbox=Box(0, 0, 8, 8)), noise(bbox=Box(4, 4, 12, 12), seed=3)
        assert run(f"Copy {{\n inputs 2\n bbox {choice}\n}}\n", below, above).bbox == box


class TestRemove:
    def test_alpha_as_training_does(self, run):
        frame = noise()
        made = run("Remove {\n channels alpha\n}\n", frame)
        assert made.channels == RGB
        assert np.array_equal(made.pixels, frame.pixels[..., :3])

    def test_keep_and_further_knobs(self, run):
        frame = noise((*RGBA, "depth.Z"))
        assert run("Remove {\n operation keep\n channels rgb\n channels2 depth\n}\n", frame).channels == (
            *RGB,
            "depth.Z",
        )
        assert run("Remove {\n channels {rgba.red -rgba.green}\n}\n", frame).channels == (
            "rgba.green",
            "rgba.blue",
            ALPHA,
            "depth.Z",
        )
        assert run("Remove {\n}\n", frame).channels == ()


class TestCopyBBox:
    def test_cuts_and_extends_with_black(self, run):
        below, above = noise(bbox=Box(0, 0, 10, 10)), noise(bbox=Box(5, 5, 16, 12), seed=2)
        made = run("CopyBBox {\n inputs 2\n}\n", below, above)
        assert made.bbox == above.bbox
        assert np.array_equal(made.pixels[:5, :5], below.pixels[5:, 5:])
        assert not made.pixels[5:].any()
        assert not made.pixels[:, 5:].any()
