"""Models of every kind under one door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery.engine.opening import models_in, open_model, values_of
from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.checkpoint import checkpoints
from film_recovery.learning.export import card_for, save_model
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.models import build
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.settings import Settings
from film_recovery.learning.state import State

torch.set_num_threads(1)
PICTURE = np.random.default_rng(2).random((33, 41, 3)).astype(np.float32)


def base_of(recipe: str) -> ClosedForm:
    if recipe == "spatial":
        return LumaFilter("srgb", 5, 2)
    return ColourPolynomial("srgb", 3, recipe)


def trained(folder: Path, recipe: str, preset: str = "small", position: bool = False) -> torch.nn.Module:
    """A run folder with one checkpoint, whose averaged weights are not those of its last step; the averaged model."""
    settings = Settings(10, preset, patch=32, position=position)
    model = build(None if preset == "nafnet32" else base_of(recipe), settings, recipe=recipe, curve="srgb")
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.01 * torch.randn(parameter.shape, generator=generator)
    state = State(model, settings, {"pair 1": "ab"}, folder / "checkpoints", 10_000)
    state.step = 7
    with torch.no_grad():
        for value in state.average.weights.values():
            value.mul_(0.9)
    state.save()
    state.average.copy_to(model)
    return model.eval()


@pytest.mark.parametrize(
    ("recipe", "position"), [("colour", False), ("spatial", False), ("paired", False), ("colour", True)]
)
def test_a_checkpoint_is_its_averaged_network(tmp_path: Path, recipe: str, position: bool) -> None:
    model = trained(tmp_path / "a_run", recipe, position=position)
    (path,) = checkpoints(tmp_path / "a_run" / "checkpoints")
    found = open_model(path)
    assert (found.card.recipe, found.card.curve, found.takes) == (recipe, "srgb", "linear")
    assert (found.name, found.step, found.card.steps, found.card.preset) == ("step 7", 7, 7, "small")
    assert dict(found.card.pair_hashes) == {"pair 1": "ab"} and found.card.patch == 32
    planes = torch.from_numpy(PICTURE.transpose(2, 0, 1))[None]
    with torch.no_grad():
        expected = model(planes)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found.run(PICTURE, "linear"), expected, atol=1e-5)
    assert np.abs(expected - PICTURE).max() > 1e-3  # it does something


def test_a_run_folder_is_its_finished_model_or_its_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "colour_run"
    trained(folder, "colour")
    assert open_model(folder).step == 7
    closed = base_of("colour")
    save_model(closed, folder / "closed_form.pt", card_for(closed))
    save_model(closed, tmp_path / "colour.pt", card_for(closed, steps=10))
    assert [path.name for path in models_in(folder)] == ["closed_form.pt", "step_0000007.ckpt", "colour.pt"]
    assert open_model(folder).card.steps == 10
    with pytest.raises(FilmRecoveryError, match="no model and no checkpoint"):
        models_in(_empty(tmp_path))


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.slow
def test_published_weights_run_with_a_curve_that_somebody_names(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Nafnet()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(("beta", "gamma")):
                parameter.fill_(0.02)
    path = tmp_path / "published.pth"
    torch.save({"params": network.state_dict()}, path)
    with pytest.raises(FilmRecoveryError, match="do not say what they are fed"):
        open_model(path)
    found = open_model(path, "none")
    assert (found.card.recipe, found.card.preset, found.takes) == ("paired", "nafnet32", "encoded")
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(PICTURE.transpose(2, 0, 1))[None])[0].permute(1, 2, 0)
    # Smaller than the window of local pooling, so both poolings are the same.
    np.testing.assert_allclose(found.run(PICTURE, "encoded"), expected.numpy(), atol=1e-4)


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="no such model"):
        open_model(tmp_path / "absent.onnx")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"x")
    with pytest.raises(FilmRecoveryError, match="This is no model"):
        open_model(other)
    bad = tmp_path / "bad.ckpt"
    bad.write_bytes(b"PK\x03\x04 no")
    with pytest.raises(FilmRecoveryError, match="checkpoint cannot be used"):
        open_model(bad)
    with pytest.raises(FilmRecoveryError, match="no curve 'log'"):
        open_model(bad, "log")


def test_what_files_hold() -> None:
    assert values_of(Path("a.EXR")) == "linear"
    assert [values_of(Path(f"a.{kind}")) for kind in ("png", "tif", "JPG")] == ["encoded"] * 3
    assert values_of(Path("a.exr"), "encoded") == "encoded"
    with pytest.raises(FilmRecoveryError, match="DPX"):
        values_of(Path("a.dpx"))
    with pytest.raises(FilmRecoveryError, match="'log'"):
        values_of(Path("a.png"), "log")
