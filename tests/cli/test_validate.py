"""``validate`` and ``report`` as they are called: on sequences, on a project, and on what they cannot do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import ledger
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.imaging.luma import luma

FRAMES = range(11, 16)


@pytest.fixture
def sequences(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Source, recovered and Reference of a small moving picture; ``change``: what is done to a recovered frame."""
    wide = np.random.default_rng(2).random((160, 400, 3)).astype(np.float32)
    wide = 0.2 + 0.6 * cv2.GaussianBlur(wide, (0, 0), 1.0) / 1.0

    def make(change: Callable[[int, np.ndarray], np.ndarray] = lambda frame, rgb: rgb) -> dict[str, Path]:
        patterns = {}
        for name in ("source", "recovered", "reference"):
            patterns[name] = tmp_path / name / f"{name}.####.exr"
            for frame in FRAMES:
                clean = wide[:, 3 * frame : 3 * frame + 192]
                soft = cv2.GaussianBlur(clean, (0, 0), 1.2)
                better = soft + 0.9 * luma(clean - soft)[..., None]
                picture = {"source": soft, "reference": clean, "recovered": change(frame, better)}[name]
                path = tmp_path / name / f"{name}.{frame:04d}.exr"
                write_frame(
                    Frame.from_array(picture, top_down=True), path, datatype="half", create_directories=True
                )
        return patterns

    return make


def asked(patterns: dict[str, Path], *names: str) -> list[object]:
    return [part for name in names for part in (f"--{name}", patterns[name])]


def test_a_recovery_is_judged_without_a_project(film_recovery, sequences, tmp_path: Path) -> None:
    patterns = sequences()
    out = tmp_path / "proof"
    said = film_recovery(
        "validate", *asked(patterns, "source", "recovered", "reference"), "--out", out, "--json"
    )
    assert said.code == 0, (said.lines, said.text)
    outcomes = {line["id"]: line for line in said.lines if line["event"] == "check"}
    assert outcomes["validation.sharper"]["outcome"] == "pass"
    assert outcomes["validation.sharper"]["value"]["detail"] > 1.1
    assert outcomes["validation.identity"]["value"] < 0.002
    assert outcomes["validation.grain"]["outcome"] in ("pass", "warn")
    assert said.result["frames"] == "11-15" and said.result["with_reference"] == "11-15"
    content = json.loads((out / "measures.json").read_text("utf-8"))
    assert list(content["frames"]) == [str(frame) for frame in FRAMES]
    html = (out / "report.html").read_text("utf-8")
    assert html.count('<figure class="still"') == 5 and "<h3>Detail" in html
    assert any(line["event"] == "progress" and line["what"] == "measures" for line in said.lines)


def test_a_report_of_sequences_needs_no_project(film_recovery, sequences, tmp_path: Path) -> None:
    patterns = sequences(lambda frame, rgb: rgb * np.float32(1.04 if frame == 13 else 1))
    out = tmp_path / "proof"
    said = film_recovery("report", *asked(patterns, "source", "recovered"), "--out", out, "--json")
    assert said.code == 0, "a report is written of what fails, too"
    assert said.result["report"] == str(out / "report.html")
    assert "validation.no_flicker" in (out / "report.html").read_text("utf-8")
    said = film_recovery("report", *asked(patterns, "source", "recovered"), "--json")
    assert said.code == 2 and "--out" in said.error["remedy"]
    said = film_recovery("report", "--out", out, "--json")
    assert said.code == 2 and "--out goes with --source" in said.error["message"]


