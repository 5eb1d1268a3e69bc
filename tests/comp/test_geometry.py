"""Crop, Reformat, Transform, CornerPin2D and the resampler below them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from film_recovery.comp.kernels import find_filter
from film_recovery.comp.matrices import pin_matrix, transform_matrix
from film_recovery.comp.resample import resample
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import RGB, Box, Format, Frame

INTERPOLATING = ("impulse", "linear", "cubic", "Keys", "Simon", "Rifman", "Lanczos4", "Lanczos6", "sinc4")
ALL = (*INTERPOLATING, "Mitchell", "Parzen")


def noise(width=64, height=48, channels=RGB, seed=0, bbox=None):
    box = bbox or Box(0, 0, width, height)
    values = np.random.default_rng(seed).uniform(0, 1, (box.height, box.width, len(channels)))
    return Frame(values.astype(np.float32), channels, Format(width, height), box)


def sinusoid(wavelength, matrix, box):
    """Plane waves along x, y and their diagonal, moved by ``matrix``, at pixel centres: −1 … 1."""
    y, x = np.mgrid[box.y : box.t, box.x : box.r] + 0.5
    inverse = np.linalg.inv(matrix)
    w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
    u = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w
    v = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w
    k = 2 * math.pi / wavelength
    return np.stack([np.sin(k * u), np.sin(k * v), np.sin(k * (u + v) / math.sqrt(2))], axis=-1)


def wave_frame(width, height, wavelength):
    return Frame.from_array(sinusoid(wavelength, np.eye(3), Box(0, 0, width, height)).astype(np.float32))


def error_in_pixels(made, matrix, wavelength, box):
    """Largest difference to the analytic wave inside ``box``, divided by the wave's steepest slope."""
    truth = sinusoid(wavelength, matrix, box)
    difference = np.abs(made.cropped(box).pixels - truth).max()
    return difference / (2 * math.pi / wavelength)


def about(x, y, linear):
    return (
        transform_matrix((0, 0), 0, (1, 1), (0, 0), "XY", (0, 0))
        @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        @ linear
        @ np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]])
    )


class TestWholePixels:
    @pytest.mark.parametrize("name", INTERPOLATING)
    @given(dx=st.integers(-90, 90), dy=st.integers(-90, 90))
    @settings(max_examples=15, deadline=None)
    def test_moves_are_bit_exact_and_undone_by_the_inverse(self, name, dx, dy):
        frame = noise(bbox=Box(-3, 2, 40, 31))
        matrix = transform_matrix((dx, dy), 0, (1, 1), (0, 0), "XY", (31.7, 12.2))
        there = resample(frame, matrix, find_filter(name))
        assert there.bbox == frame.bbox.moved(dx, dy)
        assert np.array_equal(there.pixels, frame.pixels)
        back = resample(there, np.linalg.inv(matrix), find_filter(name))
        assert back.bbox == frame.bbox
        assert np.array_equal(back.pixels, frame.pixels)

    def test_quarter_turns_and_mirrors_copy(self):
        frame = noise(10, 6)
        turned = resample(
            frame, transform_matrix((0, 0), 90, (1, 1), (0, 0), "XY", (5, 5)), find_filter("cubic")
        )
        assert turned.bbox == Box(4, 0, 10, 10)  # counter-clockwise about (5, 5)
        # The lowest row becomes the right-most column, read upwards.
        assert np.array_equal(turned.pixels[:, -1], frame.pixels[0])
        flopped = resample(
            frame, transform_matrix((0, 0), 0, (-1, 1), (0, 0), "XY", (5, 3)), find_filter("cubic")
        )
        assert np.array_equal(flopped.pixels, frame.pixels[:, ::-1])

    @pytest.mark.parametrize("name", ("Mitchell", "Parzen"))
    def test_smoothing_filters_smooth_whole_pixel_moves_too(self, name):
        frame = noise()
        moved = resample(frame, transform_matrix((1, 0), 0, (1, 1), (0, 0), "XY", (0, 0)), find_filter(name))
        inner = Box(4, 4, 40, 40)
        assert not np.allclose(
            moved.cropped(inner.moved(1, 0)).pixels, frame.cropped(inner).pixels, atol=1e-3
        )


