from __future__ import annotations

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.pairs import Pair, checked, without_border


def _pair(input_shape=(6, 8, 3), truth_shape=(6, 8, 3)) -> Pair:
    return Pair(np.zeros(input_shape, np.float32), np.ones(truth_shape, np.float32), "pair 2, frame 1042")


def test_good_pairs_come_through_in_order():
    pairs = [_pair(), _pair((3, 3, 3), (3, 3, 3))]
    assert list(checked(pairs)) == pairs


def test_a_source_is_asked_for_one_pair_at_a_time():
    asked = []

    class Source:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Pair:
            asked.append(index)
            return _pair()

    stream = checked(Source())
    next(stream)
    assert asked == [0]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "no training pairs"),
        ([_pair((6, 8, 3), (6, 9, 3))], "Input is 8 × 6, Ground Truth is 9 × 6"),
        ([_pair((6, 8, 4), (6, 8, 4))], "Input has shape (6, 8, 4)"),
        ([_pair((0, 8, 3), (0, 8, 3))], "shape (0, 8, 3)"),
        ([_pair((6, 8), (6, 8))], "Input has shape (6, 8)"),
    ],
)
def test_bad_pairs_are_named(pairs, words):
    with pytest.raises(FilmRecoveryError) as caught:
        list(checked(pairs))
    assert words in str(caught.value)
    assert not pairs or "pair 2, frame 1042" in str(caught.value)


@pytest.mark.parametrize("side", ["input", "truth"])
def test_values_that_are_not_finite_are_counted(side):
    pair = _pair()
    pixels = getattr(pair, side)
    pixels[0, 0] = (np.nan, np.inf, -np.inf)
    with pytest.raises(FilmRecoveryError, match="3 values that are not finite"):
        list(checked([pair]))


def test_a_border_is_taken_off_both_sides():
    inside = without_border(_pair(), 2)
    assert inside.input.shape == inside.truth.shape == (2, 4, 3)
    with pytest.raises(FilmRecoveryError, match="frame 1042"):
        without_border(_pair(), 3)
