"""Models against pairs: what is measured, who became worse, which pictures are shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery.datasets.folder import FolderPairs
from film_recovery.engine.evaluation import evaluate, masks_in, read_mask, worst
from film_recovery.engine.evaluation_files import as_data, prepared, worst_sheet, write_evaluation
from film_recovery.engine.opening import Opened
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.export import ModelCard
from film_recovery.learning.pairs import Pair

RED = (0.8, 0.2, 0.2)


class Scaled(torch.nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        return rgb * self.factor


class Washed(torch.nn.Module):
    """Half of the saturation, the brightest channel kept."""

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        return (rgb + rgb.amax(1, keepdim=True)) / 2


def opened(module: torch.nn.Module, name: str = "model", curve: str = "none") -> Opened:
    card = ModelCard("paired", type(module).__name__, curve=curve)
    return Opened(name, Path(f"{name}.pt"), module, card, name)


def plain(colour: object = RED, size: tuple[int, int] = (12, 16)) -> np.ndarray:
    return np.full((*size, 3), colour, np.float32)


PAIRS = [Pair(plain() / 2, plain(), "dark"), Pair(plain(), plain(), "same")]


def test_the_input_is_measured_beside_every_model() -> None:
    found = evaluate([opened(Scaled(2.0), "twice"), opened(Scaled(1.0), "once")], PAIRS, values="encoded")
    assert [score.name for score in found.models] == ["twice", "once"]
    assert found.given.overall == found.models[1].overall
    brightness = [p.whole.values["brightness_ratio_60"] for p in found.models[0].pictures]
    assert brightness == pytest.approx([1, 1 / 0.8], rel=1e-5)
    assert found.models[0].pictures[1].outside == pytest.approx(1 / 3)


def test_a_washed_out_model_fails_and_a_perfect_one_passes() -> None:
    same = [PAIRS[1]]
    assert evaluate([opened(Scaled(1.0))], same, values="encoded").passed
    found = evaluate([opened(Washed())], same, values="encoded")
    failed = [o.check for o in found.models[0].verdict.outcomes if o.outcome == "fail"]
    assert {"bound.sat_ratio_60", "bound.sat_ratio_100"} <= set(failed) and not found.passed
    assert "bound.brightness_ratio_60" not in failed


def test_the_last_model_decides() -> None:
    models = [opened(Washed(), "early"), opened(Scaled(1.0), "late")]
    assert evaluate(models, [PAIRS[1]], values="encoded").passed
    assert not evaluate(models[::-1], [PAIRS[1]], values="encoded").passed


def test_pictures_that_became_worse_than_the_baseline_are_listed() -> None:
    found = evaluate([opened(Scaled(2.0))], PAIRS, values="encoded", baseline=opened(Scaled(1.0), "before"))
    score = found.models[0]
    assert {entry.picture for entry in score.verdict.worse} == {"same"}  # "dark" became better
    worse = {entry.figure: entry for entry in score.verdict.worse}
    assert worse["psnr"].was > worse["psnr"].now + 100
    assert found.baseline is not None and found.baseline.name == "before"


def test_linear_values_are_measured_as_displayed() -> None:
    """Half the light is not half the encoded value: sRGB's curve lies between."""
    truth = plain((0.5, 0.1, 0.1))
    found = evaluate([opened(Scaled(0.5), curve="srgb")], [Pair(truth, truth, "x")], values="linear")
    shown = 1.055 * np.array([0.25, 0.5]) ** (1 / 2.4) - 0.055
    ratio = found.models[0].pictures[0].whole.values["brightness_ratio_60"]
    assert ratio == pytest.approx(shown[0] / shown[1], rel=1e-4)


