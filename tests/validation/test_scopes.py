"""Waveform and vectorscope: colours fall where a colourist looks for them."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.imaging.luma import CB_SCALE, CR_SCALE, luma
from film_recovery.validation.scopes import HEIGHT, REACH, WIDEST, WIDTH, side_by_side, vectorscope, waveform


def patch(*colour: float) -> np.ndarray:
    return np.tile(np.float32(colour), (40, 60, 1))


@pytest.mark.parametrize("grey", [0.1, 0.37, 0.9])
def test_a_grey_is_a_line_at_its_height_and_a_point_in_the_middle(grey: float) -> None:
    drawn = waveform(patch(grey, grey, grey))
    assert drawn.shape == (HEIGHT, WIDTH, 3) and drawn.dtype == np.uint8
    brightest = int(drawn[..., 1].sum(axis=1).argmax())
    assert brightest == pytest.approx((1 + REACH - grey) / (1 + 2 * REACH) * (HEIGHT - 1), abs=1)
    scope = vectorscope(patch(grey, grey, grey))
    y, x = np.unravel_index(scope[..., 1].argmax(), scope.shape[:2])
    assert (x, y) == (pytest.approx(HEIGHT / 2, abs=2), pytest.approx(HEIGHT / 2, abs=2))


def test_left_stays_left_and_bright_is_up() -> None:
    picture = np.concatenate([patch(0.2, 0.2, 0.2), patch(0.8, 0.8, 0.8)], axis=1)
    drawn = waveform(picture)[..., 1].astype(float)
    left, right = drawn[:, : WIDTH // 2].sum(axis=1).argmax(), drawn[:, WIDTH // 2 :].sum(axis=1).argmax()
    assert right < left


def test_a_colour_lies_at_its_chroma() -> None:
    colour = np.float32([0.8, 0.3, 0.4])
    y = float(luma(colour[None])[0])
    cb, cr = (0.4 - y) / CB_SCALE, (0.8 - y) / CR_SCALE
    scope = vectorscope(patch(*colour))[..., 1].astype(int) - vectorscope(patch(0.5, 0.5, 0.5))[..., 1]
    row, column = np.unravel_index(scope.argmax(), scope.shape)
    assert column == pytest.approx((cb / (2 * WIDEST) + 0.5) * (HEIGHT - 1), abs=1)
    assert row == pytest.approx((0.5 - cr / (2 * WIDEST)) * (HEIGHT - 1), abs=1)


def test_more_pixels_are_brighter_and_values_beyond_stay_inside() -> None:
    picture = patch(0.6, 0.6, 0.6)
    picture[:2, :2] = 0.3
    drawn = waveform(picture)[..., 1]
    rows = [round((1 + REACH - value) / (1 + 2 * REACH) * (HEIGHT - 1)) for value in (0.6, 0.3)]
    assert drawn[rows[0]].max() > drawn[rows[1]].max() > 0
    assert waveform(patch(5, 5, 5))[0].max() > 0 and vectorscope(patch(9, 0, -9)).max() > 0
    both = side_by_side([drawn_[..., None].repeat(3, 2) for drawn_ in (drawn, drawn)])
    assert both.shape == (HEIGHT, 2 * WIDTH + 4, 3)