class TestAgainstAnalyticWaves:
    """Band-limited waves: the resampler's error, as a displacement, stays below 0.02 pixel for Keys.

    Lanczos windows the ideal filter, which costs up to half a per cent of a wave's height.
    """

    BOUND: ClassVar = {"Keys": 0.02, "Lanczos6": 0.03}

    @pytest.mark.parametrize("name", ("Keys", "Lanczos6"))
    @pytest.mark.parametrize("shift", [(0.05, 0), (0.5, -0.25), (-3.3, 7.95)])
    def test_fractional_moves(self, name, shift):
        wavelength = 24.0
        matrix = transform_matrix(shift, 0, (1, 1), (0, 0), "XY", (0, 0))
        made = resample(wave_frame(128, 96, wavelength), matrix, find_filter(name))
        assert error_in_pixels(made, matrix, wavelength, Box(16, 16, 112, 80)) < self.BOUND[name]

    @pytest.mark.parametrize("name", ("Keys", "Lanczos6"))
    def test_rotation_with_scale(self, name):
        wavelength = 24.0
        matrix = transform_matrix((0.3, -1.7), 3.7, (1.05, 1.02), (0.01, 0), "XY", (64, 48))
        made = resample(wave_frame(128, 96, wavelength), matrix, find_filter(name))
        assert error_in_pixels(made, matrix, wavelength, Box(24, 24, 104, 72)) < self.BOUND[name]

    @pytest.mark.parametrize("scale", [(2, 2), (1.37, 0.5), (0.31, 0.83)])
    def test_scales_up_and_down(self, scale):
        wavelength = 48.0
        matrix = transform_matrix((0.5, 0.25), 0, scale, (0, 0), "XY", (100, 80))
        made = resample(wave_frame(200, 160, wavelength), matrix, find_filter("Keys"))
        middle = Box(94, 74, 106, 86) if min(scale) < 0.5 else Box(74, 64, 126, 96)
        assert error_in_pixels(made, matrix, wavelength, middle) < 0.02 * 48 / 24

    def test_perspective(self):
        wavelength = 24.0
        matrix = about(64, 48, np.array([[1, 0.02, 0], [0.01, 1, 0], [4e-4, -3e-4, 1.0]]))
        made = resample(wave_frame(128, 96, wavelength), matrix, find_filter("Keys"))
        assert error_in_pixels(made, matrix, wavelength, Box(24, 24, 104, 72)) < 0.02

    def test_cubic_bends_a_ramp_as_its_formula_says(self):
        """Nuke's default filter is a smooth step between two pixels: a quarter pixel becomes 0.15625."""
        ramp = np.tile(np.arange(32, dtype=np.float32)[None, :, None], (8, 1, 3))
        matrix = transform_matrix((-0.25, 0), 0, (1, 1), (0, 0), "XY", (0, 0))
        made = resample(Frame.from_array(ramp), matrix, find_filter("cubic"))
        assert np.allclose(made.cropped(Box(4, 2, 20, 6)).pixels - ramp[2:6, 4:20], 0.15625, atol=1e-5)

    def test_separable_and_gathered_paths_agree(self):
        frame = noise(80, 60)
        for name in ALL:
            straight = transform_matrix((0.3, -0.6), 0, (1.1, 0.7), (0, 0), "XY", (40, 30))
            tilted = straight.copy()
            tilted[0, 1] = 1e-7  # far below any visible change, but no longer axis-aligned
            one = resample(frame, straight, find_filter(name))
            two = resample(frame, tilted, find_filter(name))
            inner = Box(10, 18, 70, 44)
            assert np.allclose(one.cropped(inner).pixels, two.cropped(inner).pixels, atol=2e-5), name


