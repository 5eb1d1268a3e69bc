"""The script of a project: portable, repeatable, and never at the cost of an operator's work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from film_recovery import nk, stages
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Alignment, Colour, Inference, PairOf, Training


def test_the_script_holds_what_the_project_says(place: Any) -> None:
    place.make(
        pairs=(PairOf(1, 2), PairOf(5, 6)),
        hold_out=(PairOf(3, 4),),
        alignment=Alignment(translate=((0.5, 1.0), (2.0, -3.0)), live_area=(4, 6, 120, 90)),
        training=Training(size="small", patch=64, batch=2, steps=100),
        inference=Inference(version="v007", compression="piz", datatype="float"),
        method="Colorspace",
        prefilter=3,
    )
    script = nk.load(place.script)
    copycat = script.node("CopyCat1")
    found = {name: copycat.knobs[name].text for name in ("modelSize", "cropSize", "batchSize", "epochs")}
    assert found == {"modelSize": "Small", "cropSize": "64", "batchSize": "2", "epochs": "100"}
    assert script.node("FrameHold_Reference_2").knobs["firstFrame"].text == "6"
    assert script.node("FrameHold_Preview").knobs["firstFrame"].text == "3"
    assert script.node("FR_GroundTruth1").knobs["method"].text == "Colorspace"
    assert script.node("PreFilter_Source").knobs["size"].text == "3"
    assert script.node("FR_Inference1").knobs["prefilter_size"].text == "3"
    write = script.node("Write_Recovered").knobs
    assert (write["datatype"].text, write["compression"].text) == (
        "32 bit float",
        "PIZ Wavelet (32 scanlines)",
    )
    assert "v007" in write["file"].text
    evaluator = Evaluator(script)
    assert evaluator.call("ManualTransform", 2).numbers("translate", 2) == (2.0, -3.0)


def test_paths_inside_the_project_are_relative_and_scans_are_where_they_are(place: Any) -> None:
    text = place.script.read_text(encoding="utf-8")
    assert str(place.folder) not in text
    assert place.draft.elements["source"].file in text
    spec = stages.spec_of(place.project)
    assert spec.output.startswith("../pipeline/04_inference_render/")


def test_a_project_that_was_moved_still_renders_into_itself(place: Any) -> None:
    name = place.script.name
    moved = place.folder.rename(place.root / "moved")
    evaluator = Evaluator(nk.load(moved / "nuke_base" / name))
    assert evaluator.call("Write_Recovered", 1).path("file").resolve().is_relative_to(moved)


def test_an_element_inside_the_project_is_relative_too(place: Any) -> None:
    (place.folder / "scans").mkdir()
    for frame in range(1, 9):
        place.file("source", frame).rename(place.folder / "scans" / f"s.{frame:04d}.exr")
    elements = dict(place.draft.elements)
    elements["source"] = replace(elements["source"], file="scans/s.####.exr")
    project = replace(place.project, elements=elements)
    stages.build_script(project)
    assert stages.spec_of(project).source.file == "../scans/s.####.exr"
    Evaluator(nk.load(place.script)).frame("Read_Source", 3)


def test_the_colour_set_up_reaches_root(place: Any, tmp_path: Any) -> None:
    place.make(colour=Colour("ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1", "aces_interchange"))
    root = Evaluator(nk.load(place.script)).root
    assert root.config.name == "ocio://cg-config-v1.0.0_aces-v1.3_ocio-v2.1"
    assert root.working_space == "aces_interchange"


def test_an_own_config_reaches_root(place: Any) -> None:
    config = place.root / "show.ocio"
    config.write_text(
        "ocio_profile_version: 1\nroles: {default: a, scene_linear: a}\n"
        "displays: {d: [!<View> {name: v, colorspace: a}]}\ncolorspaces: [!<ColorSpace> {name: a}]\n",
        encoding="utf-8",
    )
    place.make(colour=Colour(str(config)))
    assert Evaluator(nk.load(place.script)).root.config.name == config.as_posix()


def test_building_again_changes_nothing(place: Any) -> None:
    before = place.script.stat()
    stages.build_script(place.project)
    assert place.script.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in place.script.parent.iterdir()] == [place.script.name]


def test_an_operators_changes_are_kept_beside_the_new_script(place: Any) -> None:
    built = place.script.read_bytes()
    place.knob("CopyCat1", "epochs", "7")
    changed = place.script.read_bytes()
    stages.build_script(place.project)
    assert place.script.read_bytes() == built
    assert place.script.with_name(place.script.name + ".bak-1").read_bytes() == changed


@pytest.mark.parametrize(
    ("missing", "named"), [("pairs", "No pairs are chosen"), ("hold_out", "No hold-out is chosen")]
)
def test_without_pairs_or_hold_out_there_is_no_script(place: Any, missing: str, named: str) -> None:
    place.make(**{missing: ()})
    with pytest.raises(FilmRecoveryError, match=named):
        stages.build_script(place.project)


def test_a_planted_command_stays_text(place: Any) -> None:
    place.make(title="[python {1/0}] $env(HOME)")
    root = nk.load(place.script)
    assert root.node("Backdrop_Recovery").text("label") == "[python {1/0}] $env(HOME)"
