from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.pairs import Pair
from film_recovery.learning.sampling import Sampling, check_size, draw_batch, pair_index


def _pairs(count: int = 3, height: int = 40, width: int = 52) -> list[Pair]:
    """Every pixel of the Input says where it is from; the Ground Truth is the Input plus 2."""
    pairs = []
    for number in range(count):
        y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
        picture = np.stack([y, x, np.full_like(y, number)], axis=-1).astype(np.float32)
        pairs.append(Pair(picture, picture + 2, f"pair {number}"))
    return pairs


@given(seed=st.integers(0, 2**40), step=st.integers(0, 10**7))
@settings(max_examples=30, deadline=None)
def test_a_batch_depends_on_seed_and_step_only(seed, step):
    sampling = Sampling(patch=16, batch=3, seed=seed, exposure=0.1)
    given_first, truth_first = draw_batch(_pairs(), sampling, step)
    draw_batch(_pairs(), sampling, step + 1)
    given_again, truth_again = draw_batch(_pairs(), sampling, step)
    assert given_first.shape == (3, 3, 16, 16)
    assert given_first.equal(given_again)
    assert truth_first.equal(truth_again)
    other, _ = draw_batch(_pairs(), Sampling(patch=16, batch=3, seed=seed + 1, exposure=0.1), step)
    assert not other.equal(given_first)


def test_both_sides_get_the_same_crop_flip_and_exposure():
    flipped = 0
    for step in range(40):
        inputs, truths = draw_batch(_pairs(), Sampling(16, 4, 7, exposure=0.1), step)
        for source, truth in zip(inputs.numpy(), truths.numpy(), strict=True):
            gain = (truth - source).mean() / 2
            assert 2**-0.1001 <= gain <= 2**0.1001
            np.testing.assert_allclose(truth - source, 2 * gain, atol=1e-4)
            rows, columns = source[0] / gain, source[1] / gain
            np.testing.assert_allclose(np.diff(rows, axis=0), 1, atol=1e-3)  # never upside down
            direction = np.diff(columns, axis=1).mean()
            assert abs(direction) == pytest.approx(1, abs=1e-3)
            flipped += direction < 0
    assert 55 < flipped < 105  # of 160


def test_without_augmentation_patches_are_cut_out_as_they_are():
    inputs, _ = draw_batch(_pairs(), Sampling(16, 8, 1, flip=False), 0)
    for source in inputs.numpy():
        y, x = int(source[0].min()), int(source[1].min())
        np.testing.assert_array_equal(
            source[:2].transpose(1, 2, 0), _pairs()[0].input[y : y + 16, x : x + 16, :2]
        )


def test_every_pair_comes_once_before_any_comes_again():
    sampling = Sampling(16, batch=4, seed=5)
    indices = [pair_index(7, sampling, step, place) for step in range(14) for place in range(4)]
    turns = [indices[start : start + 7] for start in range(0, 56, 7)]
    assert all(sorted(turn) == list(range(7)) for turn in turns)
    assert len({tuple(turn) for turn in turns}) > 6


def test_every_place_of_the_picture_is_drawn():
    places = Counter()
    for step in range(120):
        inputs, _ = draw_batch(_pairs(1), Sampling(16, 4, 3), step)
        places.update((int(source[0].min()), int(source[1].min())) for source in inputs.numpy())
    assert {y for y, _ in places} == set(range(25))
    assert {x for _, x in places} == set(range(37))


def test_a_patch_that_does_not_fit_names_the_pair():
    check_size(_pairs()[0], 40)
    with pytest.raises(FilmRecoveryError, match=r"pair 1: a patch of 41 × 41 does not fit into 52 × 40"):
        check_size(_pairs()[1], 41)
