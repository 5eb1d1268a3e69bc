"""What a course of values foretells: a drift is followed, a few faults do not turn it."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.outliers.line import beyond, foretold


def test_a_drift_goes_on_whatever_a_quarter_of_the_values_is():
    frames = np.arange(1, 21, dtype=float)
    values = 3 + 0.5 * frames
    values[12:17] += 40
    usual, spread = foretold(frames, values, 21)
    assert usual == pytest.approx(13.5, abs=0.01) and spread == pytest.approx(0, abs=0.01)


def test_the_spread_is_a_deviation():
    values = np.random.default_rng(3).normal(0, 2, 400)
    assert foretold(np.arange(400.0), values, 200)[1] == pytest.approx(2, rel=0.15)


def test_beyond_its_ends_a_line_says_less():
    frames = np.arange(2, 22, dtype=float)
    assert beyond(frames, 11.5) == pytest.approx(np.sqrt(1 + 1 / 20))
    assert beyond(frames, 1) > 1.08 > beyond(frames, 12)
