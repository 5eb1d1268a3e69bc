"""Expression and MergeExpression."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame


def noise(seed=0, channels=RGB, bbox=None):
    box = bbox or Box(0, 0, 16, 12)
    values = np.random.default_rng(seed).uniform(0, 1, (box.height, box.width, len(channels)))
    return Frame(values.astype(np.float32), channels, Format(16, 12), box)


def test_channels_constants_and_alpha_made(run):
    frame = noise()
    made = run('Expression {\n expr0 "r*2 + g"\n expr2 0.25\n expr3 1\n}\n', frame)
    assert made.channels == (*RGB, ALPHA)
    assert np.allclose(made.channel("rgba.red"), frame.pixels[..., 0] * 2 + frame.pixels[..., 1])
    assert np.array_equal(made.channel("rgba.green"), frame.channel("rgba.green"))
    assert (made.channel("rgba.blue") == 0.25).all()
    assert (made.channel(ALPHA) == 1).all()
    assert made.pixels.dtype == np.float32


def test_coordinates_are_those_of_the_format(run):
    made = run("Expression {\n expr0 x\n expr1 y\n expr2 width*100+height\n}\n", noise(bbox=Box(3, 2, 7, 5)))
    assert np.array_equal(made.pixels[0, :, 0], [3, 4, 5, 6])
    assert np.array_equal(made.pixels[:, 0, 1], [2, 3, 4])
    assert (made.pixels[..., 2] == 1612).all()


def test_centred_coordinates(run):
    made = run("Expression {\n expr0 cx\n expr1 cy\n}\n", noise())
    assert made.pixels[0, :, 0] == pytest.approx((np.arange(16) + 0.5) / 8 - 1)
    assert made.pixels[:, 0, 1] == pytest.approx((np.arange(12) + 0.5 - 6) / 8)


def test_temporary_variables_choices_and_frame(run):
    frame = noise()
    body = (
        "Expression {\n temp_name0 luma\n temp_expr0 0.2126*r+0.7152*g+0.0722*b\n temp_name1 twice\n"
        ' temp_expr1 luma*2\n channel0 rgb\n expr0 "luma > 0.5 ? twice : frame"\n}\n'
    )
    made = run(body, frame, at=7)
    luma = frame.pixels.astype(np.float64) @ (0.2126, 0.7152, 0.0722)
    expected = np.where(luma > 0.5, 2 * luma, 7)
    assert np.allclose(made.pixels, expected[..., None], atol=1e-5)


def test_every_expression_reads_the_input(run):
    frame = noise()
    made = run("Expression {\n expr0 g\n expr1 r\n}\n", frame)
    assert np.array_equal(made.pixels[..., :2], frame.pixels[..., [1, 0]])


def test_merge_expression(run):
    below, above = noise(1, bbox=Box(0, 0, 8, 8)), noise(2, bbox=Box(4, 4, 12, 12))
    made = run("MergeExpression {\n inputs 2\n expr0 Ar-Br\n expr1 Aa+Brgba.green\n}\n", below, above)
    assert made.bbox == Box(0, 0, 12, 12)
    box = made.bbox
    assert np.array_equal(
        made.pixels[..., 0], above.cropped(box).pixels[..., 0] - below.cropped(box).pixels[..., 0]
    )
    assert np.array_equal(made.pixels[..., 1], below.cropped(box).pixels[..., 1])


@pytest.mark.parametrize("text", ["q*2", "r +", "\\[python 1]", "foo(r)"])
def test_what_is_not_arithmetic_is_an_error(run, text):
    with pytest.raises(FilmRecoveryError) as caught:
        run(f'Expression {{\n expr0 "{text}"\n name Sum\n}}\n', noise())
    assert (caught.value.where["node"], caught.value.where["knob"]) == ("Sum", "expr0")