class TestWeights:
    @pytest.mark.parametrize("name", ALL)
    @given(scale=st.floats(0.15, 4), rotate=st.sampled_from([0.0, 17.0, 90.0]), shift=st.floats(-2, 2))
    @settings(max_examples=8, deadline=None)
    def test_a_flat_picture_stays_flat(self, name, scale, rotate, shift):
        frame = Frame.from_array(np.full((60, 80, 3), 0.37, np.float32))
        matrix = transform_matrix((shift, shift), rotate, (scale, scale), (0, 0), "XY", (40, 30))
        made = resample(frame, matrix, find_filter(name), replicate=True)
        assert np.allclose(made.pixels, 0.37, atol=1e-5)

    def test_shrinking_counts_every_pixel(self):
        """One bright pixel anywhere keeps its share of light when the picture is made four times smaller."""
        matrix = transform_matrix((0, 0), 0, (0.25, 0.25), (0, 0), "XY", (0, 0))
        for x in range(24, 32):
            image = np.zeros((64, 64, 3), np.float32)
            image[29, x] = 16
            made = resample(Frame.from_array(image), matrix, find_filter("Parzen"))
            assert made.pixels[..., 0].sum() == pytest.approx(1, abs=0.02)

    def test_outside_is_black_and_edges_blend_with_it(self):
        frame = Frame.from_array(np.ones((8, 8, 3), np.float32))
        made = resample(
            frame, transform_matrix((0.5, 0), 0, (1, 1), (0, 0), "XY", (0, 0)), find_filter("linear")
        )
        assert made.bbox == Box(0, 0, 9, 8)
        assert np.allclose(made.pixels[4, :, 0], [0.5, 1, 1, 1, 1, 1, 1, 1, 0.5])

    @given(
        rotate=st.floats(-180, 180),
        scale=st.floats(0.2, 3),
        shift=st.floats(-30, 30),
        name=st.sampled_from(ALL),
    )
    @settings(max_examples=40, deadline=None)
    def test_nothing_lies_outside_the_bbox(self, rotate, scale, shift, name):
        """The predicted bbox holds all light: the same made over a much larger box has nothing outside."""
        frame = noise(20, 14, bbox=Box(2, 1, 17, 12))
        matrix = transform_matrix((shift, -shift), rotate, (scale, scale), (0.1, 0), "XY", (10, 7))
        made = resample(frame, matrix, find_filter(name))
        wide = frame.cropped(Box(-40, -40, 60, 60))
        reference = resample(wide, matrix, find_filter(name), clip=Box(-300, -300, 300, 300))
        reference = reference.cropped(made.bbox.union(reference.bbox))
        difference = np.abs(reference.pixels - made.cropped(reference.bbox).pixels)
        assert difference.max() < 2e-5


