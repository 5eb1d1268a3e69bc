"""The trainer never loses a step: stopped or killed anywhere, resumed, it ends with the same bytes."""

from __future__ import annotations

import errno
import io
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma
from film_recovery.learning import checkpoint as checkpoint_module
from film_recovery.learning.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from film_recovery.learning.linear_filter import LumaFilter, fit_linear_filter
from film_recovery.learning.network import Recovery
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.tiling import apply
from film_recovery.learning.trainer import (
    CHECKPOINTS_KEPT,
    TrainingStopped,
    Watch,
    load_weights,
    new_model,
    pair_hashes,
    train_network,
)

SETTINGS = Settings(steps=12, patch=16, batch=2, seed=3)


def make_pairs(count: int = 3) -> list[Pair]:
    random = np.random.default_rng(1)
    pairs = []
    for number in range(count):
        truth = random.random((40, 44, 3)).astype(np.float32)
        source = (truth + np.roll(truth, 1, axis=1)) / 2
        pairs.append(Pair(source, truth, f"pair {number}"))
    return pairs


def run(
    folder: Path,
    settings: Settings = SETTINGS,
    pairs: list[Pair] | None = None,
    *,
    stop_after: int = 0,
    resume: bool = False,
    **options: object,
) -> Recovery:
    pairs = pairs or make_pairs()
    seen: list[int] = []
    watch = Watch(step=lambda step, terms, rate: seen.append(step), stop=lambda: seen[-1] == stop_after)
    model = new_model(LumaFilter("srgb", 3, 1), pairs, settings)
    return train_network(
        model,
        pairs,
        settings,
        folder,
        hashes=pair_hashes(pairs),
        resume=resume,
        **{"checkpoint_every": 5, "watch": watch, **options},
    )


def weights(model: Recovery) -> bytes:
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


def test_training_learns_what_the_closed_form_cannot(tmp_path, spatial_pair, psnr):
    """Luma that was lost where red was strong: a filter on luma cannot know; the network sees the colour."""

    def damaged(name: str) -> Pair:
        truth = spatial_pair(name).truth
        loss = 0.4 * np.clip(truth[..., :1] - truth[..., 2:], 0, 0.5)
        return Pair(truth - (luma(truth) * loss[..., 0])[..., None], truth, name)

    pairs, held_out = [damaged("astronaut.png"), damaged("chelsea.png")], damaged("coffee.png")
    base = fit_linear_filter(pairs)
    settings = Settings(steps=120, patch=32, batch=4)
    model = new_model(base, pairs, settings)
    train_network(model, pairs, settings, tmp_path, hashes={})
    scores = [
        psnr(luma(apply(module, held_out.input, radius=module.radius)), luma(held_out.truth))
        for module in (base, model)
    ]
    assert scores[1] > scores[0] + 1.0


@pytest.mark.parametrize("stop_after", [1, 4, 5, 11])
def test_stopped_and_resumed_ends_as_if_it_had_run_through(tmp_path, stop_after):
    through = weights(run(tmp_path / "through"))
    with pytest.raises(TrainingStopped) as stopped:
        run(tmp_path / "stopped", stop_after=stop_after)
    assert stopped.value.step == stop_after
    assert weights(run(tmp_path / "stopped", resume=True)) == through
    other = run(tmp_path / "other", replace(SETTINGS, seed=4))
    assert weights(other) != through


CODE = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_trainer
from film_recovery.learning.trainer import Watch
test_trainer.run(Path(sys.argv[2]), resume=True, checkpoint_every=1,
    watch=Watch(step=lambda step, terms, rate: print(step, flush=True)))
