"""Stage 5 worked by mouse and keys: sides compared, figures read, measured anew, signed off and delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project
from film_recovery.panel.contents import validation as contents
from film_recovery.panel.qt import Qt, QtCore, QtGui
from film_recovery.panel.widgets.figure_tables import CriteriaTable
from film_recovery.panel.widgets.forms import SignForm
from film_recovery.panel.widgets.window import Window
from film_recovery.panel.widgets.work_validation import ValidationWork

Show = Callable[..., Window]
Program = Callable[..., None]
Page = Callable[..., Any]
Idle = Callable[..., None]
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton
SPOIL = Path(__file__).with_name("spoil_frames.py")
CLI = ("-m", "film_recovery.cli.main")


def press(qtbot: Any, button: Any) -> None:
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, LEFT)


def rows(table: CriteriaTable) -> dict[str, list[list[str]]]:
    """Title → texts of its own row and of those below it."""
    found = {}
    for number in range(table.topLevelItemCount()):
        top = table.topLevelItem(number)
        items = [top, *(top.child(one) for one in range(top.childCount()))]
        found[top.text(0)] = [[item.text(column) for column in range(4)] for item in items]
    return found


def pictures(qtbot: Any, work: ValidationWork) -> list[QtGui.QImage]:
    """Both of the viewer, when they are there."""
    qtbot.waitUntil(lambda: all(image is not None for image in work.viewer.images), timeout=PATIENCE)
    return [image for image in work.viewer.images if image is not None]


@pytest.mark.slow
def test_sides_are_compared_and_figures_lead_to_their_frames(
    show: Show, finished: Path, qtbot: Any, page: Page
) -> None:
    panel = show(finished, 380, 900)
    work = page(panel, ValidationWork)
    source, recovered = pictures(qtbot, work)
    assert source != recovered
    work.sides.setFocus()
    qtbot.keyClick(work.sides, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: pictures(qtbot, work)[1] != recovered, timeout=PATIENCE)
    assert pictures(qtbot, work)[0] == source and work.viewer._names == ("Source", "Reference")
    qtbot.keyClick(work.sides, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: pictures(qtbot, work)[1] == recovered, timeout=PATIENCE)
    # A click on a plot goes to its frame; the bar's keys go on from there.
    plot = work.charts["Detail, × the Source’s"]
    area = plot._area()
    assert [series.name for series in plot._series] == ["Recovered", "× the Truth’s"]
    qtbot.mouseClick(plot, LEFT, pos=QtCore.QPoint(int(area.left() + area.width() * 6 / 7), 40))
    assert work.bar.current == 7 and "Frame 7" in work.said.text() and plot._marks == (7.0,)
    qtbot.keyClick(work.bar, Qt.Key.Key_Up)
    assert work.bar.current in {4, *(one.frame for one in criteria(work))}
    qtbot.keyClick(work.bar, Qt.Key.Key_Home)
    assert work.bar.current == 1


def criteria(work: ValidationWork) -> tuple[contents.Criterion, ...]:
    checklist = work.session.checklist
    assert checklist is not None
    return contents.criteria(checklist.of_stage(5), work.contents.accepted)


@pytest.mark.slow
def test_criteria_and_baselines_stand_in_tables(show: Show, finished: Path, qtbot: Any, page: Page) -> None:
    panel = show(finished, 1280, 800)
    work = page(panel, ValidationWork)
    qtbot.waitUntil(lambda: work.criteria.topLevelItemCount() > 0, timeout=PATIENCE)
    item = panel.session.checklist.item("validation.sharper")
    shown = rows(work.criteria)
    assert shown["More detail than the Source"][1][:3] == ["detail", f"{item.value['detail']:.4g}", "≥ 1.02"]
    assert shown["Grain matches"][0][2] == "0.70–1.43"
    identity = panel.session.checklist.item("validation.identity")
    assert shown["Locked channels unchanged in the written frames"][0][1:3] == [
        f"{identity.value:.4g}",
        "≤ 0.002",
    ]
    assert work.criteria.isColumnHidden(3) and "No earlier iteration" in work.accepted.text()
    # The one that stands for baselines is the engine's own verdict.
    said = panel.session.checklist.item("validation.baselines")
    better = {column for column, names in (said.value or {}).items() if names}
    found = work.contents
    assert {one for one in found.columns for name in found.figures if found.beats(name, one)} == better
    assert found.columns[0] == "Source" and found.columns[-1] == found.recovered
    assert work.baselines.topLevelItemCount() == len(found.columns) >= 5
    # A row leads to where it is worst, and says why.
    place = next(number for number, one in enumerate(criteria(work)) if one.id == "validation.no_flicker")
    top = work.criteria.topLevelItem(place)
    qtbot.mouseClick(work.criteria.viewport(), LEFT, pos=work.criteria.visualItemRect(top).center())
    flicker = panel.session.checklist.item("validation.no_flicker")
    assert work.bar.current == flicker.show["frame"] and flicker.reason in work.reason.text().replace(
        "\u200b", ""
    )


@pytest.mark.slow
def test_the_last_accepted_iteration_stands_beside(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page
) -> None:
    program(*CLI, "sign", "validation.compared", "--by", "Grace", "--project", finished)
    first = ledger.read(finished).of_kind("stage")[-1]
    assert first.data["stage"] == 5
    # What a run of another model leaves: the newest iteration, which is held against the accepted one.
    ledger.append(finished, "stage", {**first.data, "model": "0" * 64, "masters": "other"}, "Ada")
    panel = show(finished, 1280, 800)
    work = page(panel, ValidationWork)
    assert work.contents.accepted is not None and work.contents.accepted.by == ("Grace",)
    assert "Grace" in work.accepted.text() and first.data["model"][:8] in work.accepted.text()
    assert not work.criteria.isColumnHidden(3)
    values = {one["id"]: one["value"] for one in first.data["checks"]}
    shown = rows(work.criteria)["More detail than the Source"]
    assert shown[1][3] == f"{values['validation.sharper']['detail']:.4g}"


@pytest.mark.slow
def test_it_is_measured_anew_and_what_fails_is_named(
    show: Show, finished: Path, program: Program, qtbot: Any, page: Page, idle: Idle
) -> None:
    (project.paths(project.load(finished)).validation / contents.MEASURES).unlink()
    panel = show(finished, 380, 900)
    work = page(panel, ValidationWork)
    assert not work.charts and not work.baselines.isVisible()
    press(qtbot, work.validate)
    assert not work.validate.isEnabled() and "run is at work" in work.validate.toolTip()
    qtbot.waitUntil(lambda: bool(work.charts), timeout=PATIENCE)
    idle(panel)
    assert work.contents.figures and not panel.problem.isVisible()
    assert ledger.read(finished).of_kind("stage")[-1].by == "Ada"
    # Chroma of a frame is another than the Source's: the recovery is none.
    program(SPOIL, finished, 6)
    press(qtbot, work.validate)
    qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
    idle(panel)
    said = panel.problem.message.text().replace("\u200b", "")
    assert "validation.identity" in said and "without a word" not in said
    states = {one.id: one.state for one in criteria(work)}
    assert states["validation.identity"] == "fail"


class Opened(QtCore.QObject):
    """Takes what would be opened by the desktop."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @QtCore.Slot(QtCore.QUrl)
    def take(self, url: QtCore.QUrl) -> None:
        self.urls.append(url.toLocalFile())