class TestCrop:
    def test_box_becomes_bbox_and_outside_is_black(self, run):
        frame = noise()
        made = run("Crop {\n box {10 5 50 40}\n}\n", frame)
        assert made.bbox == Box(10, 5, 50, 40)
        assert made.format == frame.format
        assert np.array_equal(made.pixels, frame.pixels[5:40, 10:50])
        assert not made.cropped(frame.bbox).pixels[:5].any()

    def test_larger_than_the_picture_adds_black_unless_intersect(self, run):
        frame = noise(bbox=Box(4, 4, 20, 20))
        assert run("Crop {\n box {0 0 30 30}\n}\n", frame).bbox == Box(0, 0, 30, 30)
        assert run("Crop {\n box {0 0 30 30}\n intersect true\n}\n", frame).bbox == Box(4, 4, 20, 20)

    def test_reformat_moves_the_box_to_the_origin(self, run):
        frame = noise()
        made = run("Crop {\n box {10 5 50 40}\n reformat true\n}\n", frame)
        assert (made.format.width, made.format.height, made.bbox) == (40, 35, Box(0, 0, 40, 35))
        assert np.array_equal(made.pixels, frame.pixels[5:40, 10:50])

    def test_without_black_outside_the_edge_continues_to_the_format(self, run):
        frame = noise()
        made = run("Crop {\n box {10 5 50 40}\n crop false\n}\n", frame)
        assert made.bbox == frame.format.box
        assert np.array_equal(made.pixels[20, :10], np.repeat(frame.pixels[20, 10:11], 10, axis=0))
        assert np.array_equal(made.pixels[47, 63], frame.pixels[39, 49])

    def test_fractional_box_keeps_the_pixels_it_touches(self, run):
        assert run("Crop {\n box {9.5 5.00001 49.2 39.99999}\n}\n", noise()).bbox == Box(9, 5, 50, 40)

    def test_animated_and_default_box(self, run):
        frame = noise()
        body = "Crop {\n box {{curve L x1 0 x3 20} 0 {width} {height}}\n}\n"
        assert run(body, frame, at=2).bbox == Box(10, 0, 64, 48)
        assert run("Crop {\n}\n", frame).bbox == frame.format.box

    def test_empty_box_and_softness_are_errors(self, run):
        with pytest.raises(FilmRecoveryError, match="empty"):
            run("Crop {\n box {10 5 10 40}\n}\n", noise())
        with pytest.raises(FilmRecoveryError, match="softness"):
            run("Crop {\n softness 4\n}\n", noise())

    def test_a_box_too_large_for_any_memory_is_named(self, run):
        with pytest.raises(FilmRecoveryError, match="pixels, more than") as caught:
            run("Crop {\n box {0 0 1e9 1e9}\n reformat true\n}\n", noise())
        assert caught.value.where["knob"] == "box"

    @given(st.lists(st.integers(-20, 80), min_size=8, max_size=8))
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_crop_of_crop_is_a_crop_to_both(self, run, sides):
        frame = noise()
        one, two = (
            Box(min(x, r), min(y, t), max(x, r) + 1, max(y, t) + 1) for x, y, r, t in (sides[:4], sides[4:])
        )
        twice = run(f"Crop {{\n box {{{one}}}\n}}\nCrop {{\n box {{{two}}}\n}}\n", frame)
        assert twice.bbox == two
        shared = one.intersect(two)
        expected = frame.cropped(Box(0, 0, 0, 0) if shared.empty else shared).cropped(two)
        assert np.array_equal(twice.pixels, expected.pixels)
        again = run(f"Crop {{\n box {{{two}}}\n}}\nCrop {{\n box {{{two}}}\n}}\n", frame)
        assert np.array_equal(again.pixels, frame.cropped(two).pixels)


class TestTransform:
    def test_translate_by_whole_pixels(self, run):
        frame = noise()
        made = run("Transform {\n translate {3 -2}\n center {32 24}\n}\n", frame)
        assert made.bbox == Box(3, -2, 67, 46)
        assert np.array_equal(made.pixels, frame.pixels)

    def test_the_inverse_undoes_it(self, run):
        frame = noise()
        knobs = " translate {5 -7}\n rotate 180\n center {32 24}\n"
        made = run(f"Transform {{\n{knobs}}}\nTransform {{\n{knobs} invert_matrix true\n}}\n", frame)
        assert made.bbox == frame.bbox
        assert np.array_equal(made.pixels, frame.pixels)

    def test_rotation_is_counter_clockwise_about_the_centre(self, run):
        image = np.zeros((48, 64, 3), np.float32)
        image[24, 42] = 1  # ten pixels right of the centre
        made = run("Transform {\n rotate 90\n center {32.5 24.5}\n}\n", Frame.from_array(image))
        y, x = np.argwhere(made.pixels[..., 0] > 0.5)[0] + (made.bbox.y, made.bbox.x)
        assert (x, y) == (32, 34)

    def test_centre_defaults_to_the_middle(self, run):
        frame = noise()
        one = run("Transform {\n scale 2\n}\n", frame)
        two = run("Transform {\n scale 2\n center {32 24}\n}\n", frame)
        assert one.bbox == two.bbox
        assert np.array_equal(one.pixels, two.pixels)

    def test_animated_translation(self, run):
        frame = noise()
        body = "Transform {\n translate {{curve L x1 0 x3 8} 1}\n}\n"
        assert run(body, frame, at=2).bbox == frame.bbox.moved(4, 1)

    def test_black_outside_off_continues_the_edge_over_the_format(self, run):
        frame = noise()
        made = run("Transform {\n translate {10 0}\n black_outside false\n}\n", frame)
        assert made.bbox == Box(0, 0, 74, 48)
        assert np.array_equal(made.pixels[:, 0], frame.pixels[:, 0])

    @pytest.mark.parametrize(
        ("knob", "named"),
        [("motionblur 1", "motionblur"), ("clamp true", "clamp"), ("filter notch", "filter")],
    )
    def test_what_is_not_implemented_is_named(self, run, knob, named):
        with pytest.raises(FilmRecoveryError) as caught:
            run(f"Transform {{\n {knob}\n name Stabilise\n}}\n", noise())
        assert caught.value.where["knob"] == named
        assert caught.value.where["node"] == "Stabilise"

    def test_flattening_is_an_error(self, run):
        with pytest.raises(FilmRecoveryError, match="inverse"):
            run("Transform {\n scale 0\n}\n", noise())

    def test_absurd_sizes_are_refused_before_memory_is(self, run):
        with pytest.raises(FilmRecoveryError, match="pixels"):
            run("Transform {\n scale 100000\n}\n", noise())

    def test_shrinking_too_much_at_an_angle_is_refused_but_not_when_straight(self, run):
        with pytest.raises(FilmRecoveryError, match="smaller"):
            run("Transform {\n scale 0.01\n rotate 10\n}\n", noise())
        assert run("Transform {\n scale 0.01\n}\n", noise()).pixels.sum() > 0


