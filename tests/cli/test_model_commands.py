"""evaluate, apply and export as a program calls them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.learning.export import card_for, load_model, save_model
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial

RANDOM = np.random.default_rng(5)


def picture(seed: int) -> np.ndarray:
    """Smooth, saturated colours, encoded, 40 × 48."""
    coarse = np.random.default_rng(seed).random((5, 6, 3)).astype(np.float32)
    return np.kron(coarse, np.ones((8, 8, 1), np.float32)) * 0.8 + 0.1


def faded(truth: np.ndarray) -> np.ndarray:
    """Half of the saturation, luma kept."""
    grey = truth @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return (truth + grey[..., None]) / 2


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    for seed in range(3):
        truth = picture(seed)
        for side, values in (("source", faded(truth)), ("target", truth)):
            path = folder / side / f"p{seed}.png"
            write_frame(Frame.from_array(values, top_down=True), path, create_directories=True)
    mask = np.zeros((40, 48, 1), np.float32)
    mask[:20] = 1
    shown = Frame.from_array(mask, channels=("rgba.red",), top_down=True)
    write_frame(shown, folder / "masks" / "p1.png", datatype="uint8", create_directories=True)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """A model that knows the fade, and one that changes nothing."""
    known = [Pair(faded(picture(seed)), picture(seed), f"p{seed}") for seed in range(3)]
    good, nothing = fit_colour_polynomial(known, curve="none"), ColourPolynomial("none", 1)
    paths = tmp_path / "models" / "good.pt", tmp_path / "models" / "nothing.pt"
    paths[0].parent.mkdir()
    save_model(good, paths[0], card_for(good))
    save_model(nothing, paths[1], card_for(nothing))
    return paths


def test_evaluate_measures_judges_and_shows(film_recovery, pairs: Path, models, tmp_path: Path) -> None:
    good, nothing = models
    out = tmp_path / "out"
    said = film_recovery(
        "evaluate", nothing, good, pairs, "--baseline", nothing, "--out", out, "--worst", 2, "--json"
    )
    assert said.code == 0, said.text
    result = said.result
    assert result["passed"] and result["input"]["overall"]["sat_ratio_60"] < 0.8
    first, last = result["models"]
    assert first["overall"] == pytest.approx(result["input"]["overall"])
    assert not first["verdict"]["passed"] and last["verdict"]["passed"]
    assert last["overall"]["sat_ratio_60"] == pytest.approx(1, abs=0.03)
    assert last["overall_masked"]["psnr"] > 35
    assert last["worst_pictures"]["by"] == "de00_mean" and len(last["worst_pictures"]["labels"]) == 2
    assert read_frame(Path(last["worst"])).format.width == 4 * 360
    data = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert [picture["label"] for picture in data["models"][1]["pictures"]] == ["p0", "p1", "p2"]
    assert (out / "evaluation.csv").read_text(encoding="utf-8").count("\n") == 1 + 4 * (3 + 1 + 2)
    progress = [line for line in said.lines if line["event"] == "progress"]
    assert [line["done"] for line in progress if line["what"] == "evaluate good"] == [1, 2, 3]


def test_evaluate_fails_by_bounds_and_lists_what_became_worse(
    film_recovery, pairs: Path, models, tmp_path: Path
) -> None:
    good, nothing = models
    said = film_recovery("evaluate", nothing, pairs, "--baseline", good, "--json")
    assert said.code == 1
    verdict = said.result["models"][0]["verdict"]
    assert {entry["picture"] for entry in verdict["became_worse"]} == {"p0", "p1", "p2"}
    failed = {check["id"] for check in verdict["checks"] if check["outcome"] == "fail"}
    assert {"bound.sat_ratio_60", "baseline.psnr"} <= failed
    own = tmp_path / "own.yaml"
    taken = ("sat_ratio_100", "hue_shift_60", "hue_shift_60_p95", "brightness_ratio_60")
    lines = ["  sat_ratio_60: {at_least: 0.1}", *(f"  {name}: null" for name in taken)]
    own.write_text("\n".join(["bounds:", *lines, ""]))
    assert film_recovery("evaluate", nothing, pairs, "--bounds", own, "--json").code == 0
    shown = film_recovery("evaluate", nothing, pairs, "--baseline", good)
    assert shown.code == 1 and "worse than the baseline" in shown.text and "bound.sat_ratio_60" in shown.text


def test_evaluate_says_what_is_missing(film_recovery, pairs: Path, models, tmp_path: Path) -> None:
    said = film_recovery("evaluate", tmp_path / "absent.pt", pairs, "--json")
    assert said.code == 3 and "absent" in str(said.error)
    said = film_recovery("evaluate", models[0], pairs, "--out", pairs / "out", "--json")
    assert said.code == 3 and "where the pairs lie" in said.error["message"]
    said = film_recovery("evaluate", models[0], pairs, "--by", "beauty", "--json")
    assert said.code == 2 and "de00_mean" in said.error["remedy"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["evaluate", "apply"])
def test_a_device_is_asked_for_by_name(
    film_recovery, monkeypatch, pairs: Path, models, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    words = [models[0], pairs] if command == "evaluate" else [models[0], pairs / "source", tmp_path / "out"]
    for device, said_of_it in (("gpu", "no device 'gpu'"), ("cuda", "No NVIDIA card can be used")):
        said = film_recovery(command, *words, "--device", device, "--json")
        assert said.code == 3 and said_of_it in said.error["message"]
        assert not (tmp_path / "out").exists()
        assert not [line for line in said.lines if line["event"] == "progress"]
    assert film_recovery(command, *words, "--device", "cpu", "--json").code == 0


def test_apply_runs_a_model_over_a_folder(film_recovery, pairs: Path, models, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in (pairs / "source").iterdir()}
    said = film_recovery("apply", models[0], pairs / "source", tmp_path / "out", "--json")
    assert said.code == 0, said.text
    assert (said.result["written"], said.result["values"]) == (3, "encoded")
    assert [line["done"] for line in said.lines if line["event"] == "progress"] == [1, 2, 3]
    made, truth = (read_frame(folder / "p0.png").rgb() for folder in (tmp_path / "out", pairs / "target"))
    assert np.abs(made - truth).mean() < 0.02
    assert read_header(tmp_path / "out" / "p0.png").bit_depth == "uint16"
    again = film_recovery("apply", models[0], pairs / "source", tmp_path / "out", "--json")
    assert (again.result["written"], again.result["kept"]) == (0, 3)
    refused = film_recovery("apply", models[0], pairs / "source", pairs / "source", "--json")
    assert refused.code == 3 and "never written to" in refused.error["message"]
    assert before == {path.name: path.read_bytes() for path in (pairs / "source").iterdir()}


def test_a_killed_apply_goes_on_and_gives_the_same_bytes(
    film_recovery, started, models, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    for number in range(1, 7):
        values = picture(number)
        write_frame(Frame.from_array(values), folder / f"s.{number:04d}.exr", create_directories=True)
    pattern = folder / "s.####.exr"
    with started("apply", models[0], pattern, tmp_path / "out", "--json") as process:
        process.stdout.readline()  # the first frame is done
        process.send_signal(signal.SIGKILL)
    said = film_recovery("apply", models[0], pattern, tmp_path / "out", "--json")
    assert said.code == 0 and said.result["kept"] >= 1
    assert said.result["kept"] + said.result["written"] == 6
    assert film_recovery("apply", models[0], pattern, tmp_path / "whole", "--json").code == 0
    for file in (tmp_path / "whole").glob("*.exr"):
        assert file.read_bytes() == (tmp_path / "out" / file.name).read_bytes()
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_export_writes_a_model_for_nuke(film_recovery, models, tmp_path: Path) -> None:
    out = tmp_path / "nuke" / "colour.pt"
    said = film_recovery("export", models[0], "--out", out, "--cattery", tmp_path / "Cattery", "--json")
    assert said.code == 0, said.text
    assert said.result["agreement"] <= 1e-4 and said.result["recipe"] == "colour"
    assert load_model(out).card.curve == "none"
    assert (tmp_path / "Cattery" / "colour" / "cat.json").is_file()
    given = torch.rand(1, 3, 9, 7)
    with torch.no_grad():
        made = [load_model(path).module(given) for path in (out, models[0])]
    assert torch.equal(*made)
    refused = film_recovery("export", models[0], "--out", models[0], "--json")
    assert refused.code == 3 and "over itself" in refused.error["message"]