def test_a_model_gets_the_values_that_it_takes() -> None:
    """A linear model on encoded pictures: doubling light is no doubling of code values."""
    given = plain((0.4, 0.2, 0.2))
    made = opened(Scaled(2.0), curve="srgb").run(given, "encoded")
    light = ((given + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(made, 1.055 * (2 * light) ** (1 / 2.4) - 0.055, atol=1e-6)
    np.testing.assert_array_equal(opened(Scaled(2.0), curve="srgb").run(given, "linear"), given * 2)
    nothing = opened(Scaled(1.0), curve="none").run(given * 3 - 0.2, "linear")
    np.testing.assert_allclose(nothing, given * 3 - 0.2, atol=1e-6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pairs of PNG files, and a mask of the left half for the second."""
    for name, given, truth in (("a", plain(), plain()), ("b", plain(), plain())):
        given, truth = given.copy(), truth.copy()
        if name == "b":
            given[:, 8:] = 0.1
        for side, picture in (("source", given), ("target", truth)):
            path = tmp_path / "pairs" / side / f"{name}.png"
            write_frame(Frame.from_array(picture, top_down=True), path, create_directories=True)
    left = np.zeros((12, 16, 1), np.float32)
    left[:, :8] = 1
    mask = Frame.from_array(left, channels=("rgba.red",), top_down=True)
    write_frame(mask, tmp_path / "pairs" / "masks" / "b.png", datatype="uint8", create_directories=True)
    return tmp_path / "pairs"


def test_a_mask_shows_its_places_alone(folder: Path) -> None:
    found = evaluate(
        [opened(Scaled(1.0))], FolderPairs(folder, room=0), values="encoded", masks=masks_in(folder)
    )
    a, b = found.models[0].pictures
    assert a.masked is None and b.masked is not None
    assert b.masked.values["psnr"] == 150 and b.whole.values["psnr"] < 15
    assert found.models[0].overall_masked["psnr"] == 150
    assert read_mask(folder / "masks" / "b.png")[0].tolist() == [True] * 8 + [False] * 8


def test_a_mask_without_its_pair_or_of_another_size_is_named(folder: Path) -> None:
    pairs = FolderPairs(folder)
    stray = folder / "masks" / "bb.png"
    (folder / "masks" / "b.png").rename(stray)
    with pytest.raises(FilmRecoveryError, match="1 masks belong to no pair: bb"):
        evaluate([opened(Scaled(1.0))], pairs, values="encoded", masks=masks_in(folder))
    with pytest.raises(FilmRecoveryError, match="a: The mask has shape") as caught:
        small = Frame.from_array(np.ones((3, 3, 3), np.float32))
        write_frame(small, folder / "masks" / "a.png")
        evaluate([opened(Scaled(1.0))], pairs, values="encoded", masks={"a": folder / "masks" / "a.png"})
    assert caught.value.where["file"].endswith("a.png")


def test_the_worst_pictures_come_first(folder: Path) -> None:
    found = evaluate([opened(Scaled(1.0))], FolderPairs(folder), values="encoded")
    assert worst(found.models[0], 1, "de00_mean") == ["b"]
    assert worst(found.models[0], 5, "psnr") == ["b", "a"]
    assert worst(found.models[0], 5, "hue_shift_60_p95")[0] in ("a", "b")


def test_the_sheet_of_the_worst_shows_four_columns(folder: Path, tmp_path: Path) -> None:
    path = worst_sheet(opened(Scaled(1.0)), FolderPairs(folder), ["b"], "encoded", tmp_path / "worst.png")
    assert path is not None
    sheet = read_frame(path).rgb()[::-1]
    height = round(360 * 12 / 16)
    assert sheet.shape == (height, 4 * 360, 3)
    columns = [sheet[height // 2, 360 * column + 300] for column in range(4)]
    truth = np.array(RED)
    for shown, wanted in zip(columns, (0.1, truth, 0.1, np.clip(4 * np.abs(truth - 0.1), 0, 1)), strict=True):
        np.testing.assert_allclose(shown, np.broadcast_to(wanted, 3), atol=0.01)
    assert worst_sheet(opened(Scaled(1.0)), PAIRS, [], "encoded", tmp_path / "none.png") is None


def test_what_is_written_can_be_read(folder: Path, tmp_path: Path) -> None:
    pairs = FolderPairs(folder)
    before = opened(Scaled(1.0), "=1+1")
    found = evaluate([opened(Washed())], pairs, values="encoded", masks=masks_in(folder), baseline=before)
    out = prepared(tmp_path / "out")
    write_evaluation(found, out, [tmp_path / "worst.png"])
    data = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(as_data(found, [tmp_path / "worst.png"])))
    assert data["passed"] is False and data["conventions"]["v_gate"] == 0.1
    assert "11×11" in data["conventions"]["ssim"]
    model = data["models"][0]
    assert [picture["label"] for picture in model["pictures"]] == ["a", "b"]
    assert model["pictures"][1]["masked"]["psnr"] > model["pictures"][1]["figures"]["psnr"]
    assert {entry["picture"] for entry in model["verdict"]["became_worse"]} == {"a", "b"}
    with (out / "evaluation.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["model"] for row in rows} == {"input", "'=1+1 (baseline)", "model"}
    chosen = [row for row in rows if (row["model"], row["picture"], row["area"]) == ("model", "b", "masked")]
    assert float(chosen[0]["sat_ratio_60"]) == pytest.approx(0.5, abs=0.01)
    prepared(out)  # again is no obstacle
    (out / "evaluation.json").write_text("mine", encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="not ours"):
        prepared(out)


def test_one_picture_at_a_time() -> None:
    """Pairs are asked for one after the other, and none is kept."""
    import gc
    import weakref

    alive: list[weakref.ref[Pair]] = []
    most = 0

    class Made:
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int, /) -> Pair:
            nonlocal most
            gc.collect()
            most = max(most, sum(ref() is not None for ref in alive))
            pair = Pair(plain(), plain(), f"pair {index}")
            alive.append(weakref.ref(pair))
            return pair

    evaluate([opened(Scaled(1.0))], Made(), values="encoded")
    assert most <= 1


def test_nothing_to_measure_is_named() -> None:
    with pytest.raises(FilmRecoveryError, match="no model"):
        evaluate([], PAIRS, values="encoded")
    with pytest.raises(FilmRecoveryError, match="no training pairs"):
        evaluate([opened(Scaled(1.0))], [], values="encoded")
    with pytest.raises(FilmRecoveryError, match=r"same: .*not finite"):
        evaluate([opened(Scaled(float("nan")))], [PAIRS[1]], values="encoded")


class _Unread:
    """Pairs that nobody may ask for yet."""

    labels = ("a", "b")

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int, /) -> Pair:
        raise AssertionError("measured before everything was verified")


def test_what_cannot_be_used_is_said_before_the_first_picture_is_read(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.ckpt"
    damaged.write_bytes(b"?")
    good = opened(Scaled(1.0))
    for models, more, words in (
        ([good, damaged], {}, "damaged"),
        ([good, tmp_path / "absent.pt"], {}, "absent.pt"),
        ([good], {"baseline": tmp_path / "absent.pt"}, "absent.pt"),
        ([good], {"masks": {"c": tmp_path / "c.png"}}, "belong to no pair: c"),
        ([good], {"device": "gpu"}, "no device 'gpu'"),
    ):
        with pytest.raises(FilmRecoveryError, match=words):
            evaluate(models, _Unread(), values="encoded", **more)
