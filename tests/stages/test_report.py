"""The report of a project shows what was delivered: the written frames, beside everything they are held against."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import weakref
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import film_recovery
from film_recovery import ledger, project
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.project import Inference, PairOf, Training
from film_recovery.stages import showing
from film_recovery.stages.closed_form import closed_form_file
from film_recovery.stages.held_out import moments
from film_recovery.stages.showing import write_report
from film_recovery.stages.teaching import teach
from film_recovery.stages.view import View

HELD_OUT = 4
BASELINE = {"spatial-gauge": "Unsharp mask", "colour-reference": "Grade by channel"}
BASELINES = {
    "spatial-gauge": ["Unsharp mask", "Sharpen", "Resize", "Least-squares filter"],
    "colour-reference": ["Grade by channel", "3D LUT"],
}
MAIN = {"spatial-gauge": "PSNR of luma", "colour-reference": "PSNR"}


class Silent:
    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        pass

    def outcome(self, outcome: Any) -> None:
        pass


def taught(place: Any, steps: int, frames: str = "") -> Any:
    """``place`` trained and rendered, as a run does it; ``frames``: those to render, all where empty."""
    place.make(training=Training(patch=32, batch=2, steps=steps), inference=Inference(frames=frames))
    found = teach(place.project, Silent())
    ledger.append(place.folder, "stage", {"stage": 3, **found}, "Ada")
    return place.render(tuple(parse_frames(frames or "1-8")))


def report(place: Any) -> str:
    return write_report(place.project, Silent()).read_text(encoding="utf-8")


def figures(html: str) -> dict[str, dict[str, float]]:
    """Row → column → value, as they stand in the report."""
    table = html[html.index('<table class="figures') :]
    rows = re.findall(r'<span class="name">(.*?)</span>(.*?)</tr>', table[: table.index("</table>")], re.S)
    return {
        name: {
            column: float(value)
            for column, value in re.findall(r'data-column="(.*?)"[^>]*><span>([\d.]+)', cells)
        }
        for name, cells in rows
    }


def master(place: Any, frame: int = HELD_OUT) -> Path:
    pattern = str(project.paths(place.project).render_pattern)
    return Path(pattern.replace("####", f"{frame:04d}"))


def put(place: Any, values: np.ndarray) -> None:
    """``values`` (top row first, graph values) as the master of the held-out frame, in its own colour space."""
    view = View(place.project)
    root, old = view.evaluator.root, read_frame(master(place))
    rgb = root.config.convert(np.ascontiguousarray(values[::-1]), root.working_space, view.output.colourspace)
    write_frame(old.with_channels(RGB, rgb), master(place), datatype="float")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", BASELINE)
def test_source_baseline_closed_form_and_recovered_stand_in_the_same_rows(
    make: Callable[[str], Any], recipe: str
) -> None:
    place = taught(make(recipe), 4)
    html = report(place)
    found = figures(html)
    assert all(
        list(row) == ["Source", *BASELINES[recipe], "Closed form", "Recovered"] for row in found.values()
    )
    row = found[MAIN[recipe]]
    assert row["Source"] < row[BASELINE[recipe]]
    assert row["Source"] < row["Closed form"]
    for name in ("Training loss", "PSNR on held-out frames", "Saturation on held-out frames"):
        assert f"<h3>{name}" in html
    assert "the written frames, read back from disk" in html
    assert "was not rendered" not in html

    # The same closed form, delivered: the column says so, and its figure is that of the written frames.
    place = taught(place, 0)
    delivered = figures(report(place))
    assert list(delivered[MAIN[recipe]]) == ["Source", *BASELINES[recipe], "Recovered (closed form)"]
    assert delivered[MAIN[recipe]]["Recovered (closed form)"] == pytest.approx(row["Closed form"], rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", BASELINE)
def test_what_is_shown_as_recovered_is_what_lies_on_disk(make: Callable[[str], Any], recipe: str) -> None:
    place = make(recipe).save_model().render()
    (moment,) = moments(place.project)
    before = figures(report(place))[MAIN[recipe]]
    assert list(before) == ["Source", *BASELINES[recipe], "Recovered"]
    put(place, np.clip(moment.source * 0.5, 0, None))
    assert figures(report(place))[MAIN[recipe]]["Recovered"] < before["Recovered"] - 3
    put(place, moment.truth)
    found = figures(report(place))[MAIN[recipe]]
    assert found["Recovered"] > 80
    assert found["Source"] == before["Source"]
    put(place, moment.source)
    assert figures(report(place))[MAIN[recipe]]["Recovered"] == before["Source"]


def test_a_frame_that_was_not_rendered_is_evaluated_and_the_report_says_so(place: Any) -> None:
    taught(place, 0, frames="1-3")
    assert not master(place).exists()
    html = report(place)
    assert "frame 4 was not rendered and is evaluated from the script" in html
    assert "it was not rendered: Recovered is evaluated from the script" in html
    assert "the written frames, read back" not in html
    evaluated = figures(html)["PSNR of luma"]["Recovered (closed form)"]
    written = figures(report(taught(place, 0)))["PSNR of luma"]
    assert evaluated == pytest.approx(written["Recovered (closed form)"], abs=0.02)


def test_of_several_frames_the_report_says_which_were_not_rendered(place: Any) -> None:
    place.make(hold_out=(PairOf(2, 2, "between"), PairOf(4, 4, "between")), inference=Inference(frames="1-3"))
    html = report(place.save_model().render((1, 2, 3)))
    said = (
        "the written frames, read back from disk; frame 4 was not rendered and is evaluated from the script"
    )
    assert said in html
    assert html.count("it was not rendered: Recovered is evaluated") == 1


def test_a_written_frame_that_cannot_be_used_is_named(place: Any) -> None:
    place.save_model().render()
    whole = master(place).read_bytes()
    frame = read_frame(master(place))

    def fails(said: str) -> None:
        with pytest.raises(FilmRecoveryError, match=said) as caught:
            report(place)
        assert os.path.normpath(caught.value.where["file"]) == str(master(place))
        assert caught.value.where["frame"] == HELD_OUT
        assert "run the project again" in caught.value.remedy

    master(place).write_bytes(whole[: len(whole) // 2])
    fails("is damaged")
    values = frame.pixels.copy()
    values[20, 30] = np.nan
    write_frame(frame.with_pixels(values), master(place), datatype="half")
    fails("not finite")
    area = frame.bbox
    write_frame(frame.cropped(type(area)(area.x + 8, area.y, area.r, area.t)), master(place), datatype="half")
    fails("not all of the live area")
    master(place).unlink()
    fails("its file is not there")


def test_a_closed_form_that_is_gone_or_damaged_is_named(place: Any) -> None:
    taught(place, 2)
    file = closed_form_file(View(place.project))
    assert file is not None and file.is_file()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FilmRecoveryError, match="not the file that its sidecar describes") as caught:
        report(place)
    assert "closed_form.pt" in str(caught.value)
    file.unlink()
    with pytest.raises(FilmRecoveryError, match="closed form beside the network is not there") as caught:
        report(place)
    assert caught.value.where["file"] == str(file)


def facts(html: str, section: str) -> dict[str, str]:
    """Name → value of the tables of a section of the record."""
    part = html[html.index(f'<section id="{section}"') :]
    rows = re.findall(
        r'<tr><th scope="row">(.*?)</th><td[^>]*>(.*?)</td></tr>', part[: part.index("</section>")]
    )
    return {name: unescape(value) for name, value in rows}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_settings_of_every_stage_are_told(place: Any) -> None:
    place.make(
        hold_out=(PairOf(2, 2, "between"), PairOf(4, 5, "later")),
        prefilter=3,
        tolerances={"training.clamp_share": {"share": 0.5}},
    )
    place.save_model().render()
    found = facts(report(place), "settings")
    assert (found["pairs"], found["hold out"]) == ("1, 3, 5, 7", "2, 4 with 5")
    assert "live area: 4, 6, 120, 90" in found["alignment"] and "translate: –" in found["alignment"]
    assert "working space: scene_linear" in found["colour"]
    assert (found["luma method"], found["prefilter"]) == ("matrix", "3")
    assert "steps 80000" in found["training"] and "compression: zip" in found["inference"]
    assert found["tolerances"] == "training.clamp share: share 0.5"


def test_flags_of_pairs_come_back_in_the_report(place: Any) -> None:
    place.make(
        pairs=(*place.draft.pairs[:3], PairOf(7, 7, "x", flags=("parallax: the <mast>",))),
        hold_out=(PairOf(4, 4, "between", flags=("compression of the sky",)),),
    )
    place.save_model().render()
    html = report(place)
    assert facts(html, "settings")["flags"] == (
        "pair 7: parallax: the <mast>; hold-out 4: compression of the sky"
    )
    assert "Held out of training; compression of the sky" in html
    assert "Flags stay with 2 pairs." in html and "<mast>" not in html
    place.make(pairs=place.draft.pairs[:3], hold_out=(PairOf(4, 4),)).save_model().render()
    assert facts(report(place), "settings")["flags"] == "none"


def test_files_ledger_and_frames_are_hashed(place: Any) -> None:
    html = report(taught(place, 0))
    found = facts(html, "hashes")
    assert found["project.yaml"] == digest((place.folder / "project.yaml").read_bytes())
    assert found["script"] == digest(place.script.read_bytes())
    assert found["model"] == digest(place.model.read_bytes())
    last = ledger.read(place.folder).records[-1]
    assert found[f"ledger, record {last.index}"] == last.sha256
    names = sorted(master(place).parent.glob("*.exr"))
    listed = "".join(f"{digest(file.read_bytes())}  {file.name}\n" for file in names)
    assert len(names) == 8 and found["8 frames, as one list"] == digest(listed.encode())


@pytest.mark.slow
def test_each_result_says_which_engine_made_it(place: Any) -> None:
    found = facts(report(taught(place, 2)), "hashes")
    version = f"film-recovery {film_recovery.__version__}"
    assert found["training"] == f"open engine ({version}): a network on top of its closed form, 2 steps"
    assert found["inference"] == "open engine: 8 frames, as it wrote them"
    (moment,) = moments(place.project)
    put(place, moment.source)
    found = facts(report(place), "hashes")
    assert found["inference"] == (
        "open engine: 7 frames, as it wrote them; 1 frame of another program, or changed since the open engine wrote "
        "them"
    )
    assert "7 frames, as one list" in found
    found = facts(report(taught(place, 0)), "hashes")
    assert found["training"] == f"open engine ({version}): the closed form alone"
    place.save_model().render()
    assert (
        "not the model of a training that this project recorded" in facts(report(place), "hashes")["training"]
    )


def test_held_out_frames_that_are_not_shown_are_counted(place: Any, monkeypatch: Any) -> None:
    place.make(hold_out=tuple(PairOf(n, n, "between") for n in (2, 4, 6))).save_model().render()
    assert "not shown here" not in report(place)
    monkeypatch.setattr(showing, "MOST_STILLS", 1)
    html = report(place)
    assert "2 more held-out frames are measured, but not shown here." in html
    assert html.count('<figure class="still"') == 1


@pytest.mark.slow
def test_one_moment_is_in_memory_at_a_time(place: Any, monkeypatch: Any) -> None:
    place.make(hold_out=tuple(PairOf(n, n, "between") for n in (2, 4, 6, 8))).save_model().render()
    made: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []
    real = showing._eight_bit

    def eight_bit(picture: np.ndarray) -> np.ndarray:
        gc.collect()
        alive.append(sum(one() is not None for one in made))
        found = real(picture)
        made.append(weakref.ref(found))
        return found

    monkeypatch.setattr(showing, "_eight_bit", eight_bit)
    assert report(place).count('<figure class="still"') == 4
    assert len(made) == 12 and max(alive) == 2, "the other pictures of the same still"


def test_a_model_of_another_training_has_no_closed_form_here(place: Any) -> None:
    taught(place, 2)
    ledger.append(place.folder, "stage", {"stage": 3, "sha256": "0" * 64, "run": "run_of_another"}, "Ada")
    assert closed_form_file(View(place.project)) is None
    assert list(figures(report(place))["PSNR of luma"]) == [
        "Source",
        *BASELINES["spatial-gauge"],
        "Recovered",
    ]