def test_a_frame_that_flickers_stops_it_and_is_named(film_recovery, sequences) -> None:
    patterns = sequences(lambda frame, rgb: rgb * np.float32(1.04 if frame == 13 else 1))
    said = film_recovery("validate", *asked(patterns, "source", "recovered"), "--frames", "11-15", "--json")
    assert said.code == 1
    outcomes = {line["id"]: line for line in said.lines if line["event"] == "check"}
    assert outcomes["validation.no_flicker"]["outcome"] == "fail"
    assert outcomes["validation.no_flicker"]["show"]["frame"] == 13
    assert outcomes["validation.identity"]["outcome"] == "fail", "so is the chroma that was changed with it"
    assert "needs a Reference" in outcomes["validation.grain"]["reason"]
    assert set(said.result["failed"]) >= {"validation.no_flicker", "validation.identity"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--source", "SOURCE"), 2, "Both sequences are needed"),
        (("--source", "SOURCE", "--recovered", "RECOVERED", "--kind", "depth"), 2, "--kind depth: unknown"),
        (("--source", "SOURCE", "--recovered", "RECOVERED", "--space", "a,b"), 2, "names 2 colour spaces"),
        (("--source", "SOURCE", "--recovered", "RECOVERED", "--composite"), 2, "of a project"),
        (("--source", "SOURCE", "--recovered", "RECOVERED", "--frames", "14-20"), 3, "is missing"),
        (("--source", "SOURCE", "--recovered", "nowhere.####.exr"), 3, "has no frame"),
        (("--source", "SOURCE", "--recovered", "RECOVERED", "--out", "FOLDER"), 3, "never written to"),
        (("--frames", "1-3"), 2, "--frames goes with --source"),
    ],
)
def test_what_cannot_be_done_is_said(
    film_recovery, sequences, options: tuple[str, ...], code: int, words: str
) -> None:
    patterns = sequences()
    known = {
        "SOURCE": patterns["source"],
        "RECOVERED": patterns["recovered"],
        "FOLDER": patterns["source"].parent,
    }
    said = film_recovery("validate", *(known.get(word, word) for word in options), "--json")
    assert (said.code, words in said.error["message"]) == (code, True), (said.lines, said.text)
    assert said.error["remedy"]


def test_sequences_of_different_size_are_named(film_recovery, sequences) -> None:
    patterns = sequences(lambda frame, rgb: rgb[:-8] if frame == 12 else rgb)
    said = film_recovery("validate", *asked(patterns, "source", "recovered"), "--json")
    assert said.code == 3 and said.error["frame"] == 12
    assert "192 × 152, the Source 192 × 160" in said.error["message"]


def test_a_project_that_has_rendered_nothing_is_told_what_comes_first(film_recovery, film: Path) -> None:
    for command in ("validate", "report"):
        said = film_recovery(command, "--project", film, "--json")
        assert said.code == 3 and "There is nothing to" in said.error["message"], (said.lines, said.text)
        assert "film-recovery run" in said.error["remedy"]


@pytest.mark.slow
def test_a_project_is_validated_and_reported_on(
    film_recovery, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = film_recovery("run", "--project", film, "--skip-short-range", "a test", "--json")
    assert ran.code == 0, (ran.lines[-3:], ran.text)
    said = film_recovery("validate", "--project", film, "--composite", "--json")
    assert said.code == 0, (said.lines, said.text)
    assert said.result["composite_frames"] == 4 and said.result["frames"] == "1004-1007"
    assert [Path(file).name for file in said.result["luts"]] == ["3d_lut.cube"]
    assert Path(said.result["composite_script"]).name == "composite_colour.nk"
    by_run, by_hand = (dict(record.data) for record in ledger.read(film).of_kind("stage")[-2:])
    assert by_run.pop("report") and by_hand.pop("command") == "validate" and by_hand.pop("unmeasured") == []
    assert {**by_hand, "checks": []} == {**by_run, "checks": []}, "an iteration as a run's"
    reported = film_recovery("report", "--project", film, "--pdf", "--json")
    assert reported.code == 0, (reported.lines, reported.text)
    assert Path(reported.result["pdf"]).read_bytes().startswith(b"%PDF")
    html = Path(reported.result["report"]).read_text("utf-8")
    assert "<h3>Flicker" in html and "MLProcessing" in html
    Path(reported.result["pdf"]).unlink()
    monkeypatch.setenv("PATH", str(film))  # where no browser is
    without = film_recovery("report", "--project", film, "--pdf", "--json")
    assert (without.code, without.result["pdf"]) == (0, "")
    assert without.result["no_pdf"] == "no Chromium or Chrome was found on this machine"
    assert Path(without.result["report"]).is_file()
