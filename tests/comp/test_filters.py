"""Median and Blur."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame

RGBA = (*RGB, ALPHA)


def noise(width=40, height=30, channels=RGB, bbox=None, seed=0):
    box = bbox or Box(0, 0, width, height)
    values = np.random.default_rng(seed).uniform(-1, 2, (box.height, box.width, len(channels)))
    return Frame(values.astype(np.float32), channels, Format(width, height), box)


def straightforward_median(plane, x, y):
    padded = np.pad(plane, ((y, y), (x, x)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * y + 1, 2 * x + 1))
    return np.median(windows, axis=(2, 3)).astype(np.float32)


class TestMedian:
    @pytest.mark.parametrize(
        ("size", "x", "y"),
        [("3", 1, 1), ("5", 2, 2), ("10", 5, 5), ("7", 3, 3), ("{3 9}", 1, 4), ("4", 2, 2)],
    )
    def test_exact(self, run, size, x, y):
        frame = noise()
        made = run(f"Median {{\n size {size}\n}}\n", frame)
        expected = np.stack([straightforward_median(frame.pixels[..., i], x, y) for i in range(3)], axis=-1)
        assert np.array_equal(made.pixels, expected)
        assert made.bbox == frame.bbox

    def test_small_sizes_change_nothing_and_alpha_stays(self, run):
        frame = noise(channels=RGBA)
        assert np.array_equal(run("Median {\n size 1\n}\n", frame).pixels, frame.pixels)
        made = run("Median {\n}\n", frame)
        assert np.array_equal(made.channel(ALPHA), frame.channel(ALPHA))
        assert not np.array_equal(made.pixels, frame.pixels)

    def test_sides_inside_the_format_are_followed_by_black(self, run):
        inside = Frame(np.ones((10, 10, 3), np.float32), RGB, Format(40, 30), Box(5, 5, 15, 15))
        made = run("Median {\n size 5\n}\n", inside)
        assert made.pixels[0, 0, 0] == 0  # a corner sees 16 black pixels of 25
        assert made.pixels[5, 5, 0] == 1
        whole = Frame.from_array(np.ones((10, 10, 3), np.float32))
        assert (run("Median {\n size 5\n}\n", whole).pixels == 1).all()

    def test_errors(self, run):
        with pytest.raises(FilmRecoveryError, match="size"):
            run("Median {\n size 500\n}\n", noise())
        with pytest.raises(FilmRecoveryError, match="ignore_top_line"):
            run("Median {\n ignore_top_line true\n}\n", noise())


class TestBlur:
    def test_zero_changes_no_bit(self, run):
        frame = noise()
        assert np.array_equal(run("Blur {\n}\n", frame).pixels, frame.pixels)

    def test_box_of_odd_size_is_a_mean(self, run):
        frame = noise()
        made = run("Blur {\n size {5 1}\n filter box\n}\n", frame)
        expected = np.mean([frame.pixels[:, i : i + 36] for i in range(5)], axis=0)
        assert np.allclose(made.pixels[:, 2:38], expected, atol=1e-6)

    @pytest.mark.parametrize("filter", ["box", "triangle", "quadratic", "gaussian"])
    def test_light_is_kept_and_amount_is_about_the_same(self, run, filter):
        image = np.zeros((121, 121, 3), np.float32)
        image[60, 60] = 1
        made = run(f"Blur {{\n size 12\n filter {filter}\n}}\n", Frame.from_array(image))
        plane = made.pixels[..., 0].astype(np.float64)
        assert plane.sum() == pytest.approx(1, abs=1e-5)
        x = np.arange(121) - 60
        deviation = np.sqrt((plane.sum(axis=0) * x * x).sum())
        assert deviation == pytest.approx(12 / 3.46 if filter == "box" else 12 / 2.43, rel=0.03)

    def test_flat_plates_stay_flat_to_their_edges(self, run):
        made = run("Blur {\n size 9\n}\n", Frame.from_array(np.full((30, 40, 3), 0.3, np.float32)))
        assert np.allclose(made.pixels, 0.3, atol=1e-6)
        assert made.bbox == Box(0, 0, 40, 30)

    def test_bbox_grows_inside_the_format_and_beyond_it_without_crop(self, run):
        frame = Frame(np.ones((10, 10, 4), np.float32), RGBA, Format(40, 30), Box(0, 10, 10, 20))
        cropped = run("Blur {\n size 5\n filter box\n channels rgb\n}\n", frame)
        assert cropped.bbox == Box(0, 8, 12, 22)
        assert np.allclose(cropped.channel("rgba.red")[:5, 0], [0.2, 0.4, 0.6, 0.8, 1], atol=1e-6)
        assert cropped.channel(ALPHA)[0, 0] == 0
        assert run("Blur {\n size 5\n filter box\n crop false\n}\n", frame).bbox == Box(-2, 8, 12, 22)
