"""The network from a script or a folder of pairs: its run folder, a stop, a resume, a render."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery import engine, graph, nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.datasets.folder import FolderPairs
from film_recovery.engine.networks import Run, look_every
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.run_folder import read_log
from film_recovery.engine.scores import Measure
from film_recovery.engine.training import Task, curve_display, train, train_pairs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import Box, Frame
from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning import export
from film_recovery.learning.checkpoint import BEST, load_checkpoint
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import TrainingStopped

QUICK = {"steps": 8, "patch": 32, "batch": 2, "look_every": 4}


@pytest.fixture
def hard_film(film):
    """The film, damaged in ways that need more than a closed form: luma that is lost where red is strong, or
    chroma under grain."""
    random = np.random.default_rng(4)
    for number in range(1, 9):
        clean = read_frame(film.folder / "elements" / "reference" / f"reference.{number:04d}.exr")
        rgb = clean.rgb()
        if film.spec.recipe == "spatial":
            damaged = rgb * (1 - 0.4 * np.clip(rgb[..., :1] - rgb[..., 2:], 0, 0.5))
        else:
            grain = random.normal(0, 0.06, rgb.shape)
            damaged = np.clip(rgb + grain - luma(grain)[..., None], 0, 1)
        source = clean.with_pixels(damaged.astype(np.float32))
        write_frame(source, film.spec.source.file.replace("####", f"{number:04d}"), datatype="half")
    return film


def held_out_pairs(film) -> CopyCatPairs:
    script = nk.parse(graph.recovery_graph(replace(film.spec, pairs=[(2, 2), (6, 6)])))
    return CopyCatPairs(Evaluator(script), script.node("CopyCat1"))


def trained(film, **changes):
    options = {**QUICK, "model": film.model, **changes}
    return train(Evaluator(nk.load(film.script())), **options)


@pytest.mark.slow
def test_the_network_beats_its_closed_form_and_the_render_keeps_the_locked_channels(hard_film) -> None:
    film = hard_film
    result = trained(film, steps=120, batch=4, look_every=120, held_out=held_out_pairs(film))
    assert result.steps == 120
    assert result.psnr_held_out == result.held_out["closed_form"]["psnr"]
    assert result.psnr_network > result.psnr_fit
    assert result.held_out["network"]["psnr"] > result.held_out["closed_form"]["psnr"] + 1.0
    assert result.better == "network"
    assert 0.9 < result.held_out["network"]["sat_ratio_60"] < 1.1
    card = export.load_model(film.model).card
    assert (card.kind, card.recipe, card.pairs) == (
        "Recovery",
        film.spec.recipe,
        ("pair 1", "pair 2", "pair 3", "pair 4"),
    )
    assert card.figures["held_out_network_psnr"] == result.held_out["network"]["psnr"]

    evaluator = Evaluator(nk.load(film.script()))
    models = engine.model_hashes(evaluator, "Write_Recovered")
    rendered = rendering.render(evaluator, "Write_Recovered", (2,), job=models)
    source = evaluator.frame("Read_Source", 2).rgb(Box(*film.spec.live_area))
    recovered = read_frame(rendered.files[0]).rgb(Box(*film.spec.live_area))
    recovered = evaluator.root.config.convert(recovered, "aces_interchange", "scene_linear")
    measure, changed = (chroma, luma) if film.spec.recipe == "spatial" else (luma, chroma)
    assert np.abs(measure(recovered) - measure(source)).max() <= 1e-3
    assert np.abs(changed(recovered) - changed(source)).max() > 1e-2


def test_the_run_folder_tells_the_story(film) -> None:
    told: list[dict] = []
    result = trained(film, held_out=held_out_pairs(film), events=lambda event: told.append(dict(event)))
    folder = result.run_folder
    assert folder == film.model.with_name("model.0_run")
    lines = read_log(folder / "log.jsonl")
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, 9))
    assert all(line["terms"] == {"l1": line["loss"]} for line in steps)
    assert result.loss == {"l1": 1.0}
    assert [line["step"] for line in lines if "held_out" in line] == [0, 4, 8]
    closed, last = (
        next(line["held_out"] for line in lines if line["step"] == step and "held_out" in line)
        for step in (0, 8)
    )
    assert closed["psnr"] == pytest.approx(result.held_out["closed_form"]["psnr"], abs=1e-4)
    assert last["psnr"] == pytest.approx(result.held_out["network"]["psnr"], abs=1e-4)
    assert last["sat_ratio_60"] == pytest.approx(result.held_out["network"]["sat_ratio_60"], abs=1e-4)
    for step in (0, 4, 8):
        sheet = read_header(folder / f"contact_sheet_{step:07d}.png").format
        assert (sheet.width, sheet.height) == (4 * 320, 4 * 228)
        preview = read_frame(folder / f"preview_{step:07d}.png")
        assert (preview.format.width, preview.format.height) == (146, 104)
    progress = [event for event in told if "seconds_left" in event]
    assert [event["step"] for event in progress] == list(range(1, 9))
    assert progress[-1]["seconds_left"] == 0
    json.dumps(told)


@pytest.mark.slow
def test_a_milestone_is_kept_measured_and_pictured(spatial_film) -> None:
    """Nobody says how often to look: every fifth of the steps, and at every milestone."""
    trained(spatial_film, steps=14, look_every=None, run_folder=spatial_film.folder / "through")
    through = spatial_film.model.read_bytes()
    folder = spatial_film.folder / "kept"
    options = {"steps": 14, "look_every": None, "checkpoint_every": 1, "milestone_every": 5}
    trained(spatial_film, held_out=held_out_pairs(spatial_film), run_folder=folder, **options)
    kept = [path.name for path in sorted((folder / "checkpoints").glob("step_*"))]
    assert kept == [f"step_{step:07d}.ckpt" for step in (5, 10, 12, 13, 14)]
    looked = [line["step"] for line in read_log(folder / "log.jsonl") if "held_out" in line]
    assert looked == [0, 2, 4, 5, 6, 8, 10, 12, 14]
    for name in ("contact_sheet", "preview"):
        assert [path.name for path in sorted(folder.glob(f"{name}_*"))] == [
            f"{name}_{step:07d}.png" for step in looked
        ]
    assert spatial_film.model.read_bytes() == through


@pytest.mark.parametrize(
    ("steps", "asked", "every"), [(3, None, 1), (400, None, 80), (80_000, None, 10_000), (80_000, 7, 7)]
)
def test_nobody_looks_more_rarely_than_at_milestones(tmp_path, steps, asked, every) -> None:
    run = Run(tmp_path, Measure("colour", "none", curve_display("none")), look_every=asked)
    assert look_every(steps, run) == every


def test_the_closed_form_lies_beside_the_network_as_a_model_of_its_own(film) -> None:
    held_out = held_out_pairs(film)
    result = trained(film, held_out=held_out)
    network = film.model.read_bytes()
    beside = result.run_folder / "closed_form.pt"
    card = export.load_model(beside).card
    assert card.kind == ("LumaFilter" if film.spec.recipe == "spatial" else "ColourPolynomial")
    assert card.figures["held_out_closed_form_psnr"] == result.held_out["closed_form"]["psnr"]
    assert not any("network" in name for name in card.figures)
    trained(film, steps=0, held_out=held_out)
    assert beside.read_bytes() == film.model.read_bytes() != network
    assert export.load_model(film.model).card == card


def test_the_closed_form_of_a_training_is_not_replaced_by_one_that_is_refused(spatial_film) -> None:
    beside = trained(spatial_film).run_folder / "closed_form.pt"
    before = beside.read_bytes(), beside.with_suffix(".json").read_bytes()
    for number in (1, 3, 5, 7):
        clean = spatial_film.folder / "elements" / "reference" / f"reference.{number:04d}.exr"
        frame = read_frame(clean)
        write_frame(frame.with_pixels(frame.pixels * 0.5), clean, datatype="half")
    for resume in (False, True):
        with pytest.raises(FilmRecoveryError):
            trained(spatial_film, resume=resume)
    assert (beside.read_bytes(), beside.with_suffix(".json").read_bytes()) == before


def test_a_file_in_the_place_of_the_closed_form_is_left_alone(spatial_film) -> None:
    foreign = spatial_film.folder / "run" / "closed_form.pt"
    foreign.parent.mkdir()
    foreign.write_text("somebody's")
    with pytest.raises(FilmRecoveryError, match="not a model of this project"):
        trained(spatial_film, run_folder=foreign.parent)
    assert foreign.read_text() == "somebody's"
    assert not spatial_film.model.exists()


def test_stopped_by_sigterm_and_resumed_the_model_has_the_same_bytes(spatial_film) -> None:
    trained(spatial_film, run_folder=spatial_film.folder / "through")
    through = spatial_film.model.read_bytes()

    def terminate_after_three(event) -> None:
        if event.get("seconds_left") and event["step"] == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    run_folder = spatial_film.folder / "stopped"
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(TrainingStopped) as stopped:
        trained(spatial_film, run_folder=run_folder, events=terminate_after_three)
    assert stopped.value.step == 3
    assert signal.getsignal(signal.SIGTERM) is before
    spatial_film.model.unlink()
    spatial_film.model.with_suffix(".json").unlink()
    with open(run_folder / "log.jsonl", "a", encoding="utf-8") as log:
        log.write('{"step": 4, "loss": 1, "seconds": 9}\n{"step": 5, "lo')  # what a kill leaves
    trained(spatial_film, run_folder=run_folder, resume=True)
    assert spatial_film.model.read_bytes() == through
    for name in ("closed_form.pt", "closed_form.json"):
        assert (run_folder / name).read_bytes() == (run_folder.with_name("through") / name).read_bytes()
    steps = [
        [line["step"] for line in read_log(folder / "log.jsonl")]
        for folder in (run_folder, run_folder.with_name("through"))
    ]
    assert steps[0] == steps[1]


def test_a_training_is_not_begun_over_another(spatial_film) -> None:
    trained(spatial_film)
    log = (spatial_film.model.with_name("model.0_run") / "log.jsonl").read_bytes()
    with pytest.raises(FilmRecoveryError, match="holds the checkpoints of a training"):
        trained(spatial_film)
    assert (spatial_film.model.with_name("model.0_run") / "log.jsonl").read_bytes() == log
    with pytest.raises(FilmRecoveryError, match="settings changed: seed 0 → 1"):
        trained(spatial_film, resume=True, seed=1)


def test_fine_tuning_starts_from_the_weights_of_a_checkpoint(spatial_film) -> None:
    held_out = held_out_pairs(spatial_film)
    first = trained(spatial_film, held_out=held_out)
    checkpoint = spatial_film.model.with_name("model.0_run") / "checkpoints" / "step_0000008.ckpt"
    folder = spatial_film.folder / "tuned"
    trained(spatial_film, steps=2, run_folder=folder, finetune=checkpoint, held_out=held_out)
    start = read_log(folder / "log.jsonl")[0]
    assert start["step"] == 0
    assert start["held_out"]["psnr"] == pytest.approx(first.held_out["network"]["psnr"], abs=1e-4)
    assert abs(start["held_out"]["psnr"] - first.held_out["closed_form"]["psnr"]) > 1e-3


def test_the_run_folder_is_never_among_the_elements(spatial_film) -> None:
    with pytest.raises(FilmRecoveryError, match="never written to"):
        trained(spatial_film, run_folder=spatial_film.folder / "elements" / "source" / "run")


def _folder(path: Path, suffix: str, datatype: str) -> Path:
    random = np.random.default_rng(2)
    for number in range(3):
        truth = random.random((48, 56, 3)).astype(np.float32)
        for side, picture in (("source", truth ** np.array([0.7, 1.0, 0.9], np.float32)), ("target", truth)):
            file = path / side / f"scene {number}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_frame(Frame.from_array(picture, top_down=True), file, datatype=datatype)
    return path


@pytest.mark.parametrize(("suffix", "datatype"), [(".exr", "float"), (".png", "uint16"), (".tif", "uint8")])
def test_a_folder_of_pairs_trains(tmp_path, suffix, datatype) -> None:
    pairs = FolderPairs(_folder(tmp_path / "pairs", suffix, datatype))
    assert pairs.labels == ["scene 0", "scene 1", "scene 2"]
    first = np.random.default_rng(2).random((48, 56, 3)).astype(np.float32)
    np.testing.assert_allclose(pairs[0].truth, first, atol=1 / 255)
    result = train_pairs(
        pairs,
        Task(
            model=tmp_path / "model" / "colour.pt",
            measure=Measure("colour", "none", curve_display("none")),
            settings=Settings(steps=4, patch=32, batch=2),
        ),
    )
    assert result.pairs == 3
    assert result.psnr_fit > result.psnr_input
    assert export.load_model(result.model).card.curve == "none"


def test_pictures_without_a_partner_are_named(tmp_path) -> None:
    folder = _folder(tmp_path, ".png", "uint8")
    (folder / "target" / "scene 1.png").rename(folder / "target" / "scene 9.png")
    with pytest.raises(FilmRecoveryError, match=r"1 pictures have no partner in target: scene 1\.png"):
        FolderPairs(folder)
    (folder / "source" / "scene 1.png").unlink()
    with pytest.raises(FilmRecoveryError, match=r"1 pictures have no partner in source: scene 9\.png"):
        FolderPairs(folder)
    (folder / "source" / "scene 0.tif").touch()
    with pytest.raises(FilmRecoveryError, match=r"scene 0\.png and scene 0\.tif have the same name"):
        FolderPairs(folder)
    with pytest.raises(FilmRecoveryError, match="no folder source"):
        FolderPairs(tmp_path / "target")


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_nothing(spatial_film) -> None:
    """The real command, killed while it trains; a rerun ends with the model of an uninterrupted run."""
    trained(spatial_film, run_folder=spatial_film.folder / "through")
    through = spatial_film.model.read_bytes()
    code = """
