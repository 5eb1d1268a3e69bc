"""Merge2 and Keymix against formulas written out in float64."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.comp.blending import OPERATIONS
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame

RGBA = (*RGB, ALPHA)


def noise(channels=RGBA, seed=0, bbox=None, low=-0.5, high=1.6):
    box = bbox or Box(0, 0, 20, 16)
    values = np.random.default_rng(seed).uniform(low, high, (box.height, box.width, len(channels)))
    values[:2, :2] = 0  # black on black, and divisions by zero, are in every test
    return Frame(values.astype(np.float32), channels, Format(20, 16), box, {"seed": seed})


def screen(A, B):
    return A + B - A * B if 0 <= A <= 1 and 0 <= B <= 1 else max(A, B)


def ratio(top, bottom):
    return top / bottom if bottom else 0.0


def dodge(A, B):
    return B if B <= 0 else 1.0 if A >= 1 else min(1.0, B / (1 - A))


def burn(A, B):
    return B if B >= 1 else 0.0 if A <= 0 else 1 - min(1.0, (1 - B) / A)


def light(A, B):
    return 2 * A * B if A < 0.5 else 1 - 2 * (1 - A) * (1 - B)


FORMULAS = {
    "atop": lambda A, B, a, b: A * b + B * (1 - a),
    "average": lambda A, B, a, b: (A + B) / 2,
    "color-burn": lambda A, B, a, b: burn(A, B),
    "color-dodge": lambda A, B, a, b: dodge(A, B),
    "conjoint-over": lambda A, B, a, b: A if a > b else A + B * (1 - ratio(a, b)),
    "copy": lambda A, B, a, b: A,
    "difference": lambda A, B, a, b: abs(A - B),
    "disjoint-over": lambda A, B, a, b: A + B if a + b < 1 else A + B * ratio(1 - a, b),
    "divide": lambda A, B, a, b: 0.0 if A < 0 and B < 0 else ratio(A, B),
    "exclusion": lambda A, B, a, b: A + B - 2 * A * B,
    "from": lambda A, B, a, b: B - A,
    "geometric": lambda A, B, a, b: ratio(2 * A * B, A + B),
    "hard-light": lambda A, B, a, b: light(A, B),
    "hypot": lambda A, B, a, b: (A * A + B * B) ** 0.5,
    "in": lambda A, B, a, b: A * b,
    "mask": lambda A, B, a, b: B * a,
    "matte": lambda A, B, a, b: A * a + B * (1 - a),
    "max": lambda A, B, a, b: max(A, B),
    "min": lambda A, B, a, b: min(A, B),
    "minus": lambda A, B, a, b: A - B,
    "multiply": lambda A, B, a, b: A if A < 0 and B < 0 else A * B,
    "out": lambda A, B, a, b: A * (1 - b),
    "over": lambda A, B, a, b: A + B * (1 - a),
    "overlay": lambda A, B, a, b: light(B, A),
    "plus": lambda A, B, a, b: A + B,
    "screen": lambda A, B, a, b: screen(A, B),
    "soft-light": lambda A, B, a, b: B * (2 * A + B * (1 - A * B)) if A * B < 1 else 2 * A * B,
    "stencil": lambda A, B, a, b: B * (1 - a),
    "under": lambda A, B, a, b: A * (1 - b) + B,
    "xor": lambda A, B, a, b: A * (1 - b) + B * (1 - a),
}


def test_every_operation_of_the_menu_has_a_formula_here():
    assert set(OPERATIONS) == set(FORMULAS)


@pytest.mark.parametrize("operation", sorted(FORMULAS))
def test_formula(run, operation):
    below, above = noise(seed=1), noise(seed=2)
    made = run(f"Merge2 {{\n inputs 2\n operation {operation}\n}}\n", below, above)
    formula = np.vectorize(FORMULAS[operation], otypes=[np.float64])
    A, B = above.pixels.astype(np.float64), below.pixels.astype(np.float64)
    expected = formula(A, B, A[..., 3:], B[..., 3:])
    # Quotients near zero blow up the rounding of float32 inputs; everything else is close.
    assert np.allclose(made.pixels, expected, rtol=1e-3, atol=1e-5)
    assert made.metadata == {"seed": 1}


def test_minus_from_and_difference_are_exact(run):
    below, above = noise(RGB, 1), noise(RGB, 2)
    for operation, expected in (
        ("minus", above.pixels - below.pixels),
        ("from", below.pixels - above.pixels),
        ("difference", np.abs(above.pixels - below.pixels)),
        ("plus", above.pixels + below.pixels),
    ):
        knobs = f"operation {operation}\n Achannels rgb\n Bchannels rgb\n output rgb\n"
        made = run(f"Merge2 {{\n inputs 2\n {knobs}}}\n", below, above)
        assert made.channels == RGB
        assert np.array_equal(made.pixels, expected)


def test_output_rgb_leaves_the_other_channels_of_b(run):
    below, above = noise((*RGBA, "depth.Z"), 1), noise(RGBA, 2)
    made = run(
        "Merge2 {\n inputs 2\n operation plus\n Achannels rgb\n Bchannels rgb\n output rgb\n}\n", below, above
    )
    assert made.channels == below.channels
    assert np.array_equal(made.pixels[..., 3:], below.pixels[..., 3:])
    assert np.array_equal(made.pixels[..., :3], above.pixels[..., :3] + below.pixels[..., :3])


def test_a_missing_alpha_is_zero(run):
    below, above = noise(RGB, 1), noise(RGB, 2)
    made = run("Merge2 {\n inputs 2\n}\n", below, above)
    assert made.channels == RGB
    assert np.allclose(made.pixels, below.pixels + above.pixels)


@pytest.mark.parametrize(
    ("choice", "box"),
    [
        ("union", Box(0, 0, 16, 12)),
        ("intersection", Box(4, 4, 10, 10)),
        ("A", Box(4, 4, 16, 12)),
        ("B", Box(0, 0, 10, 10)),
    ],
)
def test_bbox(run, choice, box):
    below, above = noise(bbox=Box(0, 0, 10, 10), seed=1), noise(bbox=Box(4, 4, 16, 12), seed=2)
    made = run(f"Merge2 {{\n inputs 2\n operation plus\n bbox {choice}\n}}\n", below, above)
    assert made.bbox == box
    expected = below.cropped(box).pixels + above.cropped(box).pixels
    assert np.array_equal(made.pixels, expected)


def test_output_has_the_format_of_b(run):
    below, above = noise(seed=1), noise(seed=2)
    wide = Frame(above.pixels, above.channels, Format(40, 30), above.bbox)
    assert run("Merge2 {\n inputs 2\n}\n", below, wide).format == below.format


def test_further_a_inputs_come_on_top_one_after_the_other(run):
    below, one, two = noise(seed=1), noise(seed=2), noise(seed=3)
    made = run("Merge2 {\n inputs 4\n operation minus\n}\n", below, one, None, two)
    expected = two.pixels - (one.pixels - below.pixels)
    assert np.array_equal(made.pixels, expected)


def test_mask_and_mix(run):
    below, above, matte = noise(seed=1), noise(seed=2), noise(seed=3, low=0, high=1)
    made = run("Merge2 {\n inputs 2+1\n operation copy\n mix 0.5\n}\n", below, above, matte)
    weight = matte.channel(ALPHA)[..., None] * 0.5
    assert np.allclose(made.pixels, below.pixels + (above.pixels - below.pixels) * weight, atol=1e-6)


def test_unconnected_inputs(run):
    frame = noise()
    assert np.array_equal(run("Merge2 {\n operation minus\n}\n", frame).pixels, frame.pixels)
    alone = run("Merge2 {\n inputs 2\n operation from\n}\n", None, frame)
    assert np.array_equal(alone.pixels, -frame.pixels)
    assert alone.bbox == frame.bbox


@pytest.mark.parametrize("knob", ["also_merge all", "sRGB true", "screen_alpha true", "operation burn"])
def test_what_is_not_implemented_is_named(run, knob):
    with pytest.raises(FilmRecoveryError) as caught:
        run(f"Merge2 {{\n inputs 2\n {knob}\n}}\n", noise(), noise())
    assert caught.value.where["knob"] == knob.split()[0]


class TestKeymix:
    def test_mixes_by_the_mask(self, run):
        below, above, matte = noise(seed=1), noise(seed=2), noise(seed=3, low=0, high=1)
        made = run("Keymix {\n inputs 3\n}\n", below, above, matte)
        weight = matte.channel(ALPHA)[..., None]
        assert np.allclose(made.pixels, above.pixels * weight + below.pixels * (1 - weight), atol=1e-6)

    def test_hard_masks_copy_bits_and_invert(self, run):
        below, above = noise(seed=1), noise(seed=2)
        hard = (np.random.default_rng(4).uniform(0, 1, (16, 20, 1)) > 0.5).astype(np.float32)
        matte = Frame(hard, (ALPHA,), Format(20, 16), Box(0, 0, 20, 16))
        made = run("Keymix {\n inputs 3\n}\n", below, above, matte)
        assert np.array_equal(made.pixels, np.where(hard == 1, above.pixels, below.pixels))
        inverted = run("Keymix {\n inputs 3\n invertMask true\n channels rgb\n}\n", below, above, matte)
        expected = np.where(hard == 1, below.pixels, above.pixels)
        assert np.array_equal(inverted.pixels[..., :3], expected[..., :3])
        assert np.array_equal(inverted.channel(ALPHA), below.channel(ALPHA))

    def test_a_mask_without_the_channel_is_an_error(self, run):
        with pytest.raises(FilmRecoveryError) as caught:
            run("Keymix {\n inputs 3\n}\n", noise(), noise(), noise(RGB))
        assert caught.value.where["knob"] == "maskChannel"
