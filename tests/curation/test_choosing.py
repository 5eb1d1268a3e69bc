"""Facility location against brute force, and what a choice promises whatever the film is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from film_recovery.curation import facility
from film_recovery.curation.choosing import (
    COUNTS,
    LEAST_APART,
    Choice,
    choose,
    drawn_often,
    next_count,
    scope_of,
    usual_count,
)
from film_recovery.errors import FilmRecoveryError, UsageError

quick = settings(max_examples=60, deadline=None, derandomize=True)


def walk(count: int, seed: int, size: int = 5) -> np.ndarray:
    """Content that changes as a film does: slowly, with jumps at cuts."""
    steps = np.random.default_rng(seed).normal(0, 1, (count, size))
    steps[:: max(1, count // 3)] *= 20
    return np.cumsum(steps, axis=0).astype(np.float32)


@st.composite
def films(draw: st.DrawFn) -> dict:
    """Vectors, shots, partners, excluded frames and a count, of a film of up to 60 frames."""
    lengths = draw(st.lists(st.integers(3, 20), min_size=1, max_size=4))
    first = draw(st.integers(0, 2000))
    shots, frame = [], first
    for length in lengths:
        shots.append((frame, frame + length - 1))
        frame += length + draw(st.integers(0, 2))  # a shot may be left out between two
    frames = [one for low, high in shots for one in range(low, high + 1)]
    lacking = draw(st.sets(st.sampled_from(frames), max_size=len(frames) // 4))
    excluded = draw(st.sets(st.sampled_from(frames), max_size=len(frames) // 3))
    content = walk(len(frames), draw(st.integers(0, 99)))
    offset = draw(st.integers(-30, 30))
    return {
        "vectors": dict(zip(frames, content, strict=True)),
        "shots": shots,
        "partners": {one: one + offset for one in frames if one not in lacking},
        "excluded": {one: "Flash on the Source (limit 0.06)." for one in excluded},
        "count": draw(st.integers(1, 14)),
    }


def free(film: dict) -> list[int]:
    return [one for one in film["vectors"] if one in film["partners"] and one not in film["excluded"]]


def made(film: dict, **more: object) -> Choice:
    given = {key: film[key] for key in ("vectors", "shots", "partners", "count", "excluded")}
    return choose(**{**given, **more})


@quick
@given(st.integers(2, 9), st.integers(1, 4), st.integers(0, 10_000))
def test_greedy_is_within_its_bound_of_the_best(size: int, count: int, seed: int) -> None:
    likenesses = facility.likeness(walk(size, seed))
    found = facility.greedy(likenesses, range(size), count)
    best = max(facility.value(likenesses, one) for one in combinations(range(size), min(count, size)))
    assert len(found) == min(count, size) == len(set(found))
    assert facility.value(likenesses, found) >= (1 - 1 / np.e) * best - 1e-4


@quick
@given(st.integers(2, 30), st.integers(1, 8), st.integers(0, 10_000))
def test_lazy_greedy_is_greedy(size: int, count: int, seed: int) -> None:
    """Each choice adds as much as any other would have added."""
    likenesses = facility.likeness(walk(size, seed))
    chosen: list[int] = []
    for one in facility.greedy(likenesses, range(size), count):
        gains = [facility.value(likenesses, [*chosen, other]) for other in range(size) if other not in chosen]
        assert facility.value(likenesses, [*chosen, one]) == pytest.approx(max(gains), abs=2e-5)
        chosen.append(one)


def test_likeness_is_one_of_doubles_and_falls_with_distance() -> None:
    found = facility.likeness(np.float32([[0.0], [0.0], [1.0], [4.0]]))
    assert found[0].tolist() == [1.0, 1.0, 0.75, 0.0]
    assert facility.likeness(np.ones((3, 2), np.float32)).tolist() == np.ones((3, 3)).tolist()


def test_frames_that_are_all_alike_are_spread_in_time() -> None:
    found = facility.greedy(facility.likeness(np.ones((21, 3), np.float32)), range(21), 3)
    assert sorted(found) == [0, 10, 20]


@quick
@given(films())
def test_a_choice_keeps_its_promises(film: dict) -> None:
    usable = free(film)
    if not usable:
        with pytest.raises(FilmRecoveryError, match="No frame can be a pair"):
            made(film)
        return
    choice = made(film)
    pairs = [pair.source for pair in choice.pairs]
    assert len(pairs) == len(set(pairs)) == min(film["count"], len(usable))
    assert pairs == sorted(pairs) and set(pairs) <= set(usable)
    for pair in (*choice.pairs, *choice.hold_out):
        low, high = film["shots"][pair.shot - 1]
        assert low <= pair.source <= high and pair.reference == film["partners"][pair.source]
        assert pair.part or pair.reason
    assert sum(pair.stands_for for pair in choice.pairs) == len(set(film["vectors"]) - set(film["excluded"]))
    assert 0 <= choice.value <= 1
    assert bool(choice.notes) == (
        len(pairs) < film["count"]
        or len(choice.hold_out) < max(1, film["count"] // 4)
        or len({pair.shot for pair in choice.pairs}) < len(film["shots"])
    )


@quick
@given(films())
def test_a_hold_out_is_near_the_pairs_and_none_of_them(film: dict) -> None:
    if not free(film):
        return
    choice = made(film)
    pairs = {pair.source: pair.shot for pair in choice.pairs}
    for held in choice.hold_out:
        assert held.source in free(film) and held.source not in pairs
        assert min(abs(held.source - pair) for pair in pairs) >= LEAST_APART
        assert held.shot in pairs.values()
        for pair in pairs:
            assert not np.array_equal(film["vectors"][pair], film["vectors"][held.source])


@quick
@given(films(), st.randoms(use_true_random=False))
def test_the_same_film_gives_the_same_choice(film: dict, random: object) -> None:
    if not free(film):
        return
    frames = list(film["vectors"])
    random.shuffle(frames)  # type: ignore[attr-defined]
    assert made(film) == made(film, vectors={frame: film["vectors"][frame] for frame in frames})


@quick
@given(films(), st.data())
def test_the_operators_own_pairs_stay(film: dict, data: st.DataObject) -> None:
    frames = sorted(film["vectors"])
    own = data.draw(st.lists(st.sampled_from(frames), unique=True, max_size=min(3, film["count"])))
    kept = [(frame, frame + 7) for frame in own]
    if not free(film) and not own:
        return
    choice = made(film, kept=kept)
    assert {(pair.source, pair.reference) for pair in choice.pairs if pair.own} == set(kept)
    assert len(choice.pairs) == min(film["count"], len(set(free(film)) | set(own)))
    overruled = [note for note in choice.notes if "operator's own" in note]
    assert len(overruled) == len(set(own) & set(film["excluded"]))
    assert all(note.endswith("(limit 0.06).") for note in overruled)


def test_one_shot_has_its_ends_and_its_middle() -> None:
    vectors = dict(enumerate(walk(200, 3)))
    choice = choose(vectors, [(0, 199)], {frame: frame for frame in vectors}, 7)
    parts = {pair.part: pair.source for pair in choice.pairs}
    assert [pair.part for pair in choice.pairs].count("middle") == 2
    assert parts["beginning"] < 25 and parts["end"] >= 175 and len(choice.pairs) == 7


def test_every_shot_has_a_pair_and_one_that_moves_has_more() -> None:
    """Two still shots, and one of the same length in which everything changes."""
    still = np.float32([[9, 0], [0, 9]]) + np.zeros((60, 1, 2), np.float32)
    moving = np.stack([np.linspace(-9, 9, 60), np.full(60, -5)], axis=1).astype(np.float32)
    vectors = dict(enumerate(np.concatenate([still[:, 0], moving, still[:, 1]])))
    shots = [(0, 59), (60, 119), (120, 179)]
    choice = choose(vectors, shots, {frame: frame for frame in vectors}, 8)
    assert [sum(pair.shot == number for pair in choice.pairs) for number in (1, 2, 3)] == [1, 6, 1]
    assert {pair.part for pair in choice.pairs} == {"most typical", "adds most"}


@quick
@given(films())
def test_every_shot_that_can_has_a_pair(film: dict) -> None:
    usable = free(film)
    if not usable:
        return
    choice = made(film)
    able = {n for n, (low, high) in enumerate(film["shots"], 1) if any(low <= one <= high for one in usable)}
    shown = {pair.shot for pair in choice.pairs}
    assert shown <= able and len(shown) == min(len(able), film["count"])


def test_chosen_frames_stand_for_more_than_even_ones() -> None:
    """By its own measure the choice is better than frames at even distances."""
    shots = [(0, 39), (40, 79), (80, 119)]
    for seed in range(12):
        vectors = dict(enumerate(walk(120, seed)))
        choice = choose(vectors, shots, {frame: frame for frame in vectors}, 10)
        likenesses = facility.likeness(np.stack(list(vectors.values())))
        even = [round(float(place)) for place in np.linspace(0, 119, 10)]
        assert choice.value > facility.value(likenesses, even) / 120


def test_what_is_shown_counts_not_where_it_stands() -> None:
    """Three looks, one of them for ten frames only: three pairs show all three."""
    looks = np.repeat(np.float32([[0, 0], [9, 0], [0, 9]]), (60, 10, 30), axis=0)
    looks += np.random.default_rng(1).normal(0, 0.05, looks.shape).astype(np.float32)
    vectors = dict(enumerate(looks))
    likenesses = facility.likeness(looks)
    assert {int(np.digitize(one, (60, 70))) for one in facility.greedy(likenesses, range(100), 3)} == {
        0,
        1,
        2,
    }
    uniform = facility.value(likenesses, [0, 50, 99]) / 100
    choice = choose(vectors, [(0, 99)], {frame: frame for frame in vectors}, 5)
    assert any(60 <= pair.source < 70 for pair in choice.pairs)
    assert choice.value > uniform


def test_two_hold_outs_of_a_repeated_frame_are_none() -> None:
    """Frames that all show the same leave nothing to be judged on."""
    vectors = dict.fromkeys(range(40), np.zeros(3, np.float32))
    choice = choose(vectors, [(0, 39)], {frame: frame for frame in vectors}, 4)
    assert [pair.source for pair in choice.pairs][::3] == [0, 39] or len(choice.pairs) == 4
    assert choice.hold_out == () and "0 of 1 hold-outs" in choice.notes[0]


def test_counts_of_the_workflow() -> None:
    assert [usual_count(scope, 1, 1000) for scope in COUNTS] == [4, 12, 24]
    assert usual_count("scene", 5, 1000) == 20 and usual_count("scene", 40, 1000) == 24
    assert usual_count("shot", 1, 3) == 3
    assert [scope_of(shots) for shots in (0, 1, 2, 6, 7)] == ["shot", "shot", "scene", "scene", "sequence"]
    assert [next_count(count) for count in (0, 4, 7, 11, 12)] == [4, 7, 11, 17, 18]
    with pytest.raises(UsageError, match="no scope reel"):
        usual_count("reel", 1, 10)


@quick
@given(films(), st.data())
def test_a_pair_keeps_its_distance_from_hold_outs_that_stay(film: dict, data: st.DataObject) -> None:
    held = data.draw(st.sampled_from(sorted(film["vectors"])))
    apart = [frame for frame in free(film) if abs(frame - held) >= LEAST_APART]
    if not apart:
        return
    choice = made(film, kept_hold_out=[(held, held)])
    assert len(choice.pairs) == min(film["count"], len(apart))
    assert all(abs(pair.source - held) >= LEAST_APART for pair in choice.pairs)


def test_the_operators_pairs_may_lie_outside_what_is_looked_at() -> None:
    vectors = dict(enumerate(walk(30, 1)))
    partners = {frame: frame for frame in vectors}
    kept = [(frame, frame) for frame in (100, 110, 120, 130)]
    choice = choose(vectors, [(0, 29)], partners, 4, kept=kept)
    assert [(pair.source, pair.stands_for) for pair in choice.pairs] == [(frame, 0) for frame, _ in kept]
    assert choice.value == 0 and "1 of 1 shots have no pair" in choice.notes[0]
    with pytest.raises(FilmRecoveryError, match="No frame can be a pair"):
        choose(vectors, [(0, 29)], partners, 5, kept=kept, excluded=dict.fromkeys(vectors, "flash"))


def test_fewer_pairs_than_the_operators_own_are_refused() -> None:
    vectors = dict(enumerate(walk(10, 1)))
    with pytest.raises(UsageError, match="2 are the operator's own"):
        choose(vectors, [(0, 9)], {}, 1, kept=[(1, 1), (2, 2)])


def test_a_training_draws_a_pair_by_the_frames_that_it_stands_for() -> None:
    assert drawn_often([50, 10, 20, 20]) == (8, 2, 3, 3)
    assert drawn_often([400, 1]) == (8, 1)  # never none at all
    assert drawn_often([9, 9, 9]) == ()
    assert drawn_often([9, 0]) == ()  # one that nobody measured
    assert drawn_often([]) == ()
