"""Fine-tuning: weights from a checkpoint, a model of ours or a published file, and from nothing else."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import export
from film_recovery.learning.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import new_model, train_network
from film_recovery.learning.weights import load_weights

SETTINGS = Settings(steps=3, patch=16, batch=2)


def make_pairs() -> list[Pair]:
    truths = np.random.default_rng(1).random((2, 40, 44, 3)).astype(np.float32)
    return [Pair((truth + np.roll(truth, 1, axis=1)) / 2, truth, str(n)) for n, truth in enumerate(truths)]


def fresh(**changes):
    return new_model(LumaFilter("srgb", 3, 1), make_pairs(), replace(SETTINGS, seed=9, **changes))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    model = new_model(LumaFilter("srgb", 3, 1), make_pairs(), SETTINGS)
    train_network(model, make_pairs(), SETTINGS, folder, hashes={})
    export.save_model(model, folder / "model.pt", export.card_for(model))
    return folder, model


def test_a_checkpoint_and_the_model_made_of_it_give_the_same_weights(trained):
    folder, model = trained
    for path in (checkpoints(folder)[-1], folder / "model.pt"):
        other = fresh()
        assert not torch.equal(other.network.intro.weight, model.network.intro.weight)
        load_weights(other, path)
        for one, two in zip(other.parameters(), model.parameters(), strict=True):
            assert torch.equal(one, two)


@pytest.mark.parametrize("name", ["model.pt", "step_0000003.ckpt"])
def test_weights_of_another_network_are_refused(trained, name):
    with pytest.raises(FilmRecoveryError, match="does not fit this network"):
        load_weights(fresh(preset="medium"), trained[0] / name)


@pytest.mark.parametrize("name", ["model.pt", "step_0000003.ckpt"])
def test_weights_of_another_preset_name_both(trained, tmp_path, name):
    shutil.copyfile(checkpoints(trained[0])[-1], tmp_path / "step_0000003.ckpt")
    card = export.card_for(trained[1], preset="small", patch=16, steps=3)
    export.save_model(trained[1], tmp_path / "model.pt", card)
    with pytest.raises(FilmRecoveryError, match=r"network small; the network that is trained is medium\."):
        load_weights(fresh(preset="medium"), tmp_path / name, "medium")
    load_weights(fresh(), tmp_path / name, "small")


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FilmRecoveryError, match=r"no such file .*gone\.ckpt"):
        load_weights(fresh(), tmp_path / "gone.ckpt", "small")


def test_a_model_that_its_sidecar_does_not_describe_is_refused(trained, tmp_path):
    for suffix in ("pt", "json"):
        (tmp_path / f"model.{suffix}").write_bytes((trained[0] / f"model.{suffix}").read_bytes())
    changed = bytearray((tmp_path / "model.pt").read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "model.pt").write_bytes(changed)
    with pytest.raises(FilmRecoveryError, match="not the file that its sidecar describes"):
        load_weights(fresh(), tmp_path / "model.pt")


def test_published_weights_go_into_nafnet32_only(tmp_path):
    torch.manual_seed(1)
    published = Nafnet()
    torch.save({"params": published.state_dict()}, tmp_path / "NAFNet-SIDD-width32.pth")
    settings = replace(SETTINGS, preset="nafnet32")
    model = new_model(None, make_pairs(), settings, recipe="paired")
    load_weights(model, tmp_path / "NAFNet-SIDD-width32.pth")
    assert torch.equal(model.network.ending.weight, published.ending.weight)
    with pytest.raises(FilmRecoveryError, match="no weights of this project"):
        load_weights(fresh(), tmp_path / "NAFNet-SIDD-width32.pth")
    wrong = {**published.state_dict(), "extra": torch.zeros(1)}
    torch.save(wrong, tmp_path / "foreign.pth")
    with pytest.raises(FilmRecoveryError, match="extra is unknown"):
        load_weights(model, tmp_path / "foreign.pth")


class _Attack:
    def __reduce__(self):
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("suffix", [".ckpt", ".pth", ".pt"])
def test_code_in_a_file_of_weights_never_runs(tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    archive = io.BytesIO()
    torch.save({"params": _Attack()}, archive)
    model = new_model(None, make_pairs(), replace(SETTINGS, preset="nafnet32"), recipe="paired")
    for data in (pickle.dumps(_Attack(), 2), archive.getvalue()):
        file = tmp_path / f"weights{suffix}"
        file.write_bytes(data)
        with pytest.raises(FilmRecoveryError, match="cannot be used") as caught:
            load_weights(model, file)
        assert caught.value.where["file"] == str(file)
        assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize(
    "change", [{"step": "3"}, {"model": [1]}, {"settings": None}, {"unknown": 1}, {"schema": "theirs/1"}]
)
def test_a_checkpoint_of_somebody_else_is_refused(trained, tmp_path, change):
    content = torch.load(checkpoints(trained[0])[-1], weights_only=True)
    torch.save({**content, **change}, tmp_path / "step_0000003.ckpt")
    with pytest.raises(FilmRecoveryError, match="checkpoint cannot be used"):
        load_checkpoint(tmp_path / "step_0000003.ckpt")


def test_a_checkpoint_of_an_earlier_version_still_resumes(trained, tmp_path):
    """It has neither the settings nor the fields that came later."""
    folder, model = trained
    content = torch.load(checkpoints(folder)[-1], weights_only=True)
    for name in ("best", "history", "kept", "trained_for"):
        del content[name]
    for name in ("amp", "ceiling", "vflip", "position", "perceptual_sha256"):
        del content["settings"][name]
    torch.save(content, tmp_path / "step_0000003.ckpt")
    again = new_model(LumaFilter("srgb", 3, 1), make_pairs(), SETTINGS)
    train_network(again, make_pairs(), SETTINGS, tmp_path, hashes={}, resume=True)
    assert all(torch.equal(one, two) for one, two in zip(again.parameters(), model.parameters(), strict=True))


def test_resuming_for_another_recipe_is_refused_though_the_weights_would_fit(tmp_path):
    settings = replace(SETTINGS, preset="nafnet32")
    pairs = make_pairs()
    model = new_model(None, pairs, settings, recipe="paired")
    train_network(model, pairs, replace(settings, steps=1), tmp_path, hashes={})
    other = new_model(None, pairs, settings, recipe="colour")
    with pytest.raises(FilmRecoveryError, match="recipe paired → colour"):
        train_network(other, pairs, replace(settings, steps=1), tmp_path, hashes={}, resume=True)


def test_a_checkpoint_keeps_what_it_was_given(trained, tmp_path):
    state = load_checkpoint(checkpoints(trained[0])[-1])
    file = save_checkpoint(tmp_path, replace(state, best={"step": 2, "metric": "psnr"}), 3)
    assert load_checkpoint(file).best == {"step": 2, "metric": "psnr"}
