"""A training with a ceiling goes on while its held-out figures improve, ends with the best, and resumes alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.checkpoint import BEST, checkpoints, load_checkpoint
from film_recovery.learning.extension import RoundEnd, best, goal
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import (
    TrainingStopped,
    Watch,
    load_weights,
    new_model,
    pair_hashes,
    train_network,
)

SETTINGS = Settings(steps=12, patch=16, batch=2, seed=3)
LONG = replace(SETTINGS, steps=4, ceiling=12, round_steps=2)


def make_pairs() -> list[Pair]:
    truths = np.random.default_rng(1).random((2, 40, 44, 3)).astype(np.float32)
    return [Pair((truth + np.roll(truth, 1, axis=1)) / 2, truth, str(n)) for n, truth in enumerate(truths)]


def weights(model) -> bytes:
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


def ends(*figures: tuple[float, float]) -> list[RoundEnd]:
    """Round ends of LONG with these ΔE00 and saturations."""
    return [
        RoundEnd(step, {"de00": de00, "sat_ratio_60": saturation})
        for step, (de00, saturation) in zip(LONG.round_ends, figures, strict=False)
    ]


@pytest.mark.parametrize(
    ("history", "end"),
    [
        ([], 4),
        (ends((5, 0.8)), 6),  # nothing to compare with: one round in any case
        (ends((5, 0.8), (4, 0.8)), 8),  # ΔE00 fell
        (ends((5, 0.8), (5, 0.9)), 8),  # only the saturation came nearer
        (ends((5, 1.2), (5, 1.1)), 8),  # from above too
        (ends((5, 0.8), (4.99, 0.801)), 6),  # within the margins: noise
        (ends((5, 0.8), (4, 0.9), (5, 0.8)), 8),  # no better than the best before it
        (ends((5, 0.8), (4, 0.8), (3, 0.8), (2, 0.8), (1, 0.8)), 12),  # the ceiling
    ],
)
def test_it_goes_on_while_saturation_or_colour_difference_improves(history, end):
    assert goal(LONG, history) == end


def test_without_colour_psnr_decides():
    figures = [{"psnr": 30.0, "sat_ratio_60": 1.0}, {"psnr": 30.4, "sat_ratio_60": 1.0}]
    history = [RoundEnd(4, figures[0]), RoundEnd(6, figures[1])]
    assert goal(LONG, history) == 8
    assert goal(LONG, [*history, RoundEnd(8, {"psnr": 30.41})]) == 8


def test_saturation_alone_is_reason_enough_also_where_there_is_no_colour_difference():
    history = [
        RoundEnd(4, {"psnr": 30.0, "sat_ratio_60": 0.8}),
        RoundEnd(6, {"psnr": 30.0, "sat_ratio_60": 0.9}),
    ]
    assert goal(LONG, history) == 8
    assert best(history).step == 6
    assert goal(LONG, [history[1], RoundEnd(6, {"psnr": 30.0, "sat_ratio_60": 0.8})]) == 6


def test_without_a_ceiling_it_ends_after_its_steps():
    plain = replace(SETTINGS, steps=4)
    assert goal(plain, []) == goal(plain, ends((5, 0.8))) == 4


@pytest.mark.parametrize(
    ("figures", "step"),
    [
        ([(5, 0.8)], 4),
        ([(5, 0.8), (4, 0.9)], 6),
        ([(5, 0.8), (4, 0.9), (4.5, 0.9)], 6),
        ([(5, 0.8), (6, 0.9)], 4),  # better in one, worse in the other: the one before stays
        ([(5, 0.8), (4.99, 0.801)], 4),  # within the margins
    ],
)
def test_the_weights_of_the_best_round_end_are_kept(figures, step):
    assert best(ends(*figures)).step == step


# What a look would measure: better until step 6, worse at 8.
FIGURES = {
    step: {"de00": de00, "sat_ratio_60": 0.9, "psnr": 30.0}
    for step, de00 in {2: 9.0, 4: 5.0, 6: 4.0, 8: 4.5}.items()
}


def extended(folder: Path, *, stop_after: int = 0, resume: bool = False, settings: Settings = LONG):
    seen, looked, ended = [], [], []

    def look(step, model):
        looked.append(step)
        return FIGURES[step]

    watch = Watch(
        step=lambda step, terms, rate: seen.append(step),
        look=look,
        every=2,
        stop=lambda: seen[-1] == stop_after,
        end=lambda done, kept: ended.append((done, kept)),
    )
    pairs = make_pairs()
    model = new_model(LumaFilter("srgb", 3, 1), pairs, settings)
    model = train_network(
        model, pairs, settings, folder, hashes=pair_hashes(pairs), resume=resume, watch=watch
    )
    return weights(model), looked, ended


def test_it_ends_with_the_weights_of_the_best_round_and_says_so(tmp_path):
    through, looked, ended = extended(tmp_path / "through")
    assert looked == [2, 4, 6, 8]
    assert ended == [(8, 6)]
    shorter = replace(LONG, ceiling=6)
    assert through == extended(tmp_path / "shorter", settings=shorter)[0]
    assert through != extended(tmp_path / "longer", settings=replace(SETTINGS, steps=8))[0]


@pytest.mark.parametrize("stop_after", [1, 3, 4, 5, 6, 7])
def test_stopped_and_resumed_it_decides_alike(tmp_path, stop_after):
    through = extended(tmp_path / "through")
    with pytest.raises(TrainingStopped) as stopped:
        extended(tmp_path / "stopped", stop_after=stop_after)
    assert stopped.value.step == stop_after
    again = extended(tmp_path / "stopped", resume=True)
    assert (again[0], again[2]) == (through[0], through[2])
    assert again[1] == [step for step in through[1] if step > stop_after]
    assert extended(tmp_path / "stopped", resume=True)[0] == through[0]  # already at its end


def test_another_ceiling_is_another_training(tmp_path):
    extended(tmp_path)
    with pytest.raises(FilmRecoveryError, match="settings changed: ceiling 12 → 20"):
        extended(tmp_path, resume=True, settings=replace(LONG, ceiling=20))


def test_a_ceiling_needs_held_out_pairs(tmp_path):
    pairs = make_pairs()
    model = new_model(LumaFilter("srgb", 3, 1), pairs, LONG)
    with pytest.raises(FilmRecoveryError, match="held-out pairs, and there are none"):
        train_network(model, pairs, LONG, tmp_path, hashes={})


def test_the_best_look_is_kept_as_a_checkpoint_that_names_its_metric(tmp_path):
    extended(tmp_path)
    found = load_checkpoint(tmp_path / BEST)
    assert (found.step, found.best["step"], found.best["metric"]) == (6, 6, "de00")
    assert found.best["figures"]["de00"] == 4.0
    assert BEST not in [path.name for path in checkpoints(tmp_path)]  # a resume goes on from the newest
    model = new_model(LumaFilter("srgb", 3, 1), make_pairs(), LONG)
    load_weights(model, tmp_path / BEST)
    assert weights(model) == extended(tmp_path, resume=True)[0]


def test_the_best_look_is_the_same_after_a_kill(tmp_path):
    extended(tmp_path / "through")
    with pytest.raises(TrainingStopped):
        extended(tmp_path / "stopped", stop_after=7)
    extended(tmp_path / "stopped", resume=True)
    assert load_checkpoint(tmp_path / "stopped" / BEST).step == 6
    last = checkpoints(tmp_path / "stopped")[-1]
    assert load_checkpoint(last).best == load_checkpoint(checkpoints(tmp_path / "through")[-1]).best
