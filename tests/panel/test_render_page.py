"""Stage 4 worked by mouse and keys: frames gone through, rendered and compared, outliers found and made pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project
from film_recovery.panel.contents import frames
from film_recovery.panel.contents import render as contents
from film_recovery.panel.qt import Qt, QtCore
from film_recovery.panel.widgets.forms import SignForm
from film_recovery.panel.widgets.frames_bar import FramesBar, Range
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_render import RenderWork

Show = Callable[..., Window]
Program = Callable[..., None]
Page = Callable[..., Any]
Idle = Callable[..., None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton
SPOIL = Path(__file__).with_name("spoil_frames.py")


def master(folder: Path, frame: int) -> Path:
    return frames.file_of(project.paths(project.load(folder)).render_pattern, frame)


def both_are_there(qtbot: Any, work: RenderWork) -> None:
    qtbot.waitUntil(lambda: all(image is not None for image in work.viewer.images), timeout=PATIENCE)


@pytest.mark.slow
def test_frames_are_gone_through_and_compared(show: Show, finished: Path, qtbot: Any, page: Page) -> None:
    master(finished, 3).unlink()
    panel = show(finished, 380, 900)
    work = page(panel, RenderWork)
    assert work.contents.missing == (3,) and "7 of 8" in work.state.text()
    assert (work.bar.state_of(3), work.bar.state_of(5)) == ("missing", "written")
    assert "signed by Ada" in work.short_state.text() and "7 of 8 rendered" in work.short_state.text()
    qtbot.mouseClick(work.bar, LEFT, pos=work.bar.place_of(5))
    assert work.bar.current == 5 and "Frame 5" in work.said.text()
    both_are_there(qtbot, work)
    source, recovered = work.viewer.images
    assert source != recovered and source is not None and recovered is not None
    # As an archive's colours shown, not as they are stored: as light as the Source is.
    middle = QtCore.QPoint(source.width() // 2, source.height() // 2)
    assert abs(source.pixelColor(middle).lightness() - recovered.pixelColor(middle).lightness()) < 60
    qtbot.keyClick(work.viewer, Qt.Key.Key_Left)
    assert work.viewer.wipe < 0.5
    qtbot.keyClick(work.bar, Qt.Key.Key_Home)
    qtbot.keyClick(work.bar, Qt.Key.Key_Right)
    qtbot.keyClick(work.bar, Qt.Key.Key_Right)
    assert work.bar.current == 3 and "missing" in work.said.text()
    qtbot.waitUntil(lambda: work.viewer._shown[1] is None, timeout=PATIENCE)
    qtbot.keyClick(work.bar, Qt.Key.Key_End)
    assert work.bar.current == 8


@pytest.mark.slow
def test_what_is_missing_is_rendered_and_shown_as_it_comes(
    show: Show, finished: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    master(finished, 3).unlink()
    panel = show(finished, 1280, 800)
    work = page(panel, RenderWork)
    kept = master(finished, 5).stat().st_mtime_ns
    seen: list[int | None] = []
    panel.session.progressed.connect(lambda event: seen.append(work.bar.at))
    work.workers.setFocus()
    qtbot.keyClick(work.workers, Qt.Key.Key_Up)
    count = work.workers.value()
    qtbot.mouseClick(work.all, LEFT)
    assert not work.all.isEnabled() and "run is at work" in work.all.toolTip()
    qtbot.waitUntil(lambda: not work.contents.missing, timeout=PATIENCE)
    idle(panel)
    (job,) = jobs.everyone(finished)
    assert (job.state, job.by) == ("done", "Ada")
    assert f"infer --workers {count} --project {finished} --by Ada" in " ".join(job.arguments)
    assert master(finished, 3).is_file() and master(finished, 5).stat().st_mtime_ns == kept
    assert [frame for frame in seen if frame is not None] and work.bar.at is None
    assert work.bar.state_of(3) == "written"


@pytest.mark.slow
def test_the_short_range_is_rendered_then_signed(
    show: Show, finished: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    for frame in range(1, 9):
        master(finished, frame).unlink()
    panel = show(finished, 380, 900)
    work = page(panel, RenderWork)
    assert not work.sign.isEnabled() and "first" in work.sign.toolTip()
    qtbot.mouseClick(work.short, LEFT)
    qtbot.waitUntil(lambda: not work.contents.missing, timeout=PATIENCE)
    idle(panel)
    assert ledger.read(finished).of_kind("short range")[-1].by == "Ada"
    qtbot.waitUntil(work.sign.isEnabled, timeout=PATIENCE)
    qtbot.mouseClick(work.sign, LEFT)
    row = panel.page.rows[contents.CHECK]
    assert isinstance(row.form, SignForm) and row.isVisible()


@pytest.mark.slow
def test_outliers_are_looked_for_and_become_pairs(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page, idle: Idle
) -> None:
    program(SPOIL, finished, 4, 6)
    panel = show(finished, 380, 900)
    work = page(panel, RenderWork)
    assert not work.list.isVisible() and not work.add.isEnabled()
    qtbot.mouseClick(work.look, LEFT)
    qtbot.waitUntil(lambda: bool(work.contents.outliers), timeout=PATIENCE)
    idle(panel)
    found = work.contents.outliers
    assert {one.frame for one in found} == {4, 6}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert "next" in work.lever.text() and "more pairs" in work.lever.text()
    work.list.setFocus()
    qtbot.keyClick(work.list, Qt.Key.Key_End)
    qtbot.keyClick(work.list, Qt.Key.Key_Home)
    worst = found[0]
    qtbot.waitUntil(lambda: work.bar.current == worst.frame, timeout=PATIENCE)
    assert worst.reason in work.reason.text()
    wanted = work.picture._shown[0]
    assert wanted is not None and wanted.file == str(worst.picture)
    qtbot.waitUntil(lambda: work.picture.images[0] is not None, timeout=PATIENCE)
    # Ctrl chooses one more, and the ones before stay chosen.
    rows = [work.list.visualItemRect(work.list.topLevelItem(at)).center() for at in (0, len(found) - 1)]
    qtbot.mouseClick(work.list.viewport(), LEFT, pos=rows[0])
    qtbot.mouseClick(work.list.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, rows[1])
    qtbot.wait(50)
    assert len(work.list.selectedItems()) == 2 and work.bar.current == found[-1].frame
    # Up and down on the bar go from one that stands out to the next.
    qtbot.keyClick(work.bar, Qt.Key.Key_Home)
    qtbot.keyClick(work.bar, Qt.Key.Key_Down)
    assert work.bar.current == 4 and work.list.frames == (4,)
    assert not work.add.isEnabled() and "hold-out" in work.add.toolTip()
    qtbot.keyClick(work.bar, Qt.Key.Key_Down)
    assert work.bar.current == 6 and work.add.isEnabled()
    qtbot.keyClick(work.list, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: any(pair.source == 6 for pair in work.contents.project.pairs), timeout=PATIENCE)
    idle(panel)
    pair = next(pair for pair in project.load(finished).pairs if pair.source == 6)
    assert pair.reason.startswith("outlier: ")
    assert "Added as pair: 6" in work.answer.text()
    qtbot.waitUntil(lambda: 6 in work.contents.look.added, timeout=PATIENCE)
    assert "already" in work.add.toolTip()


@pytest.mark.slow
def test_what_the_engine_refuses_is_said_beside_the_list(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page
) -> None:
    program(SPOIL, finished, 6)
    program("-m", "film_recovery.cli.main", "outliers", finished)
    program("-m", "film_recovery.cli.main", "pairs", "holdout", "7", "--project", finished)
    panel = show(finished, 1280, 800)
    work = page(panel, RenderWork)
    before = [pair.source for pair in project.load(finished).pairs]
    work.bar.setFocus()
    qtbot.keyClick(work.bar, Qt.Key.Key_Down)
    assert work.bar.current == 6
    qtbot.mouseClick(work.add, LEFT)
    qtbot.waitUntil(work.answer.isVisible, timeout=PATIENCE)
    assert "No pair was added" in work.answer.text() and "beside the hold-out 7" in work.answer.text()
    assert [pair.source for pair in project.load(finished).pairs] == before


def test_an_outlier_of_another_program_has_a_place_in_words(finished: Path) -> None:
    row = {"frame": 5, "kind": "flicker", "figure": 0.02, "usual": 0.001, "score": 4, "where": "top left"}
    file = project.paths(project.load(finished)).validation / contents.OUTLIERS
    file.write_text(json.dumps({"outliers": [{**row, "picture": "../../secret.png"}]}), encoding="utf-8")
    (one,) = contents.read(finished).outliers or ()
    assert (one.frame, one.where) == (5, None)
    assert one.picture == file.parent / "outliers" / "secret.png", "no picture from elsewhere"


def test_frames_that_were_not_judged_are_said(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page
) -> None:
    program("-m", "film_recovery.cli.main", "outliers", finished)
    file = project.paths(project.load(finished)).validation / contents.OUTLIERS
    rows = [{"frame": frame, "kinds": ["flicker", "hue"], "why": "it is unlike"} for frame in (5, 6)]
    looked = {**json.loads(file.read_text("utf-8")), "untold": rows}
    file.write_text(json.dumps(looked), encoding="utf-8")
    work = page(show(finished, 1280, 800), RenderWork)
    said = "2 frames were not judged by flicker, hue."
    qtbot.waitUntil(lambda: work.look_said.text().endswith(f"in the last look. {said}"), timeout=PATIENCE)


def test_one_frame_of_ten_thousand_that_is_missing_is_seen(show: Show, tmp_path: Path, qtbot: Any) -> None:
    pattern = tmp_path / "shot_v001.####.exr"
    for frame in range(1001, 11_001):
        if frame != 6000:
            frames.file_of(pattern, frame).touch()
    (tmp_path / "other.1001.exr").touch()
    (tmp_path / "shot_v001.1001.exr.part").touch()
    there = frames.written(pattern)
    assert len(there) == 9_999 and 6000 not in there and there[-1] == 11_000
    bar = FramesBar("Frames")
    qtbot.addWidget(bar)
    bar.resize(600, bar.height())
    bar.show()
    whole = tuple(range(1001, 11_001))
    pictures = []
    for written in (whole, there):
        bar.show_range(Range(whole, written, {}))
        pictures.append(bar.grab().toImage())
    x = bar.place_of(6000).x()
    differs = [
        column
        for column in range(600)
        if any(
            pictures[0].pixel(column, y) != pictures[1].pixel(column, y) for y in range(pictures[0].height())
        )
    ]
    assert differs and all(abs(column - x) <= 1 for column in differs)
    assert (bar.state_of(6000), bar.state_of(5999), bar.state_of(1)) == ("missing", "written", "")
