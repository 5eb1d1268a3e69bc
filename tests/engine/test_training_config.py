"""A training as a file: read strictly, all that is wrong at once, and written so that it reads back the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from film_recovery._files import write_whole
from film_recovery.datasets.folder import FolderPairs
from film_recovery.datasets.manifest import write
from film_recovery.datasets.splitting import Wishes, split
from film_recovery.datasets.survey import survey
from film_recovery.engine.training_config import TrainingConfig, TrainingConfigError, dump, load
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.settings import Settings


def make_pairs(folder: Path, count: int = 2, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    for number in range(count):
        source = random.random((40, 48, 3)).astype(np.float32)
        for side, picture in (("source", source), ("target", np.sqrt(source))):
            path = folder / side / f"{number}.png"
            write_frame(Frame.from_array(picture), path, datatype="uint16", create_directories=True)
    return folder


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.yaml").write_text(text, encoding="utf-8")
    return folder / "train.yaml"


def problems(file: Path) -> str:
    with pytest.raises(TrainingConfigError) as refused:
        load(file)
    assert all(problem in refused.value.message for problem in refused.value.problems)
    return "\n".join(refused.value.problems)


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch) -> None:
    make_pairs(tmp_path / "walls")
    monkeypatch.chdir("/")
    file = written(
        tmp_path / "runs", "pairs: ../walls\nrecipe: paired\nout: first\nsteps: 100\nlearning_rate: 2e-4\n"
    )
    config = load(file)
    assert config.pairs == tmp_path / "walls"
    assert config.out == tmp_path / "runs" / "first"
    settings = config.settings_for("paired")
    assert settings is not None
    assert (settings.steps, settings.learning_rate) == (100, 2e-4)
    assert (settings.flip, settings.vflip, settings.transpose) == (True, True, True)
    gravity = dataclasses.replace(config, gravity=True).settings_for("paired")
    assert gravity is not None
    assert (gravity.flip, gravity.vflip, gravity.transpose) == (True, False, False)
    train, held_out = config.open_pairs()
    assert (len(train), held_out) == (2, None)


def test_the_closed_form_only(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls")
    config = load(written(tmp_path, "pairs: walls\nrecipe: colour\nout: run\nsteps: 0\n"))
    assert config.settings_for("colour") is None


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = """pairs: nowhere
held_out: {source: a, target: b}
recipe: colourful
stepz: 100
steps: 1000
patch: 8
batch: many
betas: [0.9]
preset: huge
clip: 0
finetune: best.ckpt
max_hours: -1
"""
    said = problems(written(tmp_path, text))
    for expected in (
        "line 1: pairs: There is no folder nowhere.",
        "line 2: held_out: There is no folder a.",
        "line 3: recipe is 'colourful'; expected one of colour, spatial, paired.",
        "line 4: there is no key stepz; did you mean steps?",
        "line 6: The training's patch is 8.",
        "line 7: batch is 'many'; expected a whole number.",
        "line 8: betas is [0.9]; expected a list of 2.",
        "line 9: There is no network 'huge'.",
        "line 10: The training's clip is 0.",
        "line 11: finetune: there is no file",
        "line 12: max_hours is -1; expected a number greater than 0.",
        "out is missing",
    ):
        assert expected in said
    assert len(said.splitlines()) == 12


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "nothing to train on"),
        ("pairs: walls\nscript: a.nk\nrecipe: colour\nout: x", "pairs and script are given"),
        ("pairs: walls\nout: x", "recipe is missing"),
        ("pairs: walls\nrecipe: colour\nout: train.yaml", "is a file, not a folder"),
        ("pairs: walls\nrecipe: colour\nout: x\npatch: 32", "steps is missing"),
        ("pairs: {lq: a, gt: b}\nrecipe: colour\nout: x", "give one folder|pairs has lq, gt"),
        ("pairs: walls\nrecipe: colour\nout: x\nsteps: 9\nloss: {l2: 1}", "There is no loss 'l2'"),
        ("pairs: walls\nrecipe: colour\nout: x\nsteps: 9\nceiling: 5", "ceiling of 5 steps lies below its 9"),
        (
            "pairs: walls\nrecipe: colour\nout: x\nsteps: 9\nperceptual: vgg.pth\nloss: {l1: 1, vgg: 0.1}",
            "vgg.pth",
        ),
        ("pairs: walls\nrecipe: colour\nout: x\nflip: 1", "flip is 1; expected true or false"),
        ("pairs: walls\npairs: walls", "a second time"),
        ("pairs: !!python/object:os.system x", "is a tag"),
        ("pairs: &a walls\nout: *a", "is an anchor"),
        ("[1, 2]", "mapping of keys"),
        ("pairs: [", "not YAML"),
        ("manifest: no.json\nrecipe: paired\nout: x", "no such manifest"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    make_pairs(tmp_path / "walls")
    assert any(part in problems(written(tmp_path, text)) for part in problem.split("|"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="does not exist"):
        load(tmp_path / "none.yaml")


def test_what_is_written_reads_back_the_same_from_another_folder(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls")
    make_pairs(tmp_path / "other", seed=1)
    (tmp_path / "weights.ckpt").touch()
    settings = Settings(
        5000,
        patch=64,
        learning_rate=1e-7,
        loss={"l1": 1.0, "chroma_angle": 0.05},
        ceiling=9000,
        betas=(0.9, 0.99),
    ).as_dict()
    full = TrainingConfig(
        pairs=tmp_path / "walls",
        held_out=(tmp_path / "other" / "source", tmp_path / "other" / "target"),
        recipe="colour",
        out=tmp_path / "runs" / "a",
        model=tmp_path / "models" / "häuser: #1.pt",
        finetune=tmp_path / "weights.ckpt",
        gravity=True,
        max_hours=2.5,
        device="cpu",
        look_every=50,
        checkpoint_every=10,
        milestone_every=1000,
        settings=settings,
    )
    for config in (full, TrainingConfig(pairs=tmp_path / "walls", recipe="paired", out=tmp_path / "b")):
        file = tmp_path / "runs" / "a" / "train.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, dump(config, file))
        assert load(file) == config
        assert str(tmp_path) not in file.read_text()
    assert load(file).settings_for("paired") is None
    assert full.settings_for("colour") == Settings(**{**settings, "betas": (0.9, 0.99)})


def test_every_field_of_the_settings_has_a_place_in_the_file(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls")
    config = TrainingConfig(
        pairs=tmp_path / "walls", recipe="paired", out=tmp_path / "b", settings=Settings(7).as_dict()
    )
    write_whole(tmp_path / "train.yaml", dump(config, tmp_path / "train.yaml"))
    read = load(tmp_path / "train.yaml")
    assert set(read.settings) == {field.name for field in dataclasses.fields(Settings)}
    assert read == config


def test_two_folders_of_any_name(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls")
    (tmp_path / "walls" / "source").rename(tmp_path / "before")
    (tmp_path / "walls" / "target").rename(tmp_path / "after")
    config = load(written(tmp_path, "pairs: {source: before, target: after}\nrecipe: paired\nout: run\n"))
    train, _ = config.open_pairs()
    np.testing.assert_allclose(train[1].truth, np.sqrt(train[1].input), atol=1e-3)


def test_a_held_out_picture_that_is_trained_on_stops_the_work(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls")
    make_pairs(tmp_path / "held", seed=1)
    file = written(tmp_path, "pairs: walls\nheld_out: held\nrecipe: paired\nout: run\n")
    train, held_out = load(file).open_pairs()
    assert held_out is not None
    assert (len(train), len(held_out)) == (2, 2)
    (tmp_path / "held" / "source" / "new.png").write_bytes(
        (tmp_path / "walls" / "source" / "1.png").read_bytes()
    )
    (tmp_path / "held" / "target" / "new.png").write_bytes(
        (tmp_path / "held" / "target" / "1.png").read_bytes()
    )
    with pytest.raises(CheckFailed, match=r"source/new\.png \(held_out\) is source/1\.png"):
        load(file).open_pairs()


def test_a_manifest_says_what_is_learnt_and_what_measures(tmp_path: Path) -> None:
    make_pairs(tmp_path / "walls", count=12)
    manifest = split(survey(FolderPairs(tmp_path / "walls")), Wishes())
    write(manifest, tmp_path / "manifest.json")
    file = written(tmp_path, "manifest: manifest.json\nrecipe: paired\nout: run\n")
    train, held_out = load(file).open_pairs()
    assert held_out is not None
    assert train.labels == [entry.label for entry in manifest.of("train")]
    assert held_out.labels == [entry.label for entry in manifest.of("val_colour")]
    assert not {entry.label for entry in manifest.of("test")} & {*train.labels, *held_out.labels}
    test = manifest.of("test")[0]
    test.source.write_bytes(manifest.of("train")[0].source.read_bytes())
    with pytest.raises(FilmRecoveryError, match=r"are not those that were divided: source/\d+\.png \(test\)"):
        load(file).open_pairs()
    both = dataclasses.replace(load(file), held_out=tmp_path / "walls")
    with pytest.raises(FilmRecoveryError, match="beside a manifest"):
        both.open_pairs()
