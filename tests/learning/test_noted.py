"""What a training has to know of all pairs is noted in one pass; many pairs give fewer samples each."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import linear_filter
from film_recovery.learning.least_squares import share_of
from film_recovery.learning.linear_filter import LumaFilter, fit_linear_filter
from film_recovery.learning.noted import Noted, noted
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import new_model, pair_hashes


class Counted:
    """Pairs, and how often each was read; their keys."""

    def __init__(self, count: int = 4, size: int = 24) -> None:
        random = np.random.default_rng(3)
        sides = [random.random((2, size, size + 4, 3)).astype(np.float32) for _ in range(count)]
        self.pairs = [Pair(given, truth, f"pair {index}") for index, (given, truth) in enumerate(sides)]
        self.labels = [pair.label for pair in self.pairs]
        self.read = [0] * count

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        self.read[index] += 1
        return self.pairs[index]

    def key(self, index: int, /) -> str:
        return f"key {index}"


SETTINGS = Settings(1, patch=16)


def test_fit_range_and_hashes_read_each_pair_once() -> None:
    source, told = Counted(), []
    pairs = noted(source, tell=lambda *what: told.append(what))
    model = new_model(fit_colour_polynomial(pairs, curve="none"), pairs, SETTINGS)
    hashes = pair_hashes(pairs)
    assert source.read == [1, 1, 1, 1]
    assert told == [("pairs", number, 4) for number in (1, 2, 3, 4)]
    plain = new_model(fit_colour_polynomial(source.pairs, curve="none"), source.pairs, SETTINGS)
    assert (model.low, model.high) == (plain.low, plain.high)
    values = np.concatenate([side.ravel() for pair in source.pairs for side in (pair.input, pair.truth)])
    assert (model.low.item(), model.high.item()) == (values.min(), values.max())
    for pair in source.pairs:
        content = repr(pair.input.shape).encode() + pair.input.tobytes() + pair.truth.tobytes()
        assert hashes[pair.label] == hashlib.sha256(content).hexdigest()


def test_what_was_noted_before_is_not_read_and_what_changed_is() -> None:
    source = Counted()
    first = Noted(source)
    first.all()
    again = Counted()
    known = first.by_key()
    assert noted(again, known).all() == first.all() and again.read == [0, 0, 0, 0]
    del known["key 2"]
    assert noted(again, known).all() == first.all() and again.read == [0, 0, 1, 0]


def test_what_cannot_be_used_is_refused_and_never_noted() -> None:
    source = Counted()
    source.pairs[1].truth[3, 4, 0] = np.nan
    pairs = Noted(source)
    pairs[1]  # read by somebody who does not check
    with pytest.raises(FilmRecoveryError, match="pair 1: Ground Truth holds 1 values that are not finite"):
        pairs.all()
    with pytest.raises(FilmRecoveryError, match="no training pairs"):
        Noted([]).all()
    with pytest.raises(FilmRecoveryError, match="pair 0: a patch of 32"):
        new_model(LumaFilter("srgb", 3, 1), Counted(), Settings(1, patch=32))


def test_the_samples_of_all_pairs_together_are_bounded() -> None:
    assert {share_of(100_000, count) for count in range(1, 65)} == {100_000}  # as of few, so of 64
    for count in (65, 500, 5000, 50_000):
        assert 0 < share_of(100_000, count) * count <= 64 * 100_000
    assert share_of(100_000, 10**9) == 1


def test_the_filter_keeps_a_part_of_a_row_of_many_pairs() -> None:
    (pair,) = Counted(1, 200).pairs
    model = LumaFilter("srgb", 9, 3)
    for count, size in ((50, 58), (500, 204)):
        bands, change = linear_filter._part(model, pair, count, 7)
        assert bands.shape[1:] == (2 * model.radius + 1, size)
        assert change.shape == (len(bands), size) and change.size <= count + 2 * model.radius
    heights = {linear_filter._part(model, pair, 50, index)[0].tobytes() for index in range(5)}
    assert len(heights) == 5


def test_many_pairs_are_fitted_as_few_are() -> None:
    random = np.random.default_rng(4)

    def pair(index: int) -> Pair:
        truth = random.random((40, 60, 3)).astype(np.float32)
        return Pair((truth + np.roll(truth, 1, axis=1)) / 2, truth, f"pair {index}")

    pairs = [pair(index) for index in range(80)]
    few = fit_linear_filter(pairs[:60], size=3, levels=1, samples_per_pair=600)
    many = fit_linear_filter(pairs, size=3, levels=1, samples_per_pair=600)
    np.testing.assert_allclose(many.kernels.numpy(), few.kernels.numpy(), atol=0.05)
    assert many.kernels.abs().max() > 0.2
