"""Grade, Clamp, ColorMatrix, Colorspace, OCIOColorSpace, OCIODisplay, Log2Lin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame
from film_recovery.imaging.luma import RGB_TO_YCBCR, YCBCR_TO_RGB, rgb_to_ycbcr

RGBA = (*RGB, ALPHA)
FIXTURE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def noise(channels=RGB, low=-0.5, high=1.5, seed=0, bbox=None):
    box = bbox or Box(0, 0, 16, 12)
    values = np.random.default_rng(seed).uniform(low, high, (box.height, box.width, len(channels)))
    return Frame(values.astype(np.float32), channels, Format(16, 12), box)


def body(class_name, **knobs):
    lines = "".join(f" {name} {value}\n" for name, value in knobs.items())
    return f"{class_name} {{\n{lines}}}\n"


def matrix_text(rows):
    return "{" + " ".join("{" + " ".join(repr(float(value)) for value in row) + "}" for row in rows) + "}"


class TestGrade:
    def test_default_clamps_black_only(self, run):
        frame = noise(RGBA)
        made = run(body("Grade"), frame)
        assert np.array_equal(made.pixels[..., :3], np.maximum(frame.pixels[..., :3], 0))
        assert np.array_equal(made.pixels[..., 3], frame.pixels[..., 3])

    def test_identity_without_clamps_changes_no_bit(self, run):
        frame = noise()
        made = run(body("Grade", black_clamp="false"), frame)
        assert np.array_equal(made.pixels, frame.pixels)

    def test_clamp_0_1_as_training_uses_it(self, run):
        frame = noise(low=-3, high=3)
        made = run(body("Grade", black_clamp="true", white_clamp="true"), frame)
        assert np.array_equal(made.pixels, np.clip(frame.pixels, 0, 1))

    @given(
        st.tuples(st.floats(-0.3, 0.3), st.floats(0.7, 2), st.floats(-0.2, 0.2), st.floats(0.6, 2)),
        st.tuples(st.floats(0.5, 2), st.floats(-0.2, 0.2), st.floats(0.4, 2.5)),
    )
    @FIXTURE
    def test_formula(self, run, points, rest):
        blackpoint, whitepoint, black, white = points
        multiply, add, gamma = rest
        frame = noise()
        knobs = {
            "blackpoint": blackpoint, "whitepoint": whitepoint, "black": black, "white": white,
            "multiply": multiply, "add": add, "gamma": gamma,
        }  # fmt: skip
        made = run(body("Grade", **knobs), frame)
        slope = multiply * (white - black) / (whitepoint - blackpoint)
        ramp = np.maximum(frame.pixels.astype(np.float64) * slope + add + black - slope * blackpoint, 0)
        expected = np.where(ramp < 1, ramp ** (1 / gamma), 1 + (ramp - 1) / gamma)
        assert np.allclose(made.pixels, expected, atol=2e-4, rtol=1e-4)

    @given(st.floats(0.5, 2), st.floats(-0.2, 0.2), st.floats(0.4, 2.5))
    @FIXTURE
    def test_reverse_undoes_it(self, run, white, add, gamma):
        frame = noise(low=0.05, high=0.9)
        knobs = {"white": f"{{{white} {white} 1 1}}", "add": add, "gamma": gamma, "black_clamp": "false"}
        made = run(body("Grade", **knobs) + body("Grade", **knobs, reverse="true"), frame)
        assert np.allclose(made.pixels, frame.pixels, atol=2e-4)

    def test_components_go_to_their_channels_and_outside_the_bbox_stays_black(self, run):
        frame = noise(RGBA, bbox=Box(2, 2, 8, 8))
        made = run(body("Grade", channels="all", add="{0.1 0.2 0.3 0.4}", black_clamp="false"), frame)
        assert np.allclose(made.pixels - frame.pixels, [0.1, 0.2, 0.3, 0.4], atol=1e-6)
        assert made.bbox == frame.bbox

    def test_subset_of_channels(self, run):
        frame = noise()
        made = run(body("Grade", channels="{-rgba.red rgba.green -rgba.blue}", white="2"), frame)
        assert np.array_equal(made.pixels[..., [0, 2]], frame.pixels[..., [0, 2]])
        assert np.allclose(made.pixels[..., 1], np.maximum(frame.pixels[..., 1] * 2, 0))

    def test_nan_is_not_hidden(self, run):
        values = np.full((2, 2, 3), np.nan, np.float32)
        made = run(body("Grade", white_clamp="true", gamma="2"), Frame.from_array(values))
        assert np.isnan(made.pixels).all()


class TestClamp:
    def test_default_and_limits(self, run):
        frame = noise(RGBA, -2, 2)
        assert np.array_equal(run(body("Clamp"), frame).pixels, np.clip(frame.pixels, 0, 1))
        made = run(body("Clamp", minimum="0.2", maximum_enable="false"), frame)
        assert np.array_equal(made.pixels, np.maximum(frame.pixels, np.float32(0.2)))

    def test_clamp_to_replaces_what_is_outside(self, run):
        frame = noise(RGB, -2, 2)
        made = run(
            body(
                "Clamp", MinClampTo="5", MinClampTo_enable="true", MaxClampTo="-7", MaxClampTo_enable="true"
            ),
            frame,
        )
        expected = np.where(frame.pixels < 0, 5, np.where(frame.pixels > 1, -7, frame.pixels))
        assert np.array_equal(made.pixels, expected)


class TestColorMatrix:
    def test_rows_are_outputs(self, run):
        frame = noise()
        made = run(body("ColorMatrix", matrix="{{0 1 0} {0 0 1} {1 0 0}}"), frame)
        assert np.array_equal(made.pixels, frame.pixels[..., [1, 2, 0]])

    def test_identity_changes_no_bit_and_alpha_stays(self, run):
        frame = noise(RGBA)
        assert np.array_equal(run(body("ColorMatrix"), frame).pixels, frame.pixels)

    @given(st.lists(st.floats(-0.4, 0.4), min_size=9, max_size=9))
    @FIXTURE
    def test_forward_and_inverse(self, run, values):
        frame = noise()
        matrix = np.eye(3) + np.array(values).reshape(3, 3)
        if np.linalg.cond(matrix) > 8:
            return
        text = matrix_text(matrix)
        both = run(body("ColorMatrix", matrix=text) + body("ColorMatrix", matrix=text, invert="true"), frame)
        assert np.abs(both.pixels - frame.pixels).max() < 1e-6 * 8
        forward = run(body("ColorMatrix", matrix=text), frame)
        assert np.allclose(forward.pixels, frame.pixels.astype(np.float64) @ matrix.T, atol=1e-6)

    def test_ycbcr_matrices_undo_each_other_below_a_millionth(self, run):
        there, back = (matrix_text(matrix) for matrix in (RGB_TO_YCBCR, YCBCR_TO_RGB))
        frame = noise(low=0, high=1)
        made = run(body("ColorMatrix", matrix=there) + body("ColorMatrix", matrix=back), frame)
        assert np.abs(made.pixels - frame.pixels).max() < 1e-6

    def test_singular_inverse_is_an_error(self, run):
        with pytest.raises(FilmRecoveryError, match="inverse") as caught:
            run(body("ColorMatrix", matrix="{{1 1 1} {1 1 1} {1 1 1}}", invert="true"), noise())
        assert caught.value.where["knob"] == "matrix"


class TestColorspace:
    def test_ycbcr_is_the_products_luma_and_chroma(self, run):
        frame = noise(RGBA, 0, 1)
        made = run(body("Colorspace", colorspace_out="YCbCr"), frame)
        expected = rgb_to_ycbcr(frame.pixels[..., :3].astype(np.float64)) + [0, 0.5, 0.5]
        assert np.allclose(made.pixels[..., :3], expected, atol=1e-6)
        assert np.array_equal(made.pixels[..., 3], frame.pixels[..., 3])
        centred = run(body("Colorspace", colorspace_out="YPbPr"), frame)
        assert np.allclose(centred.pixels[..., 1:3], expected[..., 1:] - 0.5, atol=1e-6)

    @pytest.mark.parametrize("token", ["sRGB", "rec709", "1.80", "2.20", "2.40", "2.60", "YCbCr", "YPbPr"])
    def test_there_and_back(self, run, token):
        frame = noise(low=-0.2, high=1.4)
        made = run(body("Colorspace", colorspace_out=token) + body("Colorspace", colorspace_in=token), frame)
        assert np.allclose(made.pixels, frame.pixels, atol=3e-6)

    def test_published_values(self, run):
        grey = Frame.from_array(np.full((1, 1, 3), 0.18, np.float32))
        for token, value in (("sRGB", 0.46135), ("rec709", 0.40901), ("2.20", 0.18 ** (1 / 2.2))):
            assert run(body("Colorspace", colorspace_out=token), grey).pixels == pytest.approx(
                value, abs=2e-5
            )

    def test_equal_sides_change_no_bit(self, run):
        frame = noise()
        assert np.array_equal(run(body("Colorspace"), frame).pixels, frame.pixels)

    @pytest.mark.parametrize(
        ("knob", "value"),
        [
            ("colorspace_out", "HSV"),
            ("illuminant_in", "D50"),
            ("primary_out", "ACES"),
            ("colorspace_in", "2.2"),
        ],
    )
    def test_others_are_errors_naming_the_knob(self, run, knob, value):
        with pytest.raises(FilmRecoveryError) as caught:
            run(body("Colorspace", **{knob: value}), noise())
        assert caught.value.where["knob"] == knob


class TestOCIO:
    def test_role_to_space_and_back(self, run):
        frame = noise(RGBA, 0.01, 0.99)
        made = run(
            body("OCIOColorSpace", in_colorspace="color_picking", out_colorspace="scene_linear"), frame
        )
        assert not np.allclose(made.pixels[..., :3], frame.pixels[..., :3], atol=0.01)
        assert np.array_equal(made.pixels[..., 3], frame.pixels[..., 3])
        back = "OCIOColorSpace {\n in_colorspace ACEScg\n out_colorspace color_picking\n}\n"
        there = "OCIOColorSpace {\n in_colorspace color_picking\n out_colorspace ACEScg\n}\n"
        assert np.allclose(run(there + back, frame).pixels, frame.pixels, atol=5e-5)

    def test_unknown_names_the_knob(self, run):
        with pytest.raises(FilmRecoveryError) as caught:
            run(body("OCIOColorSpace", out_colorspace="NoSuchSpace"), noise())
        assert caught.value.where["knob"] == "out_colorspace"


class TestOCIODisplay:
    def test_a_plain_view_is_the_display_s_curve(self, run):
        """Neutral linear light through the view without tone mapping: IEC 61966-2-1's curve, alpha untouched."""
        light = np.linspace(0.05, 0.9, 16 * 12, dtype=np.float32).reshape(12, 16, 1)
        frame = Frame(np.repeat(light, 4, axis=2), RGBA, Format(16, 12), Box(0, 0, 16, 12))
        made = run(body("OCIODisplay", display='"sRGB - Display"', view="Un-tone-mapped"), frame).pixels
        assert np.allclose(made[..., :3], 1.055 * light ** (1 / 2.4) - 0.055, atol=2e-4)
        assert np.array_equal(made[..., 3], frame.pixels[..., 3])

    def test_default_is_the_config_s_own_view_and_limits_highlights(self, run):
        bright = Frame.from_array(np.full((12, 16, 3), 20, np.float32))
        made = run(body("OCIODisplay", display="default"), bright).pixels
        assert 0.9 < made.max() < 1.01 and np.array_equal(made, run(body("OCIODisplay"), bright).pixels)

    def test_invert_leads_back(self, run):
        frame = noise(low=0.05, high=0.8)
        names = {"display": '"sRGB - Display"', "view": "Un-tone-mapped"}
        both = body("OCIODisplay", **names) + body("OCIODisplay", **names, invert="true")
        assert np.allclose(run(both, frame).pixels, frame.pixels, atol=1e-4)

    @pytest.mark.parametrize(
        ("knob", "word"),
        [("display", "NoSuchDisplay"), ("view", "NoSuchView"), ("gain", "2"), ("layer", "rgb")],
    )
    def test_what_it_cannot_do_is_an_error(self, run, knob, word):
        with pytest.raises(FilmRecoveryError, match=word if word.startswith("No") else knob):
            run(body("OCIODisplay", **{knob: word}), noise())


class TestLog2Lin:
    def test_reference_points(self, run):
        codes = Frame.from_array(
            (np.array([95, 445, 685], np.float32) / 1023).reshape(1, 3, 1).repeat(3, axis=2)
        )
        made = run(body("Log2Lin"), codes).pixels[0, :, 0]
        offset = 10 ** ((95 - 685) * 0.002 / 0.6)
        middle = (10 ** ((445 - 685) * 0.002 / 0.6) - offset) / (1 - offset)
        assert made == pytest.approx([0, middle, 1], abs=1e-6)

    def test_there_and_back(self, run):
        frame = noise(low=0.05, high=0.95)
        both = body("Log2Lin") + body("Log2Lin", operation="lin2log")
        assert np.allclose(run(both, frame).pixels, frame.pixels, atol=2e-5)

    def test_black_and_below_stay_finite(self, run):
        frame = Frame.from_array(np.full((2, 2, 3), -5, np.float32))
        assert np.isfinite(run(body("Log2Lin", operation="lin2log"), frame).pixels).all()