import sys, torch
from pathlib import Path
torch.set_num_threads(int(sys.argv[3]))
from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.engine.training import train
train(Evaluator(nk.load(sys.argv[1])), steps=8, patch=32, batch=2, look_every=4, model=Path(sys.argv[2]),
    checkpoint_every=2, resume=True, events=lambda event: print(event["step"], flush=True))
"""
    script = spatial_film.script()
    spatial_film.model.unlink()
    spatial_film.model.with_suffix(".json").unlink()
    command = [sys.executable, "-c", code, str(script), str(spatial_film.model), str(torch.get_num_threads())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "5":
            pass
        process.kill()
    assert not spatial_film.model.exists()
    kept = spatial_film.model.with_name("model.0_run") / "checkpoints"
    assert (kept / "step_0000004.ckpt").exists()
    trained(spatial_film, resume=True)
    assert spatial_film.model.read_bytes() == through


def _task(folder: Path, **changes) -> Task:
    options = {"settings": Settings(steps=4, patch=32, batch=2), "run_folder": folder / "run", **changes}
    return Task(
        model=folder / "model.pt",
        measure=Measure("paired", "none", curve_display("none")),
        **options,
    )


class Killed(BaseException):
    """In the place of a kill: nothing catches it."""


def test_killed_while_it_is_measured_the_model_is_there_and_a_resume_completes_its_card(tmp_path) -> None:
    pairs = FolderPairs(_folder(tmp_path / "pairs", ".png", "uint16"))
    told: list[tuple[str, int, int]] = []

    def die(what: str, done: int, total: int) -> None:
        if what.startswith("measuring the network"):
            raise Killed

    names = "model.pt", "model.json", "run/closed_form.pt", "run/closed_form.json"
    for name, tell in (("through", lambda *event: told.append(event)), ("killed", die)):
        task = _task(tmp_path / name, held_out=pairs, progress=tell)
        if name == "through":
            train_pairs(pairs, task)
        else:
            with pytest.raises(Killed):
                train_pairs(pairs, task)
    measured = [event for event in told if event[0].startswith("measuring the network")]
    assert [event[1:] for event in measured] == [(1, 3), (2, 3), (3, 3)] * 2
    whole, part = (export.load_model(tmp_path / name / "model.pt").card for name in ("through", "killed"))
    assert part.sha256 == whole.sha256
    assert part.figures.items() < whole.figures.items()
    assert {"psnr_network", "held_out_network_de00"} <= whole.figures.keys() - part.figures.keys()
    train_pairs(pairs, _task(tmp_path / "killed", held_out=pairs, resume=True))
    for name in names:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "through" / name).read_bytes()


def test_photographs_are_judged_by_colour_difference(tmp_path) -> None:
    pairs = FolderPairs(_folder(tmp_path / "pairs", ".png", "uint16"))
    result = train_pairs(pairs, _task(tmp_path, held_out=pairs))
    closed, network = (result.held_out[who] for who in ("closed_form", "network"))
    assert result.better == ("network" if network["de00"] < closed["de00"] else "closed_form")
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / BEST).best["metric"] == "de00"


@pytest.mark.parametrize("rate", [0.01, 0.05])  # worse; exploded, so that it has no ΔE00
@pytest.mark.parametrize(
    ("held_out", "words", "unit"),
    [(True, "On held-out pairs", " ΔE00 against "), (False, "On its own pairs", " dB against ")],
)
def test_a_network_that_is_no_better_than_its_closed_form_is_told_of(
    tmp_path, rate, held_out, words, unit
) -> None:
    pairs = FolderPairs(_folder(tmp_path / "pairs", ".png", "uint16"))
    said: list[str] = []
    spoilt = Settings(steps=6, patch=32, batch=2, learning_rate=rate, warm_up=0, average=0.0)
    task = _task(tmp_path, settings=spoilt, say=said.append, held_out=pairs if held_out else None)
    result = train_pairs(pairs, task)
    assert result.psnr_network < result.psnr_fit
    found = [text for text in said if text.startswith(f"{words} the network is no better than its closed")]
    assert len(found) == 1
    assert unit in found[0]
    assert str(tmp_path / "run" / "closed_form.pt") in found[0]


def test_of_a_network_that_is_better_nothing_is_said(tmp_path) -> None:
    random = np.random.default_rng(3)
    truths = [np.kron(random.random((6, 8, 3)), np.ones((8, 8, 1))).astype(np.float32) for _ in range(3)]
    grain = [random.normal(0, 0.1, truth.shape).astype(np.float32) for truth in truths]
    pairs = [Pair(a + b, a, str(n)) for n, (a, b) in enumerate(zip(truths, grain, strict=True))]
    said: list[str] = []
    settings = Settings(steps=30, patch=32, batch=2, learning_rate=3e-3)
    result = train_pairs(pairs, _task(tmp_path, settings=settings, say=said.append, held_out=pairs))
    assert result.better == "network"
    assert not [text for text in said if "closed form" in text]
