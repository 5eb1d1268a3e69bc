from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import sampling as sampling_module
from film_recovery.learning.augmentation import geometry
from film_recovery.learning.pairs import Pair, Window, without_border
from film_recovery.learning.sampling import Sampling, check_sides, check_size, draw_batch, pair_index


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
    given_first, truth_first, _ = draw_batch(_pairs(), sampling, step)
    draw_batch(_pairs(), sampling, step + 1)
    given_again, truth_again, _ = draw_batch(_pairs(), sampling, step)
    assert given_first.shape == (3, 3, 16, 16)
    assert given_first.equal(given_again)
    assert truth_first.equal(truth_again)
    other = draw_batch(_pairs(), Sampling(patch=16, batch=3, seed=seed + 1, exposure=0.1), step)
    assert not other.given.equal(given_first)


def test_both_sides_get_the_same_crop_flip_and_exposure():
    flipped = 0
    for step in range(40):
        inputs, truths, _ = draw_batch(_pairs(), Sampling(16, 4, 7, exposure=0.1), step)
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
    inputs, *_ = draw_batch(_pairs(), Sampling(16, 8, 1, flip=False), 0)
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
        inputs, *_ = draw_batch(_pairs(1), Sampling(16, 4, 3), step)
        places.update((int(source[0].min()), int(source[1].min())) for source in inputs.numpy())
    assert {y for y, _ in places} == set(range(25))
    assert {x for _, x in places} == set(range(37))


@pytest.mark.parametrize("options", [{}, {"exposure": 0.3}, {"flip": False, "exposure": 0.3}])
def test_patches_stay_what_they_always_were(options):
    """Trainings of before this line stay reproducible: what is off draws nothing, what is new draws last."""
    for step in (0, 1, 977):
        sampling = Sampling(16, 3, 11, **options)
        batch = draw_batch(_pairs(), sampling, step)
        assert batch.coordinates is None
        for place in range(3):
            pair = _pairs()[pair_index(3, sampling, step, place)]
            random = np.random.default_rng((11, step, place))
            y, x = int(random.integers(40 - 16 + 1)), int(random.integers(52 - 16 + 1))
            flipped = sampling.flip and random.random() < 0.5
            gain = np.float32(2.0 ** random.uniform(-sampling.exposure, sampling.exposure))
            for side, drawn in ((pair.input, batch.given), (pair.truth, batch.truth)):
                patch = side[y : y + 16, x : x + 16][:, :: -1 if flipped else 1] * gain
                assert np.array_equal(drawn[place].numpy().transpose(1, 2, 0), patch)


ALL = Sampling(16, 8, 4, True, 0.2, True, True, 3.0, 0.1, 0.5, 0.2, 0.2, True)


def test_a_share_of_the_batch_is_what_the_whole_has_there():
    whole = draw_batch(_pairs(), ALL, 5)
    for places in (range(0, 4), range(4, 8), [6], [7, 2]):
        for all_of_them, share in zip(whole, draw_batch(_pairs(), ALL, 5, places), strict=True):
            assert share.equal(all_of_them[list(places)])


@pytest.mark.parametrize("options", [{}, {"vflip": True, "transpose": True}, {"shift": 3.0, "scale": 0.1}])
def test_coordinates_are_those_of_the_pixels(options):
    """Pixels say where they are from, and so do their coordinates, through every step, on both sides."""
    sampling = Sampling(16, 4, 9, position=True, **options)
    for step in range(20):
        batch = draw_batch(_pairs(), sampling, step)
        across, down = batch.coordinates[:, 0] * 52 - 0.5, batch.coordinates[:, 1] * 40 - 0.5
        for side, offset in ((batch.given, 0), (batch.truth, 2)):
            np.testing.assert_allclose(side[:, 0], down + offset, atol=2e-4)
            np.testing.assert_allclose(side[:, 1], across + offset, atol=2e-4)
        assert float(across.min()) > -0.501 and float(across.max()) < 51.501
        assert float(down.min()) > -0.501 and float(down.max()) < 39.501


def test_coordinates_of_a_cropped_pair_are_those_of_its_format():
    pair = _pairs(1)[0]
    part = without_border(replace(pair, window=Window(100, 20, 400, 200)), 4)
    (batch,) = (draw_batch([part], Sampling(16, 6, 1, position=True), step) for step in (0,))
    np.testing.assert_allclose(batch.coordinates[:, 0] * 400 - 0.5, batch.given[:, 1] + 100, atol=1e-3)
    np.testing.assert_allclose(batch.coordinates[:, 1] * 200 - 0.5, batch.given[:, 0] + 20, atol=1e-3)
    with pytest.raises(FilmRecoveryError, match="0 × 20 pixels holds nothing"):
        Window(0, 0, 0, 20)


def test_photographs_are_turned_all_eight_ways():
    seen = Counter()
    for step in range(60):
        inputs, *_ = draw_batch(_pairs(), Sampling(16, 4, 2, vflip=True, transpose=True), step)
        for y, x in inputs[:, :2].numpy():
            seen[
                tuple(int(np.sign(end - side[0, 0])) for side in (y, x) for end in (side[0, -1], side[-1, 0]))
            ] += 1
    assert len(seen) == 8
    assert min(seen.values()) > 240 / 8 / 2