@pytest.mark.slow
def test_report_timeline_and_signature(
    show: Show, finished: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    panel = show(finished, 380, 900)
    work = page(panel, ValidationWork)
    opened = Opened()
    QtGui.QDesktopServices.setUrlHandler("file", opened, "take")
    try:
        work.report.setFocus()
        qtbot.keyClick(work.report, Qt.Key.Key_Space)
    finally:
        QtGui.QDesktopServices.unsetUrlHandler("file")
    assert opened.urls == [str(project.paths(project.load(finished)).report)]
    press(qtbot, work.timeline)
    qtbot.waitUntil(lambda: work.contents.timeline is not None, timeout=PATIENCE)
    idle(panel)
    (job,) = jobs.everyone(finished)
    assert (job.state, job.by) == ("done", "Ada") and "timeline.otio" in work.made.text()
    qtbot.waitUntil(work.sign.isEnabled, timeout=PATIENCE)
    press(qtbot, work.sign)
    row = panel.page.rows["validation.delivered"]  # all are signed: the last one again
    assert isinstance(row.form, SignForm) and row.isVisible()


@pytest.mark.slow
def test_movies_are_made_for_reviewers(
    show: Show, finished: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    panel = show(finished, 1280, 800)
    work = page(panel, ValidationWork)
    press(qtbot, work.movies)
    qtbot.waitUntil(lambda: bool(jobs.everyone(finished)), timeout=PATIENCE)
    idle(panel)
    (job,) = jobs.everyone(finished)
    assert job.arguments[:5] == ("proxies", "--project", str(finished), "--by", "Ada")
    if job.state == "done":
        qtbot.waitUntil(lambda: len(work.contents.movies) == 2, timeout=PATIENCE)
        assert all(name in work.made.text().replace("\u200b", "") for name in work.contents.movies)
    else:  # an engine without PyAV says what it lacks
        qtbot.waitUntil(panel.problem.isVisible, timeout=PATIENCE)
        assert "PyAV" in panel.problem.message.text()


@pytest.mark.slow
def test_it_is_delivered_into_a_new_folder(
    show: Show, finished: Path, program: Program, tmp_path: Path, qtbot: Any, page: Page, idle: Idle
) -> None:
    panel = show(finished, 380, 900)
    work = page(panel, ValidationWork)
    assert "Institution: not said" in work.origin.text() and "source type" in work.unsaid.text()
    bag = tmp_path / "bag"
    qtbot.keyClicks(work.folder, str(bag))
    assert not work.deliver.isEnabled() and "source type" in work.deliver.toolTip()
    # What the masters say is the operator's own choice, and in their headers.
    project.update(
        finished,
        {"delivery.restorationist": "Grace Hopper", "delivery.source_type": "algorithmicallyEnhanced"},
    )
    program(*CLI, "run", "--project", finished, "--by", "Ada")
    qtbot.waitUntil(lambda: "Grace Hopper" in work.origin.text(), timeout=PATIENCE)
    assert "algorithmicallyEnhanced" in work.origin.text()
    assert "the institution" in work.unsaid.text() and "source type" not in work.unsaid.text()
    work.folder.clear()
    assert not work.deliver.isEnabled() and "folder" in work.deliver.toolTip()
    qtbot.keyClicks(work.folder, "somewhere")
    assert not work.deliver.isEnabled() and "whole path" in work.deliver.toolTip()
    work.folder.clear()
    qtbot.keyClicks(work.folder, str(bag))
    qtbot.waitUntil(work.deliver.isEnabled, timeout=PATIENCE)
    qtbot.keyClick(work.folder, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: work.contents.delivered == str(bag), timeout=PATIENCE)
    idle(panel)
    assert (bag / "bagit.txt").is_file() and str(bag) in work.unsaid.text().replace("\u200b", "")