class TestCornerPin:
    def test_identity_by_default(self, run):
        frame = noise()
        made = run("CornerPin2D {\n}\n", frame)
        assert made.bbox == frame.bbox
        assert np.array_equal(made.pixels, frame.pixels)

    def test_a_whole_pixel_pin_copies_and_invert_undoes_it(self, run):
        frame = noise()
        knobs = " to1 {4 3}\n to2 {68 3}\n to3 {68 51}\n to4 {4 51}\n"
        there = run(f"CornerPin2D {{\n{knobs}}}\n", frame)
        assert there.bbox == frame.bbox.moved(4, 3)
        assert np.array_equal(there.pixels, frame.pixels)
        both = run(f"CornerPin2D {{\n{knobs}}}\nCornerPin2D {{\n{knobs} invert true\n}}\n", frame)
        assert both.bbox == frame.bbox
        assert np.array_equal(both.pixels, frame.pixels)

    @given(st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=4, max_size=4))
    @settings(max_examples=40, deadline=None)
    def test_corners_land_where_they_should(self, offsets):
        source = np.array([[0, 0], [2048, 0], [2048, 1556], [0, 1556.0]])
        target = source + np.array(offsets) * 1000
        for count in (1, 2, 3, 4):
            matrix = pin_matrix(source[:count], target[:count])
            points = np.column_stack([source[:count], np.ones(count)]) @ matrix.T
            assert np.allclose(points[:, :2] / points[:, 2:], target[:count], atol=1e-6)

    def test_corners_on_one_line_are_an_error(self, run):
        with pytest.raises(FilmRecoveryError, match="line"):
            run("CornerPin2D {\n to1 {0 0}\n to2 {10 0}\n to3 {20 0}\n to4 {30 0}\n}\n", noise())

    def test_disabled_corners_leave_an_affine_map(self, run):
        frame = noise()
        made = run("CornerPin2D {\n to1 {5 6}\n enable2 false\n enable3 false\n enable4 false\n}\n", frame)
        assert made.bbox == frame.bbox.moved(5, 6)