"""


def test_killed_at_random_moments_and_resumed_ends_with_the_same_bytes(tmp_path):
    through = weights(run(tmp_path / "through"))
    command = [sys.executable, "-c", CODE, str(Path(__file__).parent), str(tmp_path / "killed")]
    for steps, delay in ((2, 0.0), (3, 0.017)):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(steps):
                assert process.stdout is not None
                assert process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        # One more than are kept, where the kill came between writing the newest and removing the oldest.
        assert 0 < len(checkpoints(tmp_path / "killed")) <= CHECKPOINTS_KEPT + 1
    assert weights(run(tmp_path / "killed", resume=True)) == through
    assert len(checkpoints(tmp_path / "killed")) == CHECKPOINTS_KEPT


def test_the_last_checkpoints_are_kept_and_nothing_else(tmp_path):
    run(tmp_path, checkpoint_every=2)
    names = ["step_0000008.ckpt", "step_0000010.ckpt", "step_0000012.ckpt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_milestones_are_kept_and_looked_at_besides_and_change_no_weight(tmp_path):
    """Also where a milestone is no multiple of the steps between two checkpoints, or two looks."""
    seen: list[int] = []
    watch = Watch(look=lambda step, model: seen.append(step), every=6)
    through = weights(run(tmp_path / "through", checkpoint_every=2))
    with pytest.raises(TrainingStopped):
        run(tmp_path / "stopped", checkpoint_every=2, milestone_every=3, stop_after=7)
    again = run(tmp_path / "stopped", checkpoint_every=2, milestone_every=3, resume=True, watch=watch)
    assert weights(again) == through
    kept = [path.name for path in checkpoints(tmp_path / "stopped")]
    assert kept == [f"step_{step:07d}.ckpt" for step in (3, 6, 9, 10, 12)]
    assert seen == [9, 12]
    assert load_checkpoint(tmp_path / "stopped" / kept[0]).step == 3


def test_what_was_kept_at_another_interval_stays(tmp_path):
    """A stopped training goes on with rarer checkpoints: what is there to choose from is not taken away."""
    with pytest.raises(TrainingStopped):
        run(tmp_path, checkpoint_every=1, milestone_every=2, stop_after=7)
    run(tmp_path, checkpoint_every=1, milestone_every=5, resume=True)
    kept = [int(path.stem[5:]) for path in checkpoints(tmp_path)]
    assert kept == [2, 4, 5, 6, 8, 10, 11, 12]
    assert load_checkpoint(checkpoints(tmp_path)[-1]).milestones == [2, 5]


def test_slow_steps_are_kept_by_the_clock_and_no_weight_depends_on_it(tmp_path):
    run(tmp_path / "clock", checkpoint_every=100, checkpoint_seconds=0.0)
    assert [path.name for path in checkpoints(tmp_path / "clock")] == [
        f"step_{step:07d}.ckpt" for step in (10, 11, 12)
    ]
    other = run(tmp_path / "other", checkpoint_every=100)
    assert [path.name for path in checkpoints(tmp_path / "other")] == ["step_0000012.ckpt"]
    assert weights(other) == weights(run(tmp_path / "clock", resume=True))


def test_looking_changes_nothing(tmp_path):
    seen: list[int] = []

    def look(step: int, model: Recovery) -> None:
        seen.append(step)
        apply(model, make_pairs()[0].input, radius=model.radius)
        torch.rand(3)

    watch = Watch(look=look, every=5)
    assert weights(run(tmp_path / "a", watch=watch)) == weights(run(tmp_path / "b"))
    assert seen == [5, 10, 12]


def test_a_folder_with_checkpoints_is_not_begun_again(tmp_path):
    run(tmp_path)
    with pytest.raises(FilmRecoveryError, match="holds the checkpoints of a training"):
        run(tmp_path)


def test_resuming_with_other_settings_names_them(tmp_path):
    run(tmp_path)
    changed = replace(SETTINGS, steps=20, learning_rate=1e-4, loss={"charbonnier": 1.0})
    with pytest.raises(
        FilmRecoveryError, match=r"learning_rate 0\.\d+ → 0\.0001, loss .*charbonnier.*, steps 12 → 20"
    ):
        run(tmp_path, changed, resume=True)


def test_resuming_with_other_pairs_names_them(tmp_path):
    run(tmp_path)
    pairs = make_pairs()
    pairs[1] = replace(pairs[1], input=pairs[1].input * np.float32(1.0001))
    with pytest.raises(FilmRecoveryError, match=r"pairs changed: pair 1\."):
        run(tmp_path, pairs=pairs, resume=True)
    with pytest.raises(FilmRecoveryError, match=r"pairs changed: pair 3\."):
        run(tmp_path, pairs=make_pairs(4), resume=True)


def test_resuming_another_network_is_refused(tmp_path):
    run(tmp_path)
    file = checkpoints(tmp_path)[-1]
    state = load_checkpoint(file)
    smaller = {name: value for name, value in state.model.items() if "middle" not in name}
    save_checkpoint(tmp_path, replace(state, model=smaller), 3)
    with pytest.raises(FilmRecoveryError, match="does not fit this network"):
        run(tmp_path, resume=True)


def test_fine_tuning_takes_the_weights_and_nothing_else(tmp_path):
    trained = run(tmp_path / "first")
    settings = replace(SETTINGS, steps=3, seed=9)
    model = new_model(LumaFilter("srgb", 5, 2), make_pairs(2), settings)
    load_weights(model, checkpoints(tmp_path / "first")[-1])
    assert torch.equal(model.network.ending.weight, trained.network.ending.weight)
    assert model.base.reach == 2
    deeper = new_model(LumaFilter("srgb", 5, 2), make_pairs(), replace(SETTINGS, preset="medium"))
    with pytest.raises(FilmRecoveryError, match="does not fit this network"):
        load_weights(deeper, checkpoints(tmp_path / "first")[-1])


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    return bytes(changed)


class _Attack:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("touch attacked",)


def _attack(data: bytes) -> bytes:
    return pickle.dumps(_Attack())


def _archived_attack(data: bytes) -> bytes:
    buffer = io.BytesIO()
    torch.save({"schema": checkpoint_module.SCHEMA, "step": _Attack()}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("damage", [_cut, _flipped, _attack, _archived_attack, lambda data: b""])
def test_a_damaged_or_foreign_checkpoint_is_an_error_and_never_a_fresh_start(tmp_path, monkeypatch, damage):
    monkeypatch.chdir(tmp_path)
    run(tmp_path)
    file = checkpoints(tmp_path)[-1]
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(FilmRecoveryError, match="checkpoint cannot be used") as caught:
        run(tmp_path, resume=True)
    assert caught.value.where["file"] == str(file)
    assert not Path("attacked").exists()


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    through = weights(run(tmp_path / "through"))
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(TrainingStopped):
        run(tmp_path / "full", stop_after=7)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FilmRecoveryError, match="No space left") as caught:
        run(tmp_path / "full", resume=True)
    assert "free space" in caught.value.remedy
    monkeypatch.setattr(os, "fsync", real)
    assert [path.name for path in checkpoints(tmp_path / "full")][-1] == "step_0000007.ckpt"
    assert weights(run(tmp_path / "full", resume=True)) == through


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path):
    with pytest.raises(FilmRecoveryError, match="loss is not finite at step"):
        run(tmp_path, replace(SETTINGS, steps=60, learning_rate=1e30))


def test_the_learning_rate_warms_up_and_falls_as_a_cosine():
    settings = Settings(steps=100, learning_rate=1.0)
    rates = [settings.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5, abs=0.01)
    assert rates[-1] == pytest.approx(1e-3)
    assert Settings(steps=10_000, learning_rate=1.0).rate(99) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"preset": "huge"}, "no network 'huge'"),
        ({"patch": 8}, "patch is 8"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"loss": {"lpips": 1.0}}, "no loss 'lpips'"),
    ],
)
def test_settings_that_cannot_be_are_named(options, words):
    with pytest.raises(FilmRecoveryError, match=words):
        Settings(**{"steps": 10, **options})


def test_a_patch_larger_than_a_pair_is_refused():
    with pytest.raises(FilmRecoveryError, match="pair 0: a patch of 64"):
        new_model(LumaFilter("srgb", 3, 1), make_pairs(), replace(SETTINGS, patch=64))