def test_resampling_moves_by_parts_of_a_pixel_and_keeps_a_smooth_picture():
    y, x = np.meshgrid(np.arange(40), np.arange(52), indexing="ij")
    wave = np.stack([np.sin(x / 4), np.cos(y / 5), np.sin((x + y) / 6)], axis=-1).astype(np.float32)
    sampling = Sampling(16, 8, 1, flip=False, shift=2.5, scale=0.05, position=True)
    scales = set()
    for step in range(6):
        batch = draw_batch([Pair(wave, wave * 2, "wave")], sampling, step)
        x, y = batch.coordinates[:, 0].numpy() * 52 - 0.5, batch.coordinates[:, 1].numpy() * 40 - 0.5
        expected = np.stack([np.sin(x / 4), np.cos(y / 5), np.sin((x + y) / 6)], axis=1)
        assert np.abs(batch.given.numpy() - expected).max() < 0.01
        assert np.abs(batch.truth.numpy() - 2 * expected).max() < 0.02
        scales.update(np.round(np.diff(x, axis=2).mean((1, 2)), 4))
    assert len(scales) == 48
    assert 0.94 < min(scales) < 0.97 and 1.03 < max(scales) < 1.06


def test_a_picture_just_as_large_as_the_patch_is_shifted_nowhere():
    picture = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    sampling = Sampling(16, 4, 1, flip=False, shift=5.0)
    batch = draw_batch([Pair(picture, picture, "small")], sampling, 0)
    np.testing.assert_allclose(batch.given[0].numpy().transpose(1, 2, 0), picture, atol=1e-6)


def test_jitter_changes_the_input_alone_on_its_share_of_patches():
    sampling = Sampling(16, 8, 3, jitter=0.2, jitter_exposure=0.3, jitter_contrast=0.2)
    changed = 0
    for step in range(40):
        plain = draw_batch(_pairs(), replace(sampling, jitter=0.0), step)
        batch = draw_batch(_pairs(), sampling, step)
        assert batch.truth.equal(plain.truth)
        changed += int((batch.given != plain.given).flatten(1).any(1).sum())
    assert 40 < changed < 90  # of 320


def test_contrast_jitter_is_around_the_mean_of_the_patch():
    sampling = Sampling(16, 8, 3, flip=False, jitter=1.0, jitter_contrast=0.2)
    batch, plain = (draw_batch(_pairs(), replace(sampling, jitter=share), 0) for share in (1.0, 0.0))
    for one, two in zip(batch.given, plain.given, strict=True):
        assert float(one.mean()) == pytest.approx(float(two.mean()), rel=1e-5)
        ratio = float((one - one.mean()).std() / (two - two.mean()).std())
        assert 0.8 <= ratio <= 1.2 and ratio != pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(48, 4, 0),
        ALL,
        replace(ALL, jitter=0.0, patch=512),
        replace(ALL, seed=3, shift=64.0, scale=0.25),
    ],
)
def test_the_guard_lets_every_augmentation_pass(sampling):
    check_sides(sampling)


def _one_side_flipped(sides, variation, patch):
    stack = geometry(sides, variation, patch)
    return np.concatenate([stack[:, ::-1, :3], stack[..., 3:]], axis=-1)


def _both_sides_flipped(sides, variation, patch):
    stack = geometry(sides, variation, patch)
    return np.concatenate([stack[:, ::-1, :6], stack[..., 6:]], axis=-1)


@pytest.mark.parametrize(
    ("name", "broken", "words"),
    [
        ("geometry", _one_side_flipped, "the Input and the Ground Truth differently"),
        ("geometry", _both_sides_flipped, "the Ground Truth and its coordinates differently"),
        (
            "light",
            lambda given, truth, v: (given, truth * np.float32(1.02)),
            "the Input and the Ground Truth",
        ),
    ],
)
def test_the_guard_finds_sides_that_are_treated_differently(monkeypatch, name, broken, words):
    monkeypatch.setattr(sampling_module, name, broken)
    with pytest.raises(FilmRecoveryError, match=words):
        check_sides(Sampling(16, 4, 0))


def test_the_guard_sees_geometry_through_jitter(monkeypatch):
    monkeypatch.setattr(sampling_module, "geometry", _one_side_flipped)
    with pytest.raises(FilmRecoveryError, match="the Input and the Ground Truth"):
        check_sides(ALL)


def test_a_patch_that_does_not_fit_names_the_pair():
    check_size(_pairs()[0], 40)
    with pytest.raises(FilmRecoveryError, match=r"pair 1: a patch of 41 × 41 does not fit into 52 × 40"):
        check_size(_pairs()[1], 41)


def test_a_pair_comes_as_often_in_a_round_as_it_is_told():
    sampling = Sampling(16, batch=4, seed=5, often=(5, 1, 2))
    indices = [pair_index(3, sampling, step, place) for step in range(20) for place in range(4)]
    rounds = [indices[start : start + 8] for start in range(0, 80, 8)]
    assert all(sorted(one) == [0] * 5 + [1] + [2] * 2 for one in rounds)
    assert len({tuple(one) for one in rounds}) > 8


def test_once_each_is_what_it_always_was():
    plain, told = Sampling(16, 3, 11), Sampling(16, 3, 11, often=(1,) * 5)
    for step in range(20):
        for place in range(3):
            order = np.random.default_rng((11, 0x0DE4, (step * 3 + place) // 5)).permutation(5)
            index = int(order[(step * 3 + place) % 5])
            assert pair_index(5, plain, step, place) == pair_index(5, told, step, place) == index


def test_how_often_is_told_of_every_pair():
    with pytest.raises(FilmRecoveryError, match="of 2 pairs how often they are drawn, and there are 3"):
        pair_index(3, Sampling(16, 3, 11, often=(1, 2)), 0, 0)


def test_the_probe_of_both_sides_has_one_pair_whatever_the_training_has():
    check_sides(Sampling(16, 3, 11, often=(4, 1, 2)))
