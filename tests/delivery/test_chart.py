"""Charts over a range: every point in its place, gaps broken, limits drawn, and the report holds them."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.delivery import Chart, Outlier, Pair, build_report
from film_recovery.delivery.chart import drawing, legend
from film_recovery.delivery.pdf import browser, print_pdf
from film_recovery.delivery.plot import LEFT, RIGHT, WIDTH
from film_recovery.delivery.report import LARGEST
from film_recovery.errors import FilmRecoveryError

FRAMES = tuple((float(frame), 1.0 + 0.1 * math.sin(frame)) for frame in range(1001, 1101))


def test_a_line_runs_from_the_first_frame_to_the_last() -> None:
    drawn = drawing(Chart("Detail", "times", {"Detail": FRAMES}, limits={"least": 0.95}))
    assert drawn is not None
    (line,) = drawn.lines
    points = [tuple(map(float, point.split(","))) for point in line.strokes[0].split()]
    assert (points[0][0], points[-1][0], len(points)) == (LEFT, WIDTH - RIGHT, 100)
    heights = {frame: y for (frame, _), (_, y) in zip(FRAMES, points, strict=True)}
    highest = max(FRAMES, key=lambda point: point[1])[0]
    assert heights[highest] == min(heights.values()), "up is more"
    assert [limit.label for limit in drawn.limits] == ["least 0.95"]
    assert all(tick.label.isdigit() for tick in drawn.across)
    assert legend(Chart("Detail", "", {"Detail": FRAMES}), drawn) == ()


def test_missing_frames_break_the_line_and_marks_are_dots() -> None:
    there = tuple(point for point in FRAMES if not 1040 <= point[0] < 1050)
    lonely = (*there, (1200.0, 1.0))
    drawn = drawing(Chart("Halo", "%", {"Recovered": lonely}, {"Ground Truth": ((1010.0, 2.0),)}))
    assert drawn is not None
    line, mark = drawn.lines
    assert len(line.strokes) == 2 and len(line.dots) == 1
    assert (mark.strokes, len(mark.dots)) == ((), 1) and mark.style != line.style
    assert "2 % at 1010" in mark.summary


def test_what_is_not_finite_is_not_drawn() -> None:
    assert drawing(Chart("x", "", {"x": ((1.0, math.nan),)})) is None
    drawn = drawing(Chart("x", "", {"x": ((1.0, 2.0), (2.0, math.inf), (3.0, 3.0))}))
    assert drawn is not None and len(drawn.lines[0].strokes[0].split()) == 2


@pytest.fixture
def grown(report_data: Any, still_of: Callable[..., Any]) -> Any:
    """The sample report with everything that a validation adds."""
    scopes = {"Waveform": np.full((64, 96, 3), 40, np.uint8)}
    stills = (still_of("coffee.png", 1042, scopes=scopes), *report_data.stills[1:])
    return dataclasses.replace(
        report_data,
        stills=stills,
        charts=(
            Chart("Detail", "times the Source’s", {"Detail": FRAMES}, {"Truth": FRAMES[:1]}, {"equal": 1.0}),
            Chart("Edges", "pixels", {"Recovered": FRAMES, "Source": FRAMES[:50]}),
        ),
        without_truth=("grain’s power",),
        outliers=(
            Outlier(1050, "halo", 0.05, 0.01, 7.5, "top <left>", np.full((40, 60, 3), 200, np.uint8)),
            Outlier(1060, "flicker", 0.02, 0.001, 4.0),
        ),
        outliers_left_out=3,
        pairs=(Pair("pair", 1001, 1002, "s010", "skin & sky"), Pair("hold-out", 1042, 1042)),
        provenance={"MLProcessing": "a network", "FilmTitle": "The Cup & the Cat"},
    )


def test_the_report_shows_all_of_it(grown: Any, tmp_path: Path) -> None:
    html = build_report(grown, tmp_path / "report.html").read_text("utf-8")
    for words in (
        '<section id="measures"',
        "<h3>Detail",
        "measured on the held-out frames only: grain’s power.",
        "3 more are in outliers.json.",
        "top &lt;left&gt;",
        'alt="Frame 1050, halo"',
        "skin &amp; sky",
        "MLProcessing",
        "Waveform and vectorscope",
        '<span class="outcome warn">open</span> No halos',
        "Accepted by",
    ):
        assert words in html, words
    assert html.count("<polyline") >= 4
    bare = build_report(dataclasses.replace(grown, outliers=None, charts=()), tmp_path / "bare.html")
    text = bare.read_text("utf-8")
    assert "They were not looked for" in text and "Nothing was measured frame by frame" in text
    nothing = build_report(dataclasses.replace(grown, outliers=()), tmp_path / "none.html")
    assert "No frame stands out.</p>" in nothing.read_text("utf-8")
    said = "2 frames were not judged by flicker, hue."
    for outliers in ((), grown.outliers):
        changed = dataclasses.replace(grown, outliers=outliers, outliers_unjudged=said)
        assert said in build_report(changed, tmp_path / "some.html").read_text("utf-8")


def test_twenty_stills_with_scopes_and_outliers_stay_below_twenty_megabytes(
    grown: Any, tmp_path: Path
) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (1080, 1920, 3), np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.8)
    still = dataclasses.replace(
        grown.stills[0],
        source=noise,
        recovered=noise,
        reference=noise,
        scopes={name: noise[:256, :1544] for name in ("Waveform", "Vectorscope")},
    )
    outlier = dataclasses.replace(grown.outliers[0], picture=noise[:400, :600])
    data = dataclasses.replace(
        grown, stills=tuple(dataclasses.replace(still, frame=n) for n in range(20)), outliers=(outlier,) * 20
    )
    path = build_report(data, tmp_path / "report.html")
    assert path.stat().st_size < LARGEST
    assert path.read_text("utf-8").count("<img") == 20 * 5 + 20


@pytest.mark.slow
def test_chromium_prints_it(grown: Any, tmp_path: Path) -> None:
    path = build_report(grown, tmp_path / "report.html")
    program = browser()
    assert program, "Chromium is part of the tests' machine"
    made = print_pdf(path, program)
    assert made == tmp_path / "report.pdf"
    content = made.read_bytes()
    assert content.startswith(b"%PDF") and content.count(b"/Type /Page") >= 3


def test_a_browser_that_prints_nothing_is_named(grown: Any, tmp_path: Path) -> None:
    path = build_report(grown, tmp_path / "report.html")
    with pytest.raises(FilmRecoveryError, match="made no PDF") as caught:
        print_pdf(path, shutil.which("true") or "/bin/true")
    assert "open report.html" in caught.value.remedy
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_the_measures_render_in_chromium(browser: Any, grown: Any, tmp_path: Path, width: int) -> None:
    path = build_report(grown, tmp_path / "report.html")
    browser.open(path, width, touch=width == 390)
    browser.run("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    wide = browser.run(
        "[...document.querySelectorAll('main *:not(.unseen, .unseen *, .stacked thead *)')]"
        ".filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))"
    )
    assert wide == []
    boxes = json.loads(
        browser.run(
            "JSON.stringify([...document.querySelectorAll('#measures svg[role=img]')].map((svg) => "
            "[...svg.querySelectorAll('polyline, circle')].every((e) => { const a = e.getBoundingClientRect(), "
            "b = svg.getBoundingClientRect(); return a.left >= b.left - 1 && a.right <= b.right + 1 && "
            "a.top >= b.top - 1 && a.bottom <= b.bottom + 1; })))"
        )
    )
    assert boxes == [True, True], "every line lies inside its drawing"
    strokes = browser.run(
        "[...document.querySelectorAll('#measure-2 polyline')].map((e) => getComputedStyle(e).strokeDasharray)"
    )
    assert len(set(strokes)) == 2, "lines are told apart without colour"
    assert browser.complaints() == []
