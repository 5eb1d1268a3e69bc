"""What validation leaves beside the report: measures, baselines, scopes, the final plate; and the ledger's figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import PyOpenColorIO as ocio
import pytest

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.composite import WRITE
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.luma import chroma, luma
from film_recovery.project import paths
from film_recovery.provenance.origin import of_header
from film_recovery.stages import proof
from film_recovery.stages.charts import charts_of
from film_recovery.stages.outlier_rows import outliers_of
from film_recovery.stages.proof import proof_of
from film_recovery.stages.provenance import origin_of
from film_recovery.stages.validating import render_composite, validate
from film_recovery.stages.view import View


def silent(what: str, done: int, total: int, **more: object) -> None:
    pass


def half_way(frame: int, source: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return (source + truth) / 2


@pytest.fixture
def recovered(make: Callable[[str], Any]) -> Callable[[str], Any]:
    """A project of a recipe whose masters are half way from the Source to the Ground Truth."""
    return lambda recipe: make(recipe).save_model().render().masters(half_way)


@pytest.mark.parametrize("recipe", ["spatial-gauge", "colour-reference"])
def test_everything_of_a_validation_lies_in_its_folder(recipe: str, recovered: Any) -> None:
    place = recovered(recipe)
    view = View(place.project)
    done = validate(view, silent)
    folder = paths(place.project).validation
    content = json.loads(done.measures.read_text("utf-8"))
    assert list(content["frames"]) == [str(n) for n in range(1, 9)] and list(content["held_out"]) == ["4"]
    assert "grain_power" in content["held_out"]["4"] and "grain_power" not in content["frames"]["4"]
    assert content["frames"]["4"]["identity"] < 0.002
    assert set(content["power_spectra"]) == {"source", "recovered", "truth"}
    assert [len(power) for power in content["power_spectra"].values()] == [len(content["frequencies"])] * 3
    for figures in content["against_the_ground_truth"].values():
        assert figures["Source"] is not None and len(figures) > 2
    chart = next(iter(charts_of(view.kind, done.proof, {})))
    if recipe == "spatial-gauge":
        assert (chart.name, set(chart.lines)) == (
            "Power spectrum of luma",
            {"Source", "Recovered", "Reference"},
        )
    names = [file.relative_to(folder).as_posix() for file in (*done.baselines, *done.scopes, *done.stills)]
    spatial = ["unsharp_mask", "sharpen", "resize", "least-squares_filter"]
    wanted = spatial if recipe == "spatial-gauge" else ["grade_by_channel", "3d_lut"]
    assert names[: len(wanted)] == [f"baselines/{name}.0004.exr" for name in wanted]
    assert names[len(wanted) :] == [
        "scopes/0004_waveform.png",
        "scopes/0004_vectorscope.png",
        *(f"stills/0004_{side}.png" for side in ("source", "recovered", "truth")),
    ]
    baseline = read_frame(done.baselines[0])
    assert baseline.format == read_frame(view.output.sequence.path(4)).format
    still = cv2.imread(str(done.stills[0]))
    assert still.shape == (84, 116, 3)
    if recipe == "colour-reference":
        (lut,) = done.luts
        transform = ocio.FileTransform(str(lut), interpolation=ocio.INTERP_LINEAR)
        processor = ocio.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
        assert processor.applyRGB([0.2, 0.5, 0.3]) != [0.2, 0.5, 0.3]
        told = [line for line in lut.read_text("utf-8").splitlines() if line.startswith("# ")]
        assert told[:2] == ["# Film: A Trip, reel 2", "# Shot: s010"]
        assert "fitted to the training pairs" in told[2]
        assert told[3] == "# From 4 pairs, Source frames 1, 3, 5, 7: source.####.exr with reference.####.exr"


@pytest.mark.parametrize("recipe", ["spatial-gauge", "colour-reference"])
def test_the_composite_is_the_recovered_channel_on_the_source(recipe: str, recovered: Any) -> None:
    place = recovered(recipe)
    view = View(place.project)
    files = render_composite(view, silent)
    assert len(files) == 8
    script = paths(place.project).validation / (
        "composite_luminosity.nk" if recipe == "spatial-gauge" else "composite_colour.nk"
    )
    evaluator = Evaluator(nk.load(script))
    area = view.live_area(3)
    made = evaluator.frame(WRITE, 3)
    source = view.evaluator.frame("Read_Source", 3)
    assert made.bbox == source.bbox, "outside of the live area the Original stays"
    held = view.evaluator.root.config.convert(
        read_frame(view.output.sequence.path(3)).rgb(area), view.output.holds, "scene_linear"
    )
    own = made.rgb(area)
    first, second = (luma, chroma) if recipe == "spatial-gauge" else (chroma, luma)
    np.testing.assert_allclose(first(own), first(held), atol=2e-5)
    np.testing.assert_allclose(second(own), second(source.rgb(area)), atol=2e-5)
    outside = made.rgb(source.bbox)[0], source.rgb(source.bbox)[0]
    np.testing.assert_array_equal(*outside)
    written = read_frame(files[2])
    back = evaluator.root.config.convert(written.rgb(area), view.output.holds, "scene_linear")
    np.testing.assert_allclose(back, own, atol=1e-3, err_msg="what is written is what the script gives")
    with OpenEXR.File(str(files[2])) as opened:  # an independent reader
        said = of_header(opened.header())
    assert said.processing_date and said.differences(origin_of(view)) == {} and said.film == "A Trip"


def test_frames_of_a_composite_that_are_there_count_for_no_time_left(recovered: Any) -> None:
    view = View(recovered("colour-reference").project)
    files = render_composite(view, silent)
    for file in files[2:4]:
        file.unlink()
    told: list[tuple[Any, ...]] = []

    def tell(what: str, done: int, total: int, **more: Any) -> None:
        told.append((what, done, total, more["frame"], more["kept"], more["to_make"]))

    render_composite(view, tell)
    kept = [(frame, frame not in (3, 4), {1: 2, 2: 2, 3: 1}.get(frame, 0)) for frame in range(1, 9)]
    assert told == [("composite", frame, 8, frame, there, to_make) for frame, there, to_make in kept]


def test_measures_are_remembered_by_what_the_files_hold(recovered: Any, monkeypatch: Any) -> None:
    place = recovered("spatial-gauge")
    before = proof_of(View(place.project)).frames
    count = []
    real = proof.measured
    monkeypatch.setattr(proof, "measured", lambda *sides: count.append(1) or real(*sides))
    assert proof_of(View(place.project)).frames == before
    assert not count, "nothing was measured anew"
    place.masters(lambda frame, source, truth: truth if frame == 2 else half_way(frame, source, truth))
    assert proof_of(View(place.project)).frames[2] != before[2]
    assert len(count) == 1


def test_a_written_frame_that_is_damaged_is_named(recovered: Any) -> None:
    place = recovered("spatial-gauge")
    view = View(place.project)
    file = view.output.sequence.path(5)
    file.write_bytes(file.read_bytes()[:400])
    with pytest.raises(FilmRecoveryError, match="damaged") as caught:
        validate(view, silent)
    assert caught.value.where["frame"] == 5


def test_outliers_come_from_their_file_and_no_picture_from_elsewhere(place: Any, tmp_path: Path) -> None:
    folder = paths(place.project).validation
    assert outliers_of(place.project) == (None, 0)
    (folder / "outliers").mkdir()
    cv2.imwrite(str(folder / "outliers" / "3.png"), np.full((20, 30, 3), 90, np.uint8))
    rows = [
        {"frame": 5, "kind": "flicker", "figure": 0.02, "usual": 0.001, "score": 4},
        {"frame": 3, "kind": "halo", "figure": 0.05, "usual": 0.01, "score": 7.5, "where": "top left"},
    ]
    rows[1]["picture"] = "outliers/3.png"
    (folder / "outliers.json").write_text(json.dumps(rows), encoding="utf-8")
    found, more = outliers_of(place.project)
    assert found is not None and [one.frame for one in found] == [3, 5] and more == 0
    assert found[0].picture is not None and found[0].picture.shape == (20, 30, 3)
    cv2.imwrite(str(tmp_path / "secret.png"), np.zeros((5, 5, 3), np.uint8))
    rows[0]["picture"] = "../../../secret.png"
    (folder / "outliers.json").write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="leaves the project folder"):
        outliers_of(place.project)
    (folder / "outliers.json").write_text('[{"frame": 1}]', encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        outliers_of(place.project)
