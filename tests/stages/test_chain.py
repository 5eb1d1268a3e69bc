"""Recoveries of several steps: two projects of one film, taken through all of their work by one run."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from film_recovery import ledger, project, recipes, stages
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.stages import chain

STEP = {"combined": "colour", "spatial-telecine": "telecine"}


@pytest.mark.slow
def test_a_combined_project_is_taken_through_both_of_its_halves(whole) -> None:
    made, ran, heard = whole, whole.ran, whole.heard
    parent, step = made.projects
    assert step.source.file == "../../pipeline/04_inference_render/s010_v001_combined_small-0.####.exr"
    assert (step.source.first, step.source.last, step.source.colourspace) == (1, 8, "aces_interchange")
    assert len(made.frames(made.folder)) == len(made.frames(made.step)) == 8
    assert ran.report.is_file() and project.paths(step).report.is_file()
    assert "colour/render" in heard.told and "render" in heard.told
    assert {one.check for one in heard.outcomes} >= {"ingest.size_parity", "colour/ingest.size_parity"}
    assert not [one for one in heard.outcomes if one.outcome == "fail"]
    assert made.outcome(made.folder, "validation.colour_follows").outcome == "pass"
    (record,) = ledger.read(made.folder).of_kind("step")
    assert record.data["step"] == "colour"
    assert made.folder / record.data["report"] == project.paths(step).report
    assert record.data["ledger"] == hashlib.sha256((made.step / "ledger.jsonl").read_bytes()).hexdigest()
    assert (ledger.verify(made.folder), ledger.verify(made.step)) == ((), ())
    page = ran.report.read_text(encoding="utf-8")
    link = "../../steps/colour/pipeline/05_validation/report.html"
    assert f'<a href="{link}">Colour, from the spatial master (steps/colour)</a>' in page
    assert (ran.report.parent / link).is_file()
    # The step recovered the colour of the spatial master, not that of the scan.
    master, final = (project.paths(one).render_pattern for one in (parent, step))
    before, after = (read_frame(pattern.as_posix(), frame=4).rgb() for pattern in (master, final))
    assert np.abs(before - after).max() > 0.01


@pytest.mark.slow
def test_a_telecine_is_raised_first_and_is_then_the_reference(chain_of, tmp_path: Path) -> None:
    made = chain_of("spatial-telecine", steps=2)
    assert (
        made.outcome(made.folder, "ingest.size_parity").reason
        == "not yet: steps/telecine has not been rendered"
    )
    made.run()
    parent, step = made.projects
    assert (step.source.file, step.reference.file) == (
        str(tmp_path / "film/reference/reference.####.exr"),
        parent.source.file,
    )
    assert parent.reference.file.startswith("steps/telecine/pipeline/04_inference_render/")
    assert len(made.frames(made.folder)) == len(made.frames(made.step)) == 8
    kinds = [
        r.data.get("name", r.kind) for r in ledger.read(made.folder).records if r.kind in ("step", "stage")
    ]
    assert kinds == ["step", *recipes.STAGES]
    assert made.outcome(made.folder, "training.telecine_first").outcome == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STEP)
def test_a_rerun_has_nothing_to_do(chain_of, recipe: str) -> None:
    made = chain_of(recipe)
    made.run()
    before = made.frames(made.folder), made.frames(made.step)
    again = made.run()
    assert set(again.worked) == {f"{made.name}/validation", "validation"}
    assert (made.frames(made.folder), made.frames(made.step)) == before


def stopped_in_the_step(made) -> None:
    """The step lacks its signatures."""
    (made.step / "ledger.jsonl").unlink()
    with pytest.raises(CheckFailed, match=rf"Step {made.name}: Stage 0 \(ingest\) stops") as caught:
        made.run()
    assert caught.value.where["file"] == str(made.step)
    assert ledger.read(made.folder).records[-1].kind == "stopped"


@pytest.mark.slow
def test_a_check_that_fails_in_the_second_half_stops_the_run_and_names_it(finished) -> None:
    made = finished
    for file in (made.step / "pipeline").rglob("*.*"):
        file.unlink()
    stages.build_script(made.projects[1])
    stopped_in_the_step(made)
    assert project.paths(made.projects[0]).report.exists()
    made.sign(made.step)
    worked = made.run().worked
    assert f"{made.name}/inference" in worked
    assert "inference" not in worked, "what was done is not done again"


@pytest.mark.slow
def test_a_check_that_fails_in_the_telecine_stops_the_run_and_names_it(chain_of) -> None:
    made = chain_of("spatial-telecine")
    stopped_in_the_step(made)
    assert not project.paths(made.projects[0]).report.exists()
    made.sign(made.step)
    worked = made.run().worked
    assert {f"{made.name}/inference", "inference"} <= set(worked)


@pytest.mark.slow
@pytest.mark.parametrize("at", ["render", "colour/render"])
def test_an_interrupted_chain_goes_on_to_the_same_frames(chain_of, at: str) -> None:
    whole = chain_of("combined", under="whole")
    whole.run()
    made = chain_of("combined", under="cut")

    def stop(what: str) -> None:
        if what == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(stop)
    assert ledger.read(made.folder).records[-1].kind == "stopped"
    assert project.lock.holder(made.step) is None
    made.run()
    assert made.frames(made.step) == whole.frames(whole.step)


@pytest.mark.slow
def test_another_result_of_the_first_step_is_trained_on(chain_of) -> None:
    made = chain_of("spatial-telecine")
    made.run()
    first = made.frames(made.folder), made.frames(made.step)
    project.update(made.step, {"alignment.live_area": [10, 10, 110, 84], "inference.version": "v002"})
    project.update(made.folder, {"inference.version": "v002"})  # the first masters were accepted, and stay
    worked = made.run().worked
    assert {"telecine/training", "telecine/inference", "training", "inference"} <= set(worked)
    for before, folder in zip(first, (made.folder, made.step), strict=True):
        now = made.frames(folder)
        assert before.items() <= now.items() and len(now) == 2 * len(before)
        assert not set(before.values()) & {now[name] for name in now if name not in before}


def test_combined_without_its_colour_step_stops_and_says_how_to_add_it(chain_of) -> None:
    made = chain_of("combined", with_step=False)
    with pytest.raises(
        CheckFailed, match=r"validation.colour_follows: steps/colour is no project yet"
    ) as caught:
        made.run()
    assert f"film-recovery new {made.step} --reference FRAMES" in caught.value.remedy
    assert len(made.frames(made.folder)) == 8, "the spatial half is done and kept"
    assert ledger.read(made.folder).records[-1].kind == "stopped"


def test_a_step_on_its_own_waits_for_the_master(chain_of) -> None:
    made = chain_of("combined")
    for report in stages.check(project.load(made.step)):
        for outcome in report.outcomes:
            assert outcome.outcome != "fail", outcome
    pair_frames = made.outcome(made.step, "curation.pair_frames")
    assert (pair_frames.pending, pair_frames.reason) == (True, "not yet: film_project has not been rendered")
    stages.build_script(project.load(made.step))
    assert made.outcome(made.step, "training.clamp_share").reason == pair_frames.reason
    with pytest.raises(
        CheckFailed, match="is the master of film_project, and film_project has not been"
    ) as caught:
        made.run(folder=made.step)
    assert caught.value.remedy == f"film-recovery run --project {made.folder}"


def test_half_a_master_is_not_worked_on(finished) -> None:
    made = finished
    next(iter((made.folder / "pipeline" / "04_inference_render").glob("*.exr"))).unlink()
    with pytest.raises(CheckFailed, match="has not been rendered in whole: 7 of 8 frames"):
        made.run(folder=made.step)


@pytest.mark.slow
def test_the_step_renders_the_frames_that_there_are(chain_of) -> None:
    made = chain_of("combined")
    project.update(made.folder, {"inference.frames": "1-5,7"})
    made.run()
    assert len(made.frames(made.step)) == 6
    assert made.projects[1].source.last == 7


def test_masters_are_judged_by_the_scan_behind_them(finished) -> None:
    made = finished
    assert made.outcome(made.step, "ingest.same_transform").outcome == "pass"
    domain = made.outcome(made.step, "ingest.training_domain")
    assert (domain.outcome, domain.value) == ("pass", {"source": "display", "reference": "display"})
    project.update(made.step, {"elements.reference.colourspace": "scene_linear"})
    for id in ("ingest.same_transform", "ingest.same_domain"):
        assert made.outcome(made.step, id).outcome == "fail"
    project.update(
        made.step, {"elements.reference.colourspace": "color_picking", "colour.working_space": "ACEScc"}
    )
    found = made.outcome(made.step, "ingest.same_transform")
    assert found.outcome == "fail" and "another OCIO config or working space" in found.reason


def test_a_master_that_is_read_in_another_space_than_it_is_written_in_fails(finished) -> None:
    made = finished
    script = project.paths(made.projects[1]).script
    text = script.read_text(encoding="utf-8")
    assert "colorspace aces_interchange\n" in text
    script.write_text(
        text.replace("colorspace aces_interchange\n", "colorspace scene_linear\n", 1), encoding="utf-8"
    )
    assert made.outcome(made.step, "ingest.same_transform").outcome == "fail"


def test_masters_may_leave_0_1_a_little_and_scans_may_not(finished) -> None:
    made = finished
    path = Path(project.paths(made.projects[0]).render_pattern.as_posix().replace("####", "0003"))
    frame = read_frame(path)
    pixels = frame.rgb()[::-1].copy()
    pixels[:5] = 2.0
    path.chmod(0o644)
    write_frame(Frame.from_array(pixels, top_down=True), path, datatype="half")
    inside = made.outcome(made.step, "ingest.values_0_1")
    assert inside.outcome == "pass" and inside.value["share"] == pytest.approx(5 / 84, abs=2e-3)
    pixels[:30] = 2.0
    write_frame(Frame.from_array(pixels, top_down=True), path, datatype="half")
    assert made.outcome(made.step, "ingest.values_0_1").outcome == "fail"


@pytest.mark.parametrize(
    ("recipe", "key", "value", "words"),
    [
        ("combined", "source", "../../..", "is no other project of this chain"),
        ("combined", "source", ".", "is no other project of this chain"),
        ("combined", "source", "/films/other", "is no other project of this chain"),
        ("combined", "source", "../../pipeline", "is no other project of this chain"),
        ("combined", "source", "..\\..", "is no other project of this chain"),
        ("combined", "source", "../painted", "is no project: it holds no project.yaml"),
        ("spatial-telecine", "source", "../..", "leads back to this project"),
    ],
)
def test_masters_of_other_places_are_refused_by_name(
    chain_of, recipe: str, key: str, value: str, words: str
) -> None:
    made = chain_of(recipe)
    file = made.step / project.FILE
    before = file.read_bytes()
    with pytest.raises(FilmRecoveryError, match="master_of") as caught:
        project.update(made.step, {f"elements.{key}": {"master_of": value}})
    assert words in caught.value.message
    assert repr(value) in caught.value.message or "leads back" in words
    assert file.read_bytes() == before


def test_a_step_folder_that_is_a_link_out_of_the_chain_is_refused(chain_of, tmp_path: Path) -> None:
    made = chain_of("combined")
    elsewhere = tmp_path / "elsewhere"
    os.rename(made.step, elsewhere)
    made.step.symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(FilmRecoveryError, match="leaves the project folder"):
        made.run()
    with pytest.raises(FilmRecoveryError, match="is no other project of this chain"):
        project.load(made.step)


@pytest.mark.slow
def test_a_step_of_other_frames_or_another_kind_is_refused(chain_of) -> None:
    made = chain_of("combined")
    scan = replace(made.projects[0].source)
    project.update(made.step, {"elements.source": scan})
    with pytest.raises(CheckFailed, match="The Source of steps/colour is not what film_project renders"):
        made.run()
    project.update(made.step, {"elements.source": {"master_of": "../.."}, "recipe": "spatial-gauge"})
    with pytest.raises(CheckFailed, match="is a spatial project, where a colour one is needed"):
        made.run()


@pytest.mark.slow
def test_frames_into_the_folder_of_the_chain_are_refused(chain_of) -> None:
    made = chain_of("combined")
    project.update(made.folder, {"inference.folder": "."}, backup=True)
    project.update(made.folder, {"inference.version": "v002"})
    parent = project.load(made.folder)
    assert project.paths(parent).render == made.folder
    with pytest.raises(FilmRecoveryError):
        made.run()
    assert not made.frames(made.step)
    made = chain_of("spatial-telecine", under="telecine")
    project.update(made.folder, {"inference.folder": "steps"})
    with pytest.raises(FilmRecoveryError, match=r"equal to, inside or around|where an element lies"):
        made.run()


def test_whoever_runs_the_step_is_told_who_holds_the_chain(whole) -> None:
    seen = whole.holders
    assert {holder.what for holder in seen if holder} == {f"run of {whole.folder}"}
    assert seen and None not in seen, "held while the parent is at its own stages too"
    assert project.lock.holder(whole.step) is None


def test_a_made_step_stands_in_its_parent(chain_of) -> None:
    made = chain_of("combined")
    found = chain.parent_of(made.step)
    assert found is not None and (found[0].folder, found[1].name) == (made.folder, "colour")
    assert chain.parent_of(made.folder) is None
    assert chain.parent_of(made.folder / "steps" / "other") is None
    (link,) = chain.links(made.projects[0])
    assert chain.standing(link) == "not finished; film_project has not been rendered"


def test_a_telecine_that_is_not_tied_to_its_print_is_refused_before_any_work(chain_of) -> None:
    made = chain_of("spatial-telecine")
    project.update(made.folder, {"elements.reference": made.projects[1].source})
    with pytest.raises(
        CheckFailed, match="The Reference of film_project is not what steps/telecine renders"
    ) as caught:
        made.run()
    assert "master_of: steps/telecine" in caught.value.remedy
    assert not made.frames(made.step)
