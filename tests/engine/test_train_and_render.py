"""Pairs from a graph, a model from pairs, frames from the model: the main job, small."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery import engine, nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.training import train
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import Box
from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning import export


def trained(film) -> Path:
    script = film.script()
    train(Evaluator(nk.load(script)), model=film.model)
    return script


def rendered(script: Path, frames=(2, 4)) -> rendering.Rendered:
    evaluator = Evaluator(nk.load(script))
    models = engine.model_hashes(evaluator, "Write_Recovered")
    return rendering.render(evaluator, "Write_Recovered", frames, job=models)


def test_pairs_come_from_the_copycat_node_in_order(film) -> None:
    evaluator = Evaluator(nk.load(film.script()))
    pairs = CopyCatPairs(evaluator, evaluator.script.node("CopyCat1"))
    assert len(pairs) == 4
    left, bottom, right, top = film.spec.live_area
    assert pairs[0].input.shape == (top - bottom, right - left, 3)
    third = evaluator.frame("Read_Source", 5).rgb(Box(*film.spec.live_area))[::-1]
    np.testing.assert_array_equal(pairs[2].input, np.clip(third, 0, 1))


def test_training_beats_doing_nothing_and_says_so(film) -> None:
    result = train(Evaluator(nk.load(film.script())), model=film.model)
    assert result.recipe == film.spec.recipe
    assert result.curve == "srgb"
    assert result.psnr_fit > result.psnr_input + 1.5
    assert result.psnr_held_out > result.psnr_input + 1.5
    assert export.load_model(film.model).card.recipe == film.spec.recipe


def test_the_locked_channels_come_back_from_disk_unchanged(film) -> None:
    script = trained(film)
    result = rendered(script)
    assert result.written == (2, 4)
    evaluator = Evaluator(nk.load(script))
    for number, path in zip((2, 4), result.files, strict=True):
        source = evaluator.frame("Read_Source", number).rgb(Box(*film.spec.live_area))
        recovered = read_frame(path).rgb(Box(*film.spec.live_area))
        recovered = evaluator.root.config.convert(recovered, "aces_interchange", "scene_linear")
        measure, changed = (chroma, luma) if film.spec.recipe == "spatial" else (luma, chroma)
        assert np.abs(measure(recovered) - measure(source)).max() <= 1e-3
        assert np.abs(changed(recovered) - changed(source)).max() > 1e-2


def test_two_renders_and_a_resumed_one_give_the_same_bytes(spatial_film) -> None:
    script = trained(spatial_film)
    first = rendered(script, (1, 2, 3))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in first.files]
    assert rendered(script, (1, 2, 3)).kept == (1, 2, 3)
    first.files[1].unlink()
    again = rendered(script, (1, 2, 3))
    assert again.written == (2,)
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in again.files] == digests


def test_an_identity_model_returns_its_input_exactly(spatial_film) -> None:
    class Identity(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    spatial_film.model.parent.mkdir()
    card = export.ModelCard(recipe="spatial", kind="Identity", curve="none")
    export.save_model(Identity(), spatial_film.model, card)
    for method in ("matrix", "Colorspace"):
        for recipe in ("spatial", "colour"):
            evaluator = Evaluator(nk.load(spatial_film.script(method=method, recipe=recipe)))
            area = Box(*spatial_film.spec.live_area)
            source = evaluator.frame("Read_Source", 3).rgb(area)
            recovered = evaluator.frame("FR_Inference1", 3)
            assert recovered.bbox == area
            np.testing.assert_array_equal(recovered.rgb(), source)


def test_pairs_of_different_length_are_refused(spatial_film) -> None:
    reads = "".join(
        f"Read {{\n inputs 0\n file {spatial_film.spec.source.file}\n first {first}\n last 8\n name Side{first}\n}}\n"
        for first in (3, 5)
    )
    script = nk.parse(f"{reads}CopyCat {{\n inputs 2\n name CopyCat1\n}}\n")
    with pytest.raises(FilmRecoveryError, match="Input has frames 5-8, GroundTruth 3-8"):
        CopyCatPairs(Evaluator(script), script.node("CopyCat1"))


def test_a_raw_side_and_a_converted_side_are_refused(spatial_film) -> None:
    script = nk.load(spatial_film.script())
    script.node("Read_Reference").set("raw", "true")
    with pytest.raises(FilmRecoveryError, match="different domains: Read_Reference"):
        train(Evaluator(script), model=spatial_film.model)


def test_a_cat_without_a_sidecar_runs_only_in_nuke(spatial_film) -> None:
    script = spatial_film.script()
    Path(spatial_film.spec.model_file).parent.mkdir()
    Path(spatial_film.spec.model_file).write_bytes(b"a real .cat is opaque")
    with pytest.raises(FilmRecoveryError, match="runs only in Nuke"):
        Evaluator(nk.load(script)).frame("FR_Inference1", 2)


def test_a_model_is_never_written_among_the_elements(spatial_film) -> None:
    script = nk.load(spatial_film.script())
    with pytest.raises(FilmRecoveryError, match="never written to"):
        train(Evaluator(script), model=spatial_film.folder / "elements" / "source" / "model.pt")