class TestReformat:
    def test_to_the_project_format_by_width(self, run):
        made = run("Reformat {\n}\n", noise(128, 48))
        assert (made.format.width, made.format.height) == (64, 48)
        assert made.bbox == Box(0, 12, 64, 36)  # half the size, in the middle, letterboxed

    @pytest.mark.parametrize(
        ("resize", "bbox"),
        [
            ("none", Box(0, 0, 100, 100)),
            ("width", Box(0, 25, 100, 75)),
            ("height", Box(0, 0, 100, 100)),
            ("fit", Box(0, 25, 100, 75)),
            ("fill", Box(0, 0, 100, 100)),
            ("distort", Box(0, 0, 100, 100)),
        ],
    )
    def test_resize_types(self, run, resize, bbox):
        knobs = f'type "to box"\n box_width 100\n box_height 100\n box_fixed true\n resize {resize}\n'
        made = run(f"Reformat {{\n {knobs}}}\n", noise(200, 100))
        assert (made.format.width, made.format.height) == (100, 100)
        assert made.bbox == bbox

    def test_pbb_keeps_what_leaves_the_format(self, run):
        knobs = 'type "to box"\n box_width 100\n box_height 100\n box_fixed true\n resize height\n pbb true\n'
        assert run(f"Reformat {{\n {knobs}}}\n", noise(200, 100)).bbox == Box(-50, 0, 150, 100)

    def test_none_moves_by_whole_pixels_and_copies(self, run):
        frame = noise(21, 11)
        knobs = 'type "to box"\n box_width 40\n box_height 30\n box_fixed true\n resize none\n'
        made = run(f"Reformat {{\n {knobs}}}\n", frame)
        assert made.bbox == Box(9, 9, 30, 20)
        assert np.array_equal(made.pixels, frame.pixels)
        cornered = run(f"Reformat {{\n {knobs} center false\n}}\n", frame)
        assert cornered.bbox == frame.bbox

    def test_pixel_aspect_is_respected(self, run):
        frame = noise(100, 100)
        squeezed = replace(frame, format=Format(100, 100, 2.0))
        knobs = 'type "to box"\n box_width 100\n box_height 100\n box_fixed true\n'
        made = run(f"Reformat {{\n {knobs}}}\n", squeezed)
        assert made.bbox == Box(0, 25, 100, 75)  # twice as wide on the screen as high

    def test_scale_and_free_box_follow_the_picture(self, run):
        made = run("Reformat {\n type scale\n scale 0.5\n}\n", noise(101, 50))
        assert (made.format.width, made.format.height) == (50, 25)
        free = run('Reformat {\n type "to box"\n box_width 50\n box_height 1\n}\n', noise(200, 100))
        assert (free.format.width, free.format.height) == (50, 25)

    def test_mirrors_and_turn(self, run):
        frame = noise(20, 10)
        knobs = 'type "to box"\n box_width 20\n box_height 10\n box_fixed true\n resize none\n'
        assert np.array_equal(run(f"Reformat {{\n {knobs} flip true\n}}\n", frame).pixels, frame.pixels[::-1])
        assert np.array_equal(
            run(f"Reformat {{\n {knobs} flop true\n}}\n", frame).pixels, frame.pixels[:, ::-1]
        )
        tall = 'type "to box"\n box_width 10\n box_height 20\n box_fixed true\n resize none\n turn true\n'
        turned = run(f"Reformat {{\n {tall}}}\n", frame)
        assert turned.bbox == Box(0, 0, 10, 20)
        # Clockwise: the left column, read upwards, becomes the top row, read from the left.
        assert np.array_equal(turned.pixels[-1], frame.pixels[:, 0])

    def test_same_format_changes_no_bit(self, run):
        frame = noise()
        made = run("Reformat {\n}\n", frame)
        assert np.array_equal(made.pixels, frame.pixels)

    @pytest.mark.parametrize("black_outside", [True, False])
    def test_edges(self, run, black_outside):
        frame = Frame.from_array(np.ones((30, 40, 3), np.float32))
        knobs = 'type "to box"\n box_width 50\n box_height 70\n box_fixed true\n filter Keys\n'
        made = run(f"Reformat {{\n {knobs} black_outside {str(black_outside).lower()}\n}}\n", frame)
        inside = made.cropped(Box(0, 17, 50, 53)).pixels
        assert np.allclose(inside, 1, atol=1e-5) != black_outside
        assert not made.cropped(Box(0, 0, 50, 10)).pixels.any()
