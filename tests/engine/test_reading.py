"""Each pair is read once before the first step, and none of a resumed training; the weights are the same bytes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from film_recovery.datasets.folder import FolderPairs
from film_recovery.engine.reading import NOTES, load_notes, well_read
from film_recovery.engine.scores import Measure
from film_recovery.engine.training import Task, curve_display, train_pairs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import TrainingStopped


class Watched(FolderPairs):
    """What was asked for before the first step; nothing stays in memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, room=0)
        self.whole: list[int] = []

    def __getitem__(self, index: int, /) -> Pair:
        self.whole.append(index)
        return super().__getitem__(index)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(2)
    for number in range(4):
        truth = random.random((48, 56, 3)).astype(np.float32)
        for side, picture in (("source", truth ** np.array([0.7, 1.0, 0.9], np.float32)), ("target", truth)):
            file = tmp_path / "pairs" / side / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_frame(Frame.from_array(picture, top_down=True), file, datatype="uint16")
    return tmp_path / "pairs"


def task(out: Path, **changes: object) -> Task:
    given = {
        "model": out / "model.pt",
        "run_folder": out,
        "measure": Measure("colour", "none", curve_display("none")),
        "settings": Settings(steps=4, patch=32, batch=2),
        "checkpoint_every": 1,
        **changes,
    }
    return Task(**given)  # type: ignore[arg-type]


def stopped(folder: Path, out: Path) -> None:
    """A training that ended after two of its four steps, as after a signal."""

    def stop(event) -> None:
        if event.get("step") == 2 and "loss" in event:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStopped):
        train_pairs(FolderPairs(folder, room=0), task(out, events=stop))


def test_pairs_are_told_and_decoded_ones_gone_at_the_end(folder: Path, tmp_path: Path) -> None:
    told = []
    out = tmp_path / "out"
    train_pairs(FolderPairs(folder, room=0), task(out, progress=lambda *what: told.append(what)))
    assert [what for what in told if what[0] == "pairs"] == [("pairs", n, 4) for n in (1, 2, 3, 4)]
    assert len(load_notes(out)) == 4 and not (out / "decoded").exists()


def test_resumed_it_fits_nothing_and_ends_with_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    through, out = tmp_path / "through", tmp_path / "out"
    train_pairs(FolderPairs(folder), task(through))  # in memory
    stopped(folder, out)
    assert len(list((out / "decoded").glob("*.npy"))) == 8
    told = []
    train_pairs(FolderPairs(folder, room=0), task(out, resume=True, progress=lambda *what: told.append(what)))
    assert not [what for what in told if what[0] == "pairs"]
    for name in ("model.pt", "closed_form.pt"):
        assert (out / name).read_bytes() == (through / name).read_bytes()


def test_resumed_no_picture_is_read_to_know_that_it_is_the_same(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(folder, out)
    pairs = Watched(folder)
    with well_read(pairs, None, out, resume=True, tell=lambda *what: None) as read:
        assert not read.missing and len(read.all()) == 4
        assert read.opened(0).input.shape == (48, 56, 3)
    assert pairs.whole == []


def test_a_changed_picture_refuses_the_resume(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(folder, out)
    file = folder / "source" / "2.png"
    picture = np.full((48, 56, 3), 0.25, np.float32)
    write_frame(Frame.from_array(picture, top_down=True), file, datatype="uint16")
    with pytest.raises(FilmRecoveryError, match="The pairs changed: 2"):
        train_pairs(FolderPairs(folder, room=0), task(out, resume=True))


@pytest.mark.parametrize("content", ["", "[]", '{"made_by": ["0"], "pairs": {}}', '{"pairs": 3}'])
def test_notes_that_say_nothing_are_taken_again(folder: Path, tmp_path: Path, content: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / NOTES).write_text(content)
    assert load_notes(out) == {}
