"""CopyCat's own data directory: what is known of it is read, the rest is listed and left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.engine.copycat_run import BLEED, crops, figures, read_run, write_sheet
from film_recovery.engine.run_folder import DIFFERENCE_GAIN
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import Frame

SIDE = 64


def make_sheet(path: Path, rows: int = 3, fade: float = 0.1, seed: int = 1) -> np.ndarray:
    """A sheet whose Output is the Ground Truth with ``fade`` of its colour gone, and rubbish along the borders."""
    random = np.random.default_rng(seed)
    truth = np.round(random.uniform(0.3, 0.9, (rows, SIDE, SIDE, 3)) * 255) / 255
    grey = truth.mean(-1, keepdims=True)
    output = truth + fade * (grey - truth)
    sheet = np.concatenate(
        [np.concatenate([g, t, o], 1) for g, t, o in zip(grey + 0 * truth, truth, output, strict=True)]
    )
    for border in range(0, 3 * SIDE, SIDE):
        sheet[:, border : border + BLEED] = sheet[:, border + SIDE - BLEED : border + SIDE] = 1.0
    frame = Frame.from_array(sheet.astype(np.float32), top_down=True)
    write_frame(frame, path, datatype="uint8", create_directories=True)
    return truth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Training_261121_101500.2", "Training_261121_101500.10"):
        make_sheet(tmp_path / f"{name}.png")
    for name in (
        "Training_261121_101500.10000.cat",
        "Training_261121_101500.2000.cat",
        "Training_261121_090000.500.catnc",
        "Training_261121_101500.summary",
        "Training_261121_101500.10000.ost",
        "notes.txt",
    ):
        (tmp_path / name).write_bytes(b"?")
    picture = Frame.from_array(np.zeros((90, 160, 3), np.float32))
    write_frame(picture, tmp_path / "plate.png", datatype="uint8")
    return tmp_path


def test_files_are_told_apart_and_in_order(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    run = read_run(folder)
    assert [(found.run, found.step, found.non_commercial) for found in run.checkpoints] == [
        ("Training_261121_090000", 500, True),
        ("Training_261121_101500", 2000, False),
        ("Training_261121_101500", 10000, False),
    ]
    assert [path.stem.rpartition(".")[2] for path in run.sheets] == ["2", "10"]
    assert sorted(path.suffix for path in run.unopened) == [".ost", ".summary"]
    assert sorted(path.name for path in run.others) == ["notes.txt", "plate.png"]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_sheet_is_cut_into_its_crops_without_what_bleeds(folder):
    truth = make_sheet(folder / "sheet.png", rows=2)
    found = crops(folder / "sheet.png")
    assert len(found) == 2
    inside = slice(BLEED, SIDE - BLEED)
    for row, crop in enumerate(found):
        np.testing.assert_allclose(crop.truth, truth[row][inside, inside], atol=1e-6)
        np.testing.assert_allclose(crop.given.std(-1), 0, atol=1e-6)


def test_the_figures_are_those_of_output_against_truth(folder):
    truth = make_sheet(folder / "sheet.png", fade=0.2)[:, BLEED:-BLEED, BLEED:-BLEED]
    found = figures(crops(folder / "sheet.png"))
    grey = truth.mean(-1, keepdims=True)
    faded = truth + 0.2 * (grey - truth)
    expected = -10 * np.log10(np.mean((faded - truth) ** 2))
    assert found["psnr"] == pytest.approx(expected, abs=0.1)
    assert found["psnr_input"] < found["psnr"] - 10
    assert found["sat_ratio_60"] == pytest.approx(saturation_ratio(faded, truth).ratio, abs=0.005)
    assert 0.75 < found["sat_ratio_60"] < 0.9
    assert found["de00"] > 0


def test_it_is_shown_as_ours_are(folder):
    found = crops(folder / "Training_261121_101500.2.png")
    write_sheet(found, folder / "shown.png")
    shown = read_frame(folder / "shown.png").rgb()[::-1]
    side = SIDE - 2 * BLEED
    assert shown.shape == (3 * side, 4 * side, 3)
    expected = np.clip(DIFFERENCE_GAIN * np.abs(found[0].output - found[0].truth), 0, 1)
    np.testing.assert_allclose(shown[:side, 3 * side :], expected, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("shape", [(SIDE, 3 * SIDE + 1), (SIDE + 5, 3 * SIDE), (20, 60)])
def test_another_picture_is_no_contact_sheet(tmp_path, shape):
    write_frame(Frame.from_array(np.zeros((*shape, 3), np.float32)), tmp_path / "a.png", datatype="uint8")
    assert read_header(tmp_path / "a.png").format.width == shape[1]
    with pytest.raises(FilmRecoveryError, match="no contact sheet of CopyCat"):
        crops(tmp_path / "a.png")
    with pytest.raises(FilmRecoveryError, match="neither a checkpoint"):
        read_run(tmp_path)
