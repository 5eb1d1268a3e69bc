"""The device is the one that was asked for, or an error; bfloat16 is for the network only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import device as devices
from film_recovery.learning import tiling
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import new_model, train_network
from film_recovery.learning.workers import Workers


def make_pairs() -> list[Pair]:
    truths = np.random.default_rng(1).random((2, 40, 44, 3)).astype(np.float32)
    return [Pair((truth + np.roll(truth, 1, axis=1)) / 2, truth, str(n)) for n, truth in enumerate(truths)]


def test_an_unknown_device_is_named():
    with pytest.raises(FilmRecoveryError, match="no device 'gpu'"):
        devices.choose("gpu")


def test_a_card_that_is_not_there_is_an_error_and_never_the_processor(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name, words in (("cuda", "No NVIDIA card"), ("mps", "No Apple card")):
        with pytest.raises(FilmRecoveryError, match=words):
            devices.choose(name)
    assert devices.choose("auto") == torch.device("cpu")


def test_each_process_takes_a_card_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose("auto", Workers(3, 4, local=1, here=2)) == torch.device("cuda", 1)
    with pytest.raises(FilmRecoveryError, match="3 NVIDIA cards are needed, 2 can be used"):
        devices.choose("cuda", Workers(0, 3, local=0, here=3))
    assert devices.choose("auto", Workers(0, 3, local=0, here=3)) == torch.device("cpu")


def test_bfloat16_reaches_the_network_and_nothing_else():
    pairs = make_pairs()
    model = new_model(fit_linear_filter(pairs), pairs, Settings(1, patch=32))
    torch.nn.init.normal_(model.network.ending.weight, std=0.02)
    picture = torch.from_numpy(pairs[0].input.transpose(2, 0, 1)[None].copy())
    seen = []
    handles = [
        model.network.ending.register_forward_hook(lambda module, given, result: seen.append(result.dtype)),
        model.network.register_forward_hook(lambda module, given, result: seen.append(result.dtype)),
    ]
    plain = model(picture)
    with devices.mixed(model.network, torch.device("cpu"), "bf16"):
        mixed = model(picture)
    after = model(picture)
    for handle in handles:
        handle.remove()
    assert seen == [torch.float32, torch.float32, torch.bfloat16, torch.float32, torch.float32, torch.float32]
    assert torch.equal(after, plain)
    assert 0 < (mixed - plain).abs().max() < 0.05
    chroma = [(result - picture)[:, 0] - (result - picture)[:, 2] for result in (plain, mixed)]
    assert all(part.abs().max() < 1e-6 for part in chroma)  # the lock holds in both


def test_a_training_in_bfloat16_is_another_one_and_resumes_as_such(tmp_path):
    pairs = make_pairs()
    found = []
    for amp in ("off", "bf16"):
        settings = Settings(3, patch=16, batch=2, amp=amp)
        model = new_model(fit_linear_filter(pairs), pairs, settings)
        train_network(model, pairs, settings, tmp_path / amp, hashes={})
        found.append(model.network.ending.weight.detach().clone())
    assert found[1].dtype == torch.float32
    assert 0 < (found[0] - found[1]).abs().max() < 0.01
    other = Settings(3, patch=16, batch=2)
    with pytest.raises(FilmRecoveryError, match="amp bf16 → off"):
        train_network(
            new_model(fit_linear_filter(pairs), pairs, other),
            pairs,
            other,
            tmp_path / "bf16",
            hashes={},
            resume=True,
        )


def test_everything_in_a_checkpoint_is_the_processors():
    value = {"a": torch.zeros(2, requires_grad=True), "b": [torch.ones(1), {"c": (1, "x")}]}
    found = devices.on_cpu(value)
    assert not found["a"].requires_grad
    assert found["b"][1] == {"c": (1, "x")}


class Elsewhere(torch.nn.Module):
    """Lies on torch's ``meta`` device, which every machine has; what it makes, it makes on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.Buffer(torch.ones(3, device="meta"))
        self.seen: list[str] = []

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        self.seen.append(rgb.device.type)
        return torch.ones(rgb.shape)


class ElsewherePlaced(Elsewhere):
    def placed(self, rgb: torch.Tensor, coordinates: torch.Tensor) -> torch.Tensor:
        self.seen.append(coordinates.device.type)
        return self(rgb)


def test_a_picture_goes_where_the_model_lies_and_comes_back():
    for model, calls in ((Elsewhere(), 4), (ElsewherePlaced(), 8)):
        result = tiling.apply(model, make_pairs()[0].input, tile=32, radius=0)
        assert np.array_equal(result, np.ones((40, 44, 3), np.float32))
        assert model.seen == ["meta"] * calls
    assert devices.device_of(Elsewhere()) == torch.device("meta")
    assert devices.device_of(torch.nn.Identity()) == torch.device("cpu")
    assert devices.device_of(torch.jit.script(torch.nn.Conv2d(1, 1, 1))) == torch.device("cpu")
